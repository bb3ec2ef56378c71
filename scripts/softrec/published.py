"""Tables 1 and 2 as the paper prints them (config/published.csv)."""

from pathlib import Path

from softrec import csvfiles

COLUMNS = ("table", "method", "backbone", "dataset", "metric", "value")


def read_published(path: Path, table: int) -> dict[tuple[str, str, str, str], float]:
    """(method, backbone, dataset, metric) -> value of one table; Gain and density are in percent."""
    found = {}
    for line, fields in csvfiles.read_csv(path, COLUMNS):
        if csvfiles.integer(fields, "table", path, line) == table:
            key = (fields["method"], fields["backbone"], fields["dataset"], fields["metric"])
            found[key] = csvfiles.number(fields, "value", path, line)
    return found
