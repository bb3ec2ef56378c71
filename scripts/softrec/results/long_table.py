"""Results in long form, from which every table is made: one row per method, backbone, data set, metric and seed."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from common.errors import SoftrecError
from softrec.io import csv_files


class LongRow(NamedTuple):
    """One measured value. `backbone` is empty for methods without one; `metric` is the paper's name, "H@5"."""

    method: str
    backbone: str
    dataset: str
    metric: str
    seed: int
    value: float


def write_long(path: Path, rows: Iterable[LongRow]) -> None:
    """Write long rows as csv; values keep every digit."""
    csv_files.write_text(path, csv_files.csv_text([LongRow._fields, *rows]))


def read_long(path: Path) -> list[LongRow]:
    """Read a file that `write_long` has written.

    Raises:
        SoftrecError: the header differs, a field is not a number, a value is not between 0 and 1, a cell is given
            twice, or there are no rows.
    """
    rows: dict[tuple[Any, ...], LongRow] = {}
    for line, fields in csv_files.read_csv(path, LongRow._fields):
        row = LongRow(
            method=fields["method"],
            backbone=fields["backbone"],
            dataset=fields["dataset"],
            metric=fields["metric"],
            seed=csv_files.integer(fields, "seed", path, line),
            value=csv_files.number(fields, "value", path, line, 0, 1),  # H@K and NG@K
        )
        if rows.setdefault(row[:5], row) is not row:
            raise SoftrecError(f"{row[:5]} is given twice", where=f"{path}, line {line}", remedy="keep one of the two")
    if not rows:
        raise SoftrecError(f"{path} has no results", remedy="run at least one method")
    return list(rows.values())
