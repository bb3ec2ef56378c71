"""A base model's folder, held to account before and after a library reads it: what it says is meant, or is refused.

Libraries drop what they cannot read (`generation_config.json`), follow paths out of the folder, and take weights of
integers, or a tokeniser that draws tokens by chance, without a word.
"""

import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from softrec.io.weights import FLOATS, readable, require_finite, require_known_tokens
from softrec.llm.model_json import CONFIG, INDEX, POINTER, SAVE, fault, read_objects, require_content

ADAPTER = "adapter_config.json"
LAYER = re.compile(r"model\.layers\.(\d{1,9})\.")
MANY = 4  # times as many layers, or numbers, as are stored
ANOTHER = "consolidated"  # begins the names of files in which some publish the weights once more, in another form
WHOLE = "model.safetensors"
UNQUANTISED = "give the model in bf16, fp16 or fp32"
FINITE = "fetch the model again, or take one whose numbers are all finite"
MERGE = "remove the adapter's files, or merge it (merge_and_unload) and save the model again"
SAMPLE = "A title of 1984"  # letters, blanks and digits, which every tokeniser must be able to write


def require_readable(folder: Path) -> int:
    """How many numbers the folder's weights have, by their headers.

    Raises `SoftrecError` unless its files of JSON are objects, and its weights numbers in files of the folder that are
    all read, of all layers that config.json counts.
    """
    for path in sorted(folder.rglob("*")):
        if not (path.is_file() or path.is_dir()):
            raise fault(path, "is neither a file nor a folder", "remove it")
    if (adapter := folder / ADAPTER).exists():
        raise fault(adapter, "is an adapter's, which would be put on the model without a word", MERGE)
    found = read_objects(folder)
    if found.get(CONFIG, {}).get("quantization_config") is not None:
        raise fault(folder / CONFIG, "says that the weights are quantised (quantization_config)", UNQUANTISED)
    names = {file.name: require_floats(file) for file in sorted(folder.glob("*.safetensors"))}
    read = {WHOLE}
    if not (folder / WHOLE).exists() and INDEX in found:  # an index beside a whole file is not read
        require_places(folder / INDEX, found[INDEX], names)
        read = set(found[INDEX]["weight_map"].values())
    if unread := sorted(name for name in names.keys() - read if not name.startswith(ANOTHER)):
        what = f"holds {next(iter(names[unread[0]]), 'no weight')} and more, which no model would be built of"
        raise fault(folder / unread[0], what, "remove the file, or name it in the index")
    require_layers(folder / CONFIG, found.get(CONFIG, {}), [name for held in names.values() for name in held])
    return sum(sum(names[file].values()) for file in read & names.keys())


def require_size(config: Any, folder: Path, stored: int) -> None:
    """Raise `SoftrecError` if the model that a configuration describes has far more numbers than are stored.

    They would all be allocated before the first that is missing is named (`weights.require_whole`).
    """
    import torch
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        described = AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    count = sum(weight.numel() for weight in described.parameters())
    if count > MANY * stored > 0:
        raise fault(folder / CONFIG, f"describes a model of {count:,} numbers, and {stored:,} are stored")


def require_places(index: Path, said: Mapping[str, Any], names: Mapping[str, Mapping[str, int]]) -> None:
    """Raise `SoftrecError` unless an index places weights in files of its folder, each in the one that has it.

    Args:
        said: the index. names: of the weights in each file of the folder.
    """
    for key in ("weight_map", "metadata"):
        if not isinstance(said.get(key), dict):
            raise fault(index, f"has {said.get(key)!r:.60} as its {key}, not an object")
    places = said["weight_map"]
    if not places:
        raise fault(index, "places no weight")
    for weight, file in places.items():
        if not isinstance(file, str) or Path(file).name != file:
            raise fault(index, f"places {weight} in {file!r:.60}, which is no file of the folder")
        if not (index.parent / file).is_file():
            raise fault(index, f"places {weight} in {file}, which is not there")
        for other in sorted(set(places.values())):
            if weight in names.get(other, {}) and other != file:
                raise fault(index, f"places {weight} in {file}, and {other} holds it")


def require_layers(place: Path, config: Mapping[str, Any], names: Iterable[str]) -> None:
    """Raise `SoftrecError` if config.json counts far more layers than there are weights of: all would be built first.

    A few more are built, and the first weight that they lack is named (`weights.require_whole`).

    Args:
        names: of all weights; those of layers begin with `model.layers.` and a number.
    """
    count = config.get("num_hidden_layers")
    there = {int(found[1]) for name in names if (found := LAYER.match(name))}
    if there and isinstance(count, int) and count > MANY * len(there):
        raise fault(place, f"has num_hidden_layers {count}, and there are weights of {len(there)}")


def require_floats(file: Path) -> dict[str, int]:
    """The names of the weights in a safetensors file, and how many numbers each has; reads headers.

    Raises `SoftrecError` if one is of another type than floating point.
    """
    from safetensors import safe_open

    with file.open("rb") as stream:
        require_content(file, stream.read(len(POINTER)))
    with readable(file, "weights that safetensors can read", SAVE), safe_open(file, framework="pt") as weights:
        parts = {name: weights.get_slice(name) for name in weights.keys()}  # noqa: SIM118 (no mapping)
        for name, part in parts.items():
            if (kind := part.get_dtype()) not in FLOATS:
                raise fault(file, f"holds {name} in {kind}, which is no floating-point number", UNQUANTISED)
        return {name: math.prod(part.get_shape()) for name, part in parts.items()}


def require_usable(model: Any, tokenizer: Any, folder: Path) -> None:
    """Raise `SoftrecError` if a loaded model or tokeniser would fail, or give other numbers, much later."""
    config, place = model.config, folder / "config.json"
    for name, value in (
        ("max_position_embeddings", config.max_position_embeddings),
        ("sliding_window", window(config)),
    ):
        if value is not None and (type(value) is not int or value < 1):
            raise fault(place, f"has {name} {value!r}, not a whole number from 1 on")
    if config._attn_implementation != "sdpa":
        raise fault(place, f"calls for the attention {config._attn_implementation}; softrec runs sdpa alone")
    ends = model.generation_config.eos_token_id
    for end in ends if isinstance(ends, list) else [ends]:
        if end is not None and (type(end) is not int or not 0 <= end < config.vocab_size):
            raise fault(
                folder / "generation_config.json", f"has the eos_token_id {end!r}, no id below {config.vocab_size}"
            )
    if not isinstance(tokenizer.model_max_length, int | float):
        raise fault(folder / "tokenizer_config.json", f"has model_max_length {tokenizer.model_max_length!r}, no number")
    inner = getattr(getattr(tokenizer, "backend_tokenizer", None), "model", None)
    if dropout := getattr(inner, "dropout", None):
        raise fault(
            folder / "tokenizer.json",
            f"has dropout {dropout:.3g}: it cuts text into tokens by chance",
            "set dropout to null in it",
        )
    require_known_tokens(tokenizer, model, folder)
    require_text(tokenizer, folder / "tokenizer.json")
    weights = dict(model.named_parameters()) | dict(model.named_buffers())
    require_finite(weights, str(folder), FINITE)


def require_text(tokenizer: Any, place: Path) -> None:
    """Raise `SoftrecError` unless a tokeniser gives a text back: but for blanks about it, and small letters."""
    with readable(place, "tokeniser that can be used", SAVE):
        again = tokenizer.decode(tokenizer(SAMPLE, add_special_tokens=False)["input_ids"])
    if " ".join(again.split()).casefold() != SAMPLE.casefold():
        raise fault(place, f"makes {again!r:.60} of {SAMPLE!r}")
    vocabulary = tokenizer.get_vocab()
    if len(set(vocabulary.values())) < len(vocabulary):
        raise fault(place, "gives two tokens one number")


def window(config: Any) -> Any:
    """How many tokens back attention reaches, where a model's configuration limits that; else None."""
    return getattr(config, "sliding_window", None) if getattr(config, "use_sliding_window", True) else None
