"""What DLLM2Rec's teacher has named for a row: as many items for each, with a distance for every one."""

from pathlib import Path
from typing import Any

import pytest

from common.errors import SoftrecError
from softrec.io.tables import write_table
from softrec.llm_enhanced.teacher import read_teacher

TYPES = {"items": "list<int32>", "distance": "list<double>"}


@pytest.mark.parametrize(
    ("items", "distance", "said"),
    [
        ([[1, 2], [1]], [[0.1, 0.2], [0.1]], "have 1, 2 items"),
        ([[1, 2], [1, 2]], [[0.1, 0.2], [0.1]], "have 1, 2 items"),
        ([[], []], [[], []], "have 0 items"),
    ],
)
def test_ragged_lists_are_refused(tmp_path: Path, items: Any, distance: Any, said: str) -> None:
    """The first of these could not be stacked, the second would pair items with distances of others."""
    path = tmp_path / "nearest.parquet"
    write_table(path, {"items": items, "distance": distance}, TYPES)
    with pytest.raises(SoftrecError, match=said) as caught:
        read_teacher(path, path, path, path, path)
    assert str(path) in str(caught.value.remedy)
