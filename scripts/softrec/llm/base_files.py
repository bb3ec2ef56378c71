"""Checks of a base model's folder, before and after transformers loads it.

Libraries silently ignore files that they cannot read (`generation_config.json`), follow paths out of the folder, and
accept integer weights or a tokeniser with random (dropout) segmentation. Here each of these is an error.
"""

import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from softrec.io.weights import FLOATS, readable, require_finite, require_known_tokens
from softrec.llm.architectures import caps_attention
from softrec.llm.model_json import CONFIG, INDEX, POINTER, SAVE, fault, read_objects, require_content

ADAPTER = "adapter_config.json"
LAYER = re.compile(r"model\.layers\.(\d{1,9})\.")
MANY = 4  # config.json may describe up to this many times the stored layers or parameters
ANOTHER = "consolidated"  # prefix of files in which some publishers repeat the weights in another format
WHOLE = "model.safetensors"
UNQUANTISED = "give the model in bf16, fp16 or fp32"
FINITE = "fetch the model again, or take one whose numbers are all finite"
MERGE = "remove the adapter's files, or merge it (merge_and_unload) and save the model again"
SAMPLE = "A title of 1984"  # letters, blanks and digits, which every tokeniser must encode and decode


def require_readable(folder: Path) -> int:
    """Check a folder before it is loaded; return its number of parameters by the headers of the weight files.

    Raises `SoftrecError` if it holds something other than files and folders, an adapter, or quantised weights; if a
    JSON file is not an object; or if weights are not floating-point, are in files that would not be read, or cover far
    fewer layers than config.json states.
    """
    for path in sorted(folder.rglob("*")):
        if not (path.is_file() or path.is_dir()):
            raise fault(path, "is neither a file nor a folder", "remove it")
    if (adapter := folder / ADAPTER).exists():
        raise fault(adapter, "belongs to an adapter, which transformers would silently load with the model", MERGE)
    found = read_objects(folder)
    if found.get(CONFIG, {}).get("quantization_config") is not None:
        raise fault(folder / CONFIG, "says that the weights are quantised (quantization_config)", UNQUANTISED)
    names = {file.name: require_floats(file) for file in sorted(folder.glob("*.safetensors"))}
    read = {WHOLE}
    if not (folder / WHOLE).exists() and INDEX in found:  # transformers ignores the index if there is a whole file
        require_places(folder / INDEX, found[INDEX], names)
        read = set(found[INDEX]["weight_map"].values())
    if unread := sorted(name for name in names.keys() - read if not name.startswith(ANOTHER)):
        what = f"holds {next(iter(names[unread[0]]), 'no weight')} and more, which would not be loaded"
        raise fault(folder / unread[0], what, "remove the file, or name it in the index")
    require_layers(folder / CONFIG, found.get(CONFIG, {}), [name for held in names.values() for name in held])
    return sum(sum(names[file].values()) for file in read & names.keys())


def require_size(config: Any, folder: Path, stored: int) -> None:
    """Raise `SoftrecError` if a configuration describes a model with far more parameters than are stored.

    All of them would be allocated before the first missing one is reported (`weights.require_all_weights`).
    """
    import torch
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        described = AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    count = sum(weight.numel() for weight in described.parameters())
    if count > MANY * stored > 0:
        raise fault(folder / CONFIG, f"describes a model of {count:,} parameters, but {stored:,} are stored")


def require_places(index: Path, said: Mapping[str, Any], names: Mapping[str, Mapping[str, int]]) -> None:
    """Raise `SoftrecError` unless an index maps each weight to the file of its folder that holds it.

    Args:
        index: path of the index.
        said: content of the index.
        names: names and sizes of the weights in each file of the folder.
    """
    for key in ("weight_map", "metadata"):
        if not isinstance(said.get(key), dict):
            raise fault(index, f"has {said.get(key)!r:.60} as its {key}, not an object")
    places = said["weight_map"]
    if not places:
        raise fault(index, "places no weight")
    for weight, file in places.items():
        if not isinstance(file, str) or Path(file).name != file:
            raise fault(index, f"places {weight} in {file!r:.60}, which is not a file name in the folder")
        if not (index.parent / file).is_file():
            raise fault(index, f"places {weight} in {file}, which does not exist")
        for other in sorted(set(places.values())):
            if weight in names.get(other, {}) and other != file:
                raise fault(index, f"places {weight} in {file}, but {other} holds it")


def require_layers(place: Path, config: Mapping[str, Any], names: Iterable[str]) -> None:
    """Raise `SoftrecError` if config.json states far more layers than have weights: all would be built first.

    With a few layers too many, the model is built and `weights.require_all_weights` reports the first missing weight.

    Args:
        place: path of config.json.
        config: content of config.json.
        names: names of all weights; those of layers begin with `model.layers.` and a number.
    """
    count = config.get("num_hidden_layers")
    there = {int(found[1]) for name in names if (found := LAYER.match(name))}
    if there and isinstance(count, int) and count > MANY * len(there):
        raise fault(place, f"has num_hidden_layers {count}, but there are weights of {len(there)} layers")


def require_floats(file: Path) -> dict[str, int]:
    """Return the weights' names and numbers of parameters in a safetensors file, by its header.

    Raises `SoftrecError` if a weight is not floating-point.
    """
    from safetensors import safe_open

    with file.open("rb") as stream:
        require_content(file, stream.read(len(POINTER)))
    with readable(file, "weights that safetensors can read", SAVE), safe_open(file, framework="pt") as weights:
        parts = {name: weights.get_slice(name) for name in weights.keys()}  # noqa: SIM118 (no mapping)
        for name, part in parts.items():
            if (kind := part.get_dtype()) not in FLOATS:
                raise fault(file, f"holds {name} in {kind}, which is not a floating-point type", UNQUANTISED)
        return {name: math.prod(part.get_shape()) for name, part in parts.items()}


def require_usable(model: Any, tokenizer: Any, folder: Path) -> None:
    """Raise `SoftrecError` if a loaded model or tokeniser would later fail or give wrong numbers."""
    config, place = model.config, folder / "config.json"
    for name, value in (
        ("max_position_embeddings", config.max_position_embeddings),
        ("sliding_window", window(config)),
    ):
        if value is not None and (type(value) is not int or value < 1):
            raise fault(place, f"has {name} {value!r}, not a positive integer")
    if config._attn_implementation != ("eager" if caps_attention(config) else "sdpa"):
        raise fault(place, f"requires the attention {config._attn_implementation}; softrec supports only sdpa")
    ends = model.generation_config.eos_token_id
    for end in ends if isinstance(ends, list) else [ends]:
        if end is not None and (type(end) is not int or not 0 <= end < config.vocab_size):
            raise fault(
                folder / "generation_config.json", f"has the eos_token_id {end!r}, not an id below {config.vocab_size}"
            )
    if not isinstance(tokenizer.model_max_length, int | float):
        raise fault(
            folder / "tokenizer_config.json", f"has model_max_length {tokenizer.model_max_length!r}, not a number"
        )
    inner = getattr(getattr(tokenizer, "backend_tokenizer", None), "model", None)
    if dropout := getattr(inner, "dropout", None):
        raise fault(
            folder / "tokenizer.json",
            f"has dropout {dropout:.3g}: it tokenises the same text differently each time",
            "set dropout to null in it",
        )
    require_known_tokens(tokenizer, model, folder)
    require_text(tokenizer, folder / "tokenizer.json")
    weights = dict(model.named_parameters()) | dict(model.named_buffers())
    require_finite(weights, str(folder), FINITE)


def require_text(tokenizer: Any, place: Path) -> None:
    """Raise `SoftrecError` unless a tokeniser decodes what it encodes (up to blanks and case), and ids are unique."""
    with readable(place, "tokeniser that can be used", SAVE):
        again = tokenizer.decode(tokenizer(SAMPLE, add_special_tokens=False)["input_ids"])
    if " ".join(again.split()).casefold() != SAMPLE.casefold():
        raise fault(place, f"encodes and decodes {SAMPLE!r} to {again!r:.60}")
    vocabulary = tokenizer.get_vocab()
    if len(set(vocabulary.values())) < len(vocabulary):
        raise fault(place, "gives two tokens the same id")


def window(config: Any) -> Any:
    """Return the size of the model's sliding attention window in tokens, or None if it has none."""
    return getattr(config, "sliding_window", None) if getattr(config, "use_sliding_window", True) else None
