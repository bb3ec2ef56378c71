"""How many weights a language model has: as configured, or as its files say."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from lib.cost import sizes

MINE: dict[str, Any] = {"kind": "path", "precision": "fp32"}


def test_a_folders_weights_are_counted_in_its_files(tmp_path: Path) -> None:
    """3 x 4 and 5 in one file, 7 in another: 24, whatever their type; another number in the configuration wins."""
    save_file(
        {"a": np.zeros((3, 4), np.float32), "b": np.zeros(5, np.float16)}, tmp_path / "model-1.safetensors", {"x": "y"}
    )
    save_file({"c": np.zeros((7, 1), np.float32)}, tmp_path / "model-2.safetensors")
    llm = {**MINE, "folder": str(tmp_path)}
    assert sizes.weights_of(llm) == 24
    assert sizes.weights_of({**llm, "parameters": 1e9}) == 1e9


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff" * 8, b"\x02" + bytes(7) + b"[]", b"\x02" + bytes(7) + b"{", b"\x08" + bytes(7) + b'{"a": 1}'],
)
def test_a_file_that_is_no_such_file_counts_nothing(tmp_path: Path, content: bytes) -> None:
    """Whoever loads it refuses it; an estimate does not."""
    (tmp_path / "model.safetensors").write_bytes(content)
    assert sizes.weights_of({**MINE, "folder": str(tmp_path)}) == 0
