"""The line below a table: which test rows it is of."""

import json
from pathlib import Path

import pytest

from common.errors import SoftrecError
from softrec.results import row_counts
from softrec.results.row_counts import RowCounts

SAME = {"Game": RowCounts(1000, 8000), "Movie": RowCounts(1000, 8000)}
OTHER = {"Game": RowCounts(1000, 7993), "Movie": RowCounts(1000, 8000)}
ALONE = {"Game": RowCounts(1000, 1000), "Movie": RowCounts(1000, 1000)}


@pytest.mark.parametrize(
    ("rows", "tested", "text"),
    [
        (
            SAME,
            "paper",
            "the paper's sample, 1,000 of 8,000; table2_all is computed on all of them, and tests SOFT's gains.",
        ),
        (SAME, "all", "all that were drawn, 8,000; table2 is computed on the paper's sample of them."),
        (
            OTHER,
            "paper",
            "the paper's sample, 1,000 of 7,993 (Game), 1,000 of 8,000 (Movie); table2_all is computed on all of "
            "them, and tests SOFT's gains.",
        ),
        (
            OTHER,
            "all",
            "all that were drawn, 7,993 (Game), 8,000 (Movie); table2 is computed on the paper's sample of them.",
        ),
        (ALONE, "paper", "all 1,000 that were drawn; table2_all has the same rows, and tests SOFT's gains."),
        (ALONE, "all", "all 1,000 that were drawn."),
    ],
)
def test_the_sentence(rows: dict[str, RowCounts], tested: row_counts.Tested, text: str) -> None:
    """Data sets are named where their numbers differ; where the paper's sample is all there is, that is said."""
    assert row_counts.format_row_counts(rows, tested) == f"Test rows: {text}"


def test_numbers_come_from_the_metrics_of_one_run_on_each_data_set(tmp_path: Path) -> None:
    """A file without them is named."""
    paths = [tmp_path / "a.json", tmp_path / "b.json"]
    for path, rows in zip(paths, (7993, 8000), strict=True):
        path.write_text(json.dumps({"rows": 1000, "rows_all": rows}))
    assert row_counts.read(paths, ["Game", "Movie"]) == OTHER
    paths[1].write_text(json.dumps({"rows": 1000}))
    with pytest.raises(SoftrecError, match=r"b\.json has no key rows_all"):
        row_counts.read(paths, ["Game", "Movie"])
