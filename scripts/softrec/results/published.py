"""Tables 1 and 2 as printed in the paper (config/published.csv)."""

import math
from collections.abc import Mapping
from pathlib import Path

from common.errors import SoftrecError
from softrec.io import csv_files

COLUMNS = ("table", "method", "backbone", "dataset", "metric", "value")
GAIN = "Gain"
COUNTED, METRICS = ("users", "items", "interactions"), ("H@5", "H@20", "NG@5", "NG@20")


def read_published(path: Path, table: int) -> dict[tuple[str, str, str, str], float]:
    """Read one table as (method, backbone, dataset, metric) -> value; Gain and density are in percent.

    Raises:
        SoftrecError: the table has no line, a cell is given twice or is missing, a field has invisible characters, or
            `csv_files` refuses the file.
    """
    found: dict[tuple[str, str, str, str], float] = {}
    first: dict[tuple[str, str, str, str], int] = {}
    for line, fields in csv_files.read_csv(path, COLUMNS):
        require_plain(fields, path, line)
        if csv_files.integer(fields, "table", path, line) == table:
            key = (fields["method"], fields["backbone"], fields["dataset"], fields["metric"])
            if key in first:
                cell = " ".join(part for part in key if part)
                raise SoftrecError(
                    f"table {table} has {cell} twice",
                    where=f"{path}, lines {first[key]} and {line}",
                    remedy="keep the line that is right",
                )
            first[key] = line
            found[key] = csv_files.number(fields, "value", path, line, *bounds(key))
    if not found:
        raise SoftrecError(f"{path} has no line of table {table}", where=str(path), remedy="give a whole file")
    require_complete(found, table, path)
    return found


def require_plain(fields: Mapping[str, str], path: Path, line: int) -> None:
    """Raise `SoftrecError` for surrounding blanks or invisible characters: such a name would match no name of ours."""
    for name, field in fields.items():
        if field != field.strip() or not field.isprintable():
            raise SoftrecError(
                f"{name} is {field!r:.80}, with surrounding blanks or invisible characters",
                where=f"{path}, line {line}",
                remedy="write it with plain blanks, and only between words",
            )


def bounds(key: tuple[str, str, str, str]) -> tuple[float, float]:
    """Return the range of a printed value: a count, a density in percent, a Gain in percent, or a metric."""
    method, _, _, metric = key
    if metric in COUNTED:
        return 1, math.inf
    if metric == "density":
        return 0, 100
    return (-100, math.inf) if method == GAIN else (0, 1)


def require_complete(found: Mapping[tuple[str, str, str, str], float], table: int, path: Path) -> None:
    """Raise `SoftrecError` unless all rows of a table have the same data sets, each with all metrics of the table."""
    metrics = METRICS if table == 2 else (*COUNTED, "density")
    rows: dict[tuple[str, str, str], set[str]] = {}
    for method, backbone, dataset, metric in found:
        rows.setdefault((method, backbone, dataset), set()).add(metric)
    for row, held in rows.items():
        if wrong := [name for name in metrics if name not in held] or sorted(held - set(metrics)):
            place = " ".join(part for part in row if part)
            said = "has a metric" if wrong[0] in held else "lacks"
            raise SoftrecError(
                f"table {table} {said} {wrong[0]} of {place}",
                where=f"{path}; the metrics of table {table} are {', '.join(metrics)}",
                remedy="correct its line, or add it",
            )
    printed = {dataset for _, _, dataset in rows}
    for method, backbone in dict.fromkeys(row[:2] for row in rows):
        if gone := sorted(printed - {row[2] for row in rows if row[:2] == (method, backbone)}):
            raise SoftrecError(
                f"table {table} lacks {f'{method} {backbone}'.strip() or 'the counts'} of {gone[0]}",
                where=f"{path}; other rows of table {table} are of {', '.join(sorted(printed))}",
                remedy="add its lines",
            )
