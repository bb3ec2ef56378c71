"""Sequences as right-padded arrays."""

from pathlib import Path

import numpy as np
import pytest

from common.errors import SoftrecError
from softrec.io import tables
from softrec.sequential.windows import pad, read_windows

TYPES = {"user": "int32", "history": "list<int32>", "target": "int32", "timestamp": "int64", "position": "int32"}


def write(path: Path, history: list[list[int]], target: list[int]) -> Path:
    """A file of sequences in the project's format."""
    rows = range(len(history))
    columns = {"user": [r + 1 for r in rows], "history": history, "target": target}
    tables.write_table(path, columns | {"timestamp": list(rows), "position": [len(h) for h in history]}, TYPES)
    return path


def test_padding_is_on_the_right_and_the_newest_items_stay() -> None:
    """Histories [1 2 3 4] and [5] in width 3: [2 3 4] loses its oldest item, [5 0 0] is padded."""
    item, length = pad(np.array([1, 2, 3, 4, 5]), np.array([0, 4]), np.array([4, 5]), 3)
    assert item.tolist() == [[2, 3, 4], [5, 0, 0]]
    assert length.tolist() == [3, 1]


def test_reading(tmp_path: Path) -> None:
    """Columns come back as they were written, histories padded to the width."""
    windows = read_windows(write(tmp_path / "rows", [[3, 1], [2]], [2, 3]), 3, 4)
    assert windows.item.tolist() == [[3, 1, 0, 0], [2, 0, 0, 0]]
    assert (windows.length.tolist(), windows.target.tolist()) == ([2, 1], [2, 3])
    assert (windows.user.tolist(), windows.position.tolist()) == ([1, 2], [2, 1])
    assert windows.take(np.array([1])).item.tolist() == [[2, 0, 0, 0]]


@pytest.mark.parametrize(
    ("history", "target"), [([[1], []], [2, 2]), ([[1], [0]], [2, 2]), ([[1], [4]], [2, 2]), ([[1], [1]], [2, 0])]
)
def test_rows_outside_the_catalogue_are_refused(tmp_path: Path, history: list[list[int]], target: list[int]) -> None:
    """An empty history, a padding item, an item beyond the catalogue of 3, a padding target: row 1 is named."""
    with pytest.raises(SoftrecError, match="row 1"):
        read_windows(write(tmp_path / "rows", history, target), 3, 4)


def test_no_rows_are_refused(tmp_path: Path) -> None:
    """An empty split cannot be trained or ranked on."""
    with pytest.raises(SoftrecError, match="no rows"):
        read_windows(write(tmp_path / "rows", [], []), 3, 4)
