"""Numbers of test rows behind a table: of the paper's sample, or of all rows that were drawn."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from softrec.io.records import read_record

Tested = Literal["paper", "all"]


class RowCounts(NamedTuple):
    """Numbers of test rows of a data set: of the paper's sample, and of all."""

    paper: int
    all: int


def read(paths: Sequence[Path], datasets: Sequence[str]) -> dict[str, RowCounts]:
    """Read the row counts by data set, from the metrics file of one run on each data set.

    Raises:
        SoftrecError: a file lacks the counts.
    """
    found = {}
    for path, dataset in zip(paths, datasets, strict=True):
        report = read_record(path)
        found[dataset] = RowCounts(report.whole("rows", least=1), report.whole("rows_all", least=1))
    return found


def format_row_counts(rows: Mapping[str, RowCounts], tested: Tested) -> str:
    """Return the line on test rows below a table; data sets are named where their counts differ.

    "Test rows: the paper's sample, 1,000 of 8,000; table2_all is computed on all of them, and tests SOFT's gains."
    """
    if all(row.paper == row.all for row in rows.values()):
        text = f"Test rows: all {by_dataset(rows, '{1:,}')} that were drawn"
        return f"{text}; table2_all has the same rows, and tests SOFT's gains." if tested == "paper" else f"{text}."
    if tested == "all":
        drawn = by_dataset(rows, "{1:,}")
        return f"Test rows: all that were drawn, {drawn}; table2 is computed on the paper's sample of them."
    sizes = by_dataset(rows, "{0:,} of {1:,}")
    return f"Test rows: the paper's sample, {sizes}; table2_all is computed on all of them, and tests SOFT's gains."


def by_dataset(rows: Mapping[str, RowCounts], form: str) -> str:
    """Format the row counts ({0}: paper's sample, {1}: all) with `form`; once if all data sets agree, else for each."""
    printed = {name: form.format(*row) for name, row in rows.items()}
    if len(set(printed.values())) == 1:
        return next(iter(printed.values()))
    return ", ".join(f"{text} ({name})" for name, text in printed.items())
