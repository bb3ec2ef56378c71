"""A base model's folder, held to account before and after a library reads it: what it says is meant, or is refused.

Libraries drop what they cannot read (`generation_config.json`), follow paths out of the folder, and take weights of
integers, or a tokeniser that draws tokens by chance, without a word.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from softrec.errors import SoftrecError
from softrec.weights import require_finite

ADAPTER = "adapter_config.json"
LAYER = re.compile(r"model\.layers\.(\d{1,9})\.")
WHOLE, INDEX = "model.safetensors", "model.safetensors.index.json"
OBJECTS = ("config.json", "generation_config.json", "tokenizer_config.json", INDEX)  # files that hold an object, if any
FLOATS = ("F64", "F32", "F16", "BF16")
UNQUANTISED = "give the model in bf16, fp16 or fp32"
FINITE = "fetch the model again, or take one whose numbers are all finite"
MERGE = "remove the adapter's files, or merge it (merge_and_unload) and save the model again"
SAMPLE = "A title of 1984"  # letters, blanks and digits, which every tokeniser must be able to write
SAVE = "save model and tokeniser again by save_pretrained, or fetch them again"


def require_readable(folder: Path) -> None:
    """Raise `SoftrecError` unless the folder's files of JSON are objects, and its weights numbers within the folder,
    of all layers that config.json counts."""
    if (adapter := folder / ADAPTER).exists():
        raise fault(adapter, "is an adapter's, which would be put on the model without a word", MERGE)
    found = {name: read_object(folder / name) for name in OBJECTS if (folder / name).exists()}
    places = found.get(INDEX, {}).get("weight_map", {})
    if not isinstance(places, dict):
        raise fault(folder / INDEX, f"has {places!r:.60} as its weight_map, not an object")
    if (folder / WHOLE).exists():
        places = {}  # an index beside a whole file is not read
    for weight, file in places.items():
        if not isinstance(file, str) or Path(file).name != file:
            raise fault(folder / INDEX, f"places {weight} in {file!r}, which is no file of the folder")
        if not (folder / file).is_file():
            raise fault(folder / INDEX, f"places {weight} in {file}, which is not there")
    if found.get("config.json", {}).get("quantization_config") is not None:
        raise fault(folder / "config.json", "says that the weights are quantised (quantization_config)", UNQUANTISED)
    names = [name for file in sorted(folder.glob("*.safetensors")) for name in require_floats(file)]
    require_layers(folder / "config.json", found.get("config.json", {}), names)


def read_object(path: Path) -> dict[str, Any]:
    """The object in a file of JSON. Raises `SoftrecError` if there is none."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse_number, parse_float=finite)
    except UnicodeDecodeError as error:
        raise fault(path, f"is not UTF-8: {error.reason} at byte {error.start}") from None
    except RecursionError:
        raise fault(path, "nests values too deep") from None
    except ValueError as error:
        raise fault(path, f"is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise fault(path, f"holds {value!r:.60}, not an object")
    return value


def refuse_number(text: str) -> NoReturn:
    """JSON has no NaN and no infinity, although Python reads them."""
    raise ValueError(f"{text} is no finite number")


def finite(text: str) -> float:
    """A number of a JSON file. Raises `ValueError` if it is so large that it would be read as infinite."""
    value = float(text)
    return value if math.isfinite(value) else refuse_number(text)


def require_layers(place: Path, config: Mapping[str, Any], names: Iterable[str]) -> None:
    """Raise `SoftrecError` if config.json counts more layers than there are weights of: they would all be built first.

    Args:
        names: of all weights; those of layers begin with `model.layers.` and a number.
    """
    count = config.get("num_hidden_layers")
    there = {int(found[1]) for name in names if (found := LAYER.match(name))}
    if there and isinstance(count, int) and count > len(there):
        raise fault(place, f"has num_hidden_layers {count}, and there are weights of {len(there)}")


def require_floats(file: Path) -> list[str]:
    """The names of the weights in a safetensors file; reads headers.

    Raises `SoftrecError` if one is of another type than floating point.
    """
    from safetensors import safe_open

    with safe_open(file, framework="pt") as weights:
        names = list(weights.keys())
        for name in names:
            if (kind := weights.get_slice(name).get_dtype()) not in FLOATS:
                raise fault(file, f"holds {name} in {kind}, which is no floating-point number", UNQUANTISED)
    return names


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
    if getattr(inner, "dropout", None):
        raise fault(
            folder / "tokenizer.json",
            f"has dropout {inner.dropout:.3g}: it cuts text into tokens by chance",
            "set dropout to null in it",
        )
    if not tokenizer.decode(tokenizer(SAMPLE, add_special_tokens=False)["input_ids"]).strip():
        raise fault(folder / "tokenizer.json", f"makes no token of {SAMPLE!r}, or none that is text again")
    weights = dict(model.named_parameters()) | dict(model.named_buffers())
    require_finite(weights, str(folder), FINITE)


def window(config: Any) -> Any:
    """How many tokens back attention reaches, where a model's configuration limits that; else None."""
    return getattr(config, "sliding_window", None) if getattr(config, "use_sliding_window", True) else None


def fault(place: Path, what: str, remedy: str = SAVE) -> SoftrecError:
    """What is wrong with a file of a base model."""
    return SoftrecError(f"{place} {what}", where=str(place), remedy=remedy)
