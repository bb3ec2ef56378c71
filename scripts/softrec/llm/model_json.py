"""Checks of the JSON files in a base model's folder: objects without repeated keys, with values in valid ranges.

For many invalid values transformers raises errors such as `KeyError: 'nope'`, which name neither file nor key.
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from common import model_types
from common.errors import SoftrecError

CONFIG, INDEX = "config.json", "model.safetensors.index.json"
# Files that must hold an object if they exist.
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
# Integers in config.json with their smallest and largest plausible values.
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
    """Read the files of `OBJECTS` that exist. Raises `SoftrecError` if one is not an object or has invalid values."""
    found = {name: read_object(folder / name) for name in OBJECTS if (folder / name).exists()}
    require_config(folder / CONFIG, found.get(CONFIG, {}))
    tokens = found.get("added_tokens.json", {})
    for text, number in tokens.items():
        if not isinstance(number, int) or isinstance(number, bool):
            raise fault(folder / "added_tokens.json", f"gives {text!r:.60} the id {number!r:.60}, not an integer")
    return found


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON file. Raises `SoftrecError` if it is not an object or has a key twice."""
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
    """Raise `SoftrecError` if a file that begins with `start` is empty or a Git LFS pointer."""
    if start.startswith(POINTER):
        raise fault(path, "is a pointer of Git LFS, not the file itself", PULL)
    if not start:
        raise fault(path, "is empty")


def refuse_number(text: str) -> NoReturn:
    """Raise `ValueError` for NaN and infinity, which Python parses although JSON has neither."""
    raise ValueError(f"{text} is not a finite number")


def finite(text: str) -> float:
    """Parse a number of a JSON file. Raises `ValueError` if it is too large for a float."""
    value = float(text)
    return value if math.isfinite(value) else refuse_number(text)


def each_key_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object from pairs. Raises `ValueError` if a key occurs twice: JSON readers differ in which they use."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r:.60} is given twice")
    return found


def require_config(path: Path, config: Mapping[str, Any]) -> None:
    """Raise `SoftrecError` for the first invalid value of config.json; absent and null values are not checked.

    All other errors in a configuration are reported by transformers.
    """
    for key, (least, most) in BOUNDS.items():
        value = config.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most):
            raise fault(path, f"has {key} {value!r:.60}, not a whole number from {least} to {most:,}")
    for key in ("model_type", "dtype", "torch_dtype", "hidden_act"):
        if not isinstance(config.get(key), str | None):
            raise fault(path, f"has {key} {config[key]!r:.60}, not a text")
    if (what := model_types.problem(config) if config else None) and "auto_map" not in config:
        raise fault(path, what, model_types.REMEDY)
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
        raise fault(path, f"has pad_token_id {padding!r:.60}, but there are {rows} tokens", remedy)
    require_names(path, config)


def require_names(path: Path, config: Mapping[str, Any]) -> None:
    """Raise `SoftrecError` if config.json names an activation unknown to transformers or a dtype unknown to torch."""
    import torch
    from transformers.activations import ACT2FN

    if (name := config.get("hidden_act")) is not None and name not in ACT2FN:
        raise fault(path, f"has hidden_act {name!r:.60}, which transformers does not know")
    for key in ("dtype", "torch_dtype"):
        name = config.get(key)
        if name not in (None, "auto") and not isinstance(
            getattr(torch, name.removeprefix("torch."), None), torch.dtype
        ):
            raise fault(path, f"has {key} {name!r:.60}, which is not a dtype of torch")


def fault(path: Path, what: str, remedy: str = SAVE) -> SoftrecError:
    """Build the error for an invalid file; `what` is a predicate with the file as subject."""
    return SoftrecError(f"{path} {what}", where=str(path), remedy=remedy)
