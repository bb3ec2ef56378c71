"""The JSON files of a base model's folder: objects, each key once, with values that a model can be built by.

transformers raises `KeyError: 'nope'` and the like about many a value, which names neither file nor key.
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from common.errors import SoftrecError

CONFIG, INDEX = "config.json", "model.safetensors.index.json"
# Files that hold an object, if they are there.
OBJECTS = (
    CONFIG,
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    INDEX,
)
POINTER = b"version https://git-lfs.github.com/spec/"
SAVE = "save model and tokeniser again by save_pretrained, or fetch them again"
PULL = "fetch what it stands for: `git lfs pull` in the folder's repository"
# Whole numbers of config.json, with the least and the most of any model.
BOUNDS = {
    "vocab_size": (2, 10**7),
    "hidden_size": (1, 10**6),
    "intermediate_size": (1, 10**6),
    "num_hidden_layers": (1, 10**3),
    "num_attention_heads": (1, 10**4),
    "num_key_value_heads": (1, 10**4),
    "head_dim": (1, 10**5),
    "max_position_embeddings": (16, 10**9),
    "num_labels": (0, 10**4),
    "num_experts": (0, 10**4),
    "num_local_experts": (0, 10**4),
    "n_routed_experts": (0, 10**4),
}


def read_objects(folder: Path) -> dict[str, dict[str, Any]]:
    """The object in each of the folder's files of `OBJECTS`. Raises `SoftrecError` if one holds none."""
    found = {name: read_object(folder / name) for name in OBJECTS if (folder / name).exists()}
    require_config(folder / CONFIG, found.get(CONFIG, {}))
    tokens = found.get("added_tokens.json", {})
    for text, number in tokens.items():
        if not isinstance(number, int) or isinstance(number, bool):
            raise fault(folder / "added_tokens.json", f"gives {text!r:.60} the number {number!r:.60}")
    return found


def read_object(path: Path) -> dict[str, Any]:
    """The object in a file of JSON. Raises `SoftrecError` if there is none, or a key is given twice in it."""
    raw = path.read_bytes()
    require_content(path, raw[: len(POINTER)])
    try:
        value = json.loads(
            raw.decode(), parse_constant=refuse_number, parse_float=finite, object_pairs_hook=each_key_once
        )
    except UnicodeDecodeError as error:
        raise fault(path, f"is not UTF-8: {error.reason} at byte {error.start}") from None
    except RecursionError:
        raise fault(path, "nests values too deep") from None
    except ValueError as error:
        raise fault(path, f"is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise fault(path, f"holds {value!r:.60}, not an object")
    return value


def require_content(path: Path, start: bytes) -> None:
    """Raise `SoftrecError` if a file that begins with `start` is empty, or stands for one that git has not fetched."""
    if start.startswith(POINTER):
        raise fault(path, "is a pointer of Git LFS, not the file itself", PULL)
    if not start:
        raise fault(path, "is empty")


def refuse_number(text: str) -> NoReturn:
    """JSON has no NaN and no infinity, although Python reads them."""
    raise ValueError(f"{text} is no finite number")


def finite(text: str) -> float:
    """A number of a JSON file. Raises `ValueError` if it is so large that it would be read as infinite."""
    value = float(text)
    return value if math.isfinite(value) else refuse_number(text)


def each_key_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON. Raises `ValueError` if it has a key twice: readers do not agree about which counts."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r:.60} is given twice")
    return found


def require_config(path: Path, config: Mapping[str, Any]) -> None:
    """Raise `SoftrecError` for the first value of config.json that no model can be built by; absent and null are none.

    What else transformers has against a configuration it says itself.
    """
    for key, (least, most) in BOUNDS.items():
        value = config.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most):
            raise fault(path, f"has {key} {value!r:.60}, not a whole number from {least} to {most:,}")
    for key in ("model_type", "dtype", "torch_dtype", "hidden_act"):
        if not isinstance(config.get(key), str | None):
            raise fault(path, f"has {key} {config[key]!r:.60}, not a text")
    if "auto_map" in config:
        remedy = "use a model of an architecture that transformers has, with no auto_map in its configuration"
        raise fault(path, "asks for code of its own (auto_map), which is never run", remedy)
    if "transformers_weights" in config:
        raise fault(
            path, "names another file of weights (transformers_weights)", "remove the key, or save the model again"
        )
    rows, padding = config.get("vocab_size"), config.get("pad_token_id")
    if padding is not None and rows is not None and (not isinstance(padding, int) or not -rows <= padding < rows):
        remedy = "set it to null, or to a token that the model has"
        raise fault(path, f"has pad_token_id {padding!r:.60}, and there are {rows} tokens", remedy)
    require_names(path, config)


def require_names(path: Path, config: Mapping[str, Any]) -> None:
    """Raise `SoftrecError` if config.json names an activation that transformers has not, or a type torch has not."""
    import torch
    from transformers.activations import ACT2FN

    if (name := config.get("hidden_act")) is not None and name not in ACT2FN:
        raise fault(path, f"has hidden_act {name!r:.60}, which transformers does not know")
    for key in ("dtype", "torch_dtype"):
        name = config.get(key)
        if name not in (None, "auto") and not isinstance(
            getattr(torch, name.removeprefix("torch."), None), torch.dtype
        ):
            raise fault(path, f"has {key} {name!r:.60}, which is no type of torch")


def fault(path: Path, what: str, remedy: str = SAVE) -> SoftrecError:
    """The sentence for a file that cannot be what it should be."""
    return SoftrecError(f"{path} {what}", where=str(path), remedy=remedy)
