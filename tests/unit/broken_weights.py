"""Files of weights, broken in some way, and how a model made of them is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from common.errors import SoftrecError
from softrec.llm.language_model import load


def rewrite(file: Path, change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> None:
    """Save other weights in a safetensors file."""
    save_file(change(load_file(file)), file, metadata={"format": "pt"})


def reconfigure(folder: Path, name: str = "config.json", **changes: object) -> None:
    """Change keys of a folder's JSON file."""
    path = folder / name
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def without(*names: str) -> Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]:
    """All weights but these."""
    return lambda weights: {name: value for name, value in weights.items() if name not in names}


def refused(folder: Path, sentence: str, adapter: Path | None = None, backbone: str = "bigrec") -> SoftrecError:
    """The error with which a model, or an adapter on top of it, is refused."""
    with pytest.raises(SoftrecError, match=sentence) as caught:
        load(folder, backbone, "fp32", adapter)
    assert str(adapter or folder) in caught.value.what
    assert caught.value.remedy
    return caught.value
