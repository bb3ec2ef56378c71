"""Tables 1 and 2 as the paper prints them (config/published.csv)."""

from pathlib import Path

from softrec import csvfiles
from softrec.errors import SoftrecError

COLUMNS = ("table", "method", "backbone", "dataset", "metric", "value")


def read_published(path: Path, table: int) -> dict[tuple[str, str, str, str], float]:
    """(method, backbone, dataset, metric) -> value of one table; Gain and density are in percent.

    Raises:
        SoftrecError: a cell is given twice, or what `csvfiles` refuses.
    """
    found: dict[tuple[str, str, str, str], float] = {}
    first: dict[tuple[str, str, str, str], int] = {}
    for line, fields in csvfiles.read_csv(path, COLUMNS):
        if csvfiles.integer(fields, "table", path, line) == table:
            key = (fields["method"], fields["backbone"], fields["dataset"], fields["metric"])
            if key in first:
                cell = " ".join(part for part in key if part)
                raise SoftrecError(
                    f"table {table} has {cell} twice",
                    where=f"{path}, lines {first[key]} and {line}",
                    remedy="keep the line that is right",
                )
            first[key] = line
            found[key] = csvfiles.number(fields, "value", path, line)
    return found
