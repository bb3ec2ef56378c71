"""Estimates of a data set of the user's own, by the size of its file."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lib.cost import estimate
from lib.cost.sizes import Left, Sizes

Checked = Callable[[str], dict[str, Any]]


def left(rule: str) -> Left:
    """A job of the paper's run."""
    return Left(rule, "results/paper/benchmarks/game/job.tsv")


def own(config: dict[str, Any], file: Path) -> Sizes:
    """A job of the paper's run, on a data set of the user's own file."""
    source = {"kind": "files", "folder": str(file.parent), "ratings": file.name}
    config["datasets"]["game"] = {key: value for key, value in config["datasets"]["game"].items() if key != "expected"}
    config["datasets"]["game"]["source"] = source
    return Sizes(config, left("fit_sasrec"))


@pytest.mark.parametrize(("rows", "tolerance"), [(20_000, 0), (200_000, 0.05)])
@pytest.mark.parametrize("name", ["loans.csv", "loans.csv.gz"])
def test_an_own_data_set_is_at_most_its_file(
    checked: Checked, tmp_path: Path, name: str, rows: int, tolerance: float
) -> None:
    """The first MiB holds all 20,000 lines; 200,000 of 16 to 20 bytes, 3.9 MB, are estimated from it.

    Each line may be a window, and each item of the 10-core has ten of them. No more than `max_rows` are read.
    """
    lines = b"".join(b"u%d,i%d,160000%d\n" % (i % 977, i * i % 1009, i) for i in range(rows))
    (tmp_path / name).write_bytes(gzip.compress(lines, 1) if name.endswith("gz") else lines)
    sizes = own(checked("paper"), tmp_path / name)
    assert sizes.sequences == pytest.approx(rows, rel=tolerance)
    assert sizes.titles == pytest.approx(rows / 10, rel=tolerance, abs=1)
    config = checked("paper")
    config["filter"]["max_rows"] = 5000
    assert own(config, tmp_path / name).sequences == 5000


@pytest.mark.parametrize("content", ["user,item,at\n", "a,b,c\rd,e,f\r", '[{"a": 1}]'])
def test_an_own_data_set_of_next_to_nothing_has_an_estimate(checked: Checked, tmp_path: Path, content: str) -> None:
    """One line or none: the job that reads the file says what is wrong with it, not the estimate of the others."""
    (tmp_path / "loans").write_text(content)
    config = own(checked("paper"), tmp_path / "loans").config
    for rule in (*estimate.LLM_RULES, *estimate.FITS_ON_GPU, "fit_sasrec", "find_nearest_items", "retrieve_examples"):
        assert 0 < estimate.seconds(left(rule), config) < 1000, rule


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b"PAR1" + bytes(996), 1000),
        (None, 1_250_000),
        (b"\x1f\x8b cut", 1_250_000),
    ],
)
def test_an_own_data_set_is_large_where_its_file_does_not_say(
    checked: Checked, tmp_path: Path, content: bytes | None, rows: int
) -> None:
    """A byte for each row of Parquet; a file that is not there, and a damaged one, count as a million training rows."""
    if content is not None:
        (tmp_path / "loans").write_bytes(content)
    assert own(checked("paper"), tmp_path / "loans").sequences == rows
