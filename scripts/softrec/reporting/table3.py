"""Table 3: SOFT minus each row that bounds what a language model adds, and minus each control, with interval and p."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from common.errors import SoftrecError
from softrec.io import csv_files
from softrec.reporting.grouped_table import Cell, Group, Row, Section, Table
from softrec.reporting.markdown import count, table
from softrec.reporting.means import OURS
from softrec.stats.table_rows import SIGNIFICANT, Comparison, IntervalRow

MARK = "†"


@dataclass(frozen=True)
class FurtherRow:
    """A row that SOFT is compared with: a bound, without a backbone, or a control.

    `meaning` says what a difference of SOFT to this row would mean.
    """

    method: str
    backbone: str
    family: Literal["bound", "control"]
    meaning: str


@dataclass(frozen=True)
class Table3Settings:
    """Settings of Table 3.

    Attributes:
        rows: the rows, in order.
        datasets: labels of the data sets, in order.
        metrics: the metrics of the CSV file, in order.
        printed: those of the other formats.
    """

    rows: list[FurtherRow]
    datasets: list[str]
    metrics: list[str]
    printed: list[str]


class Line(NamedTuple):
    """A line of table3.csv: SOFT with a backbone and another row at a metric, on all test rows of a data set."""

    dataset: str
    backbone: str
    other: str
    family: str
    metric: str
    soft: float
    value: float
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    rows: int
    users: int
    seeds: int

    def beyond_noise(self) -> bool:
        """Whether p after Holm's correction is below 0.05, the criterion of the marks in Table 2."""
        return self.p_holm < SIGNIFICANT


Key = tuple[str, str, str, str]


def lines(tests: Path, intervals: Path, settings: Table3Settings) -> list[Line]:
    """Read the comparisons and the values of the rows compared, in the order of data sets, rows, backbones, metrics.

    Raises:
        SoftrecError: a comparison of a configured row is missing, or `csv_files` refuses a file.
    """
    values: dict[Key, float] = {}
    for at, fields in csv_files.read_csv(intervals, IntervalRow._fields):
        key = fields["dataset"], fields["backbone"], fields["method"], fields["metric"]
        values[key] = csv_files.number(fields, "value", intervals, at, 0, 1)
    family = {(row.method, row.backbone): row.family for row in settings.rows}
    found = [
        read_line(fields, tests, at, values, family) for at, fields in csv_files.read_csv(tests, Comparison._fields)
    ]
    require_all(found, settings, tests)
    order = {row.method: number for number, row in reversed(list(enumerate(settings.rows)))}
    sets, metrics = settings.datasets.index, settings.metrics.index
    return sorted(found, key=lambda line: (sets(line.dataset), line.backbone, order[line.other], metrics(line.metric)))


def read_line(
    fields: dict[str, str], path: Path, at: int, values: Mapping[Key, float], family: Mapping[tuple[str, str], str]
) -> Line:
    """Parse one comparison, and look up the values of its two rows."""
    dataset, backbone, metric = fields["dataset"], fields["backbone"], fields["metric"]
    other = fields["other"], fields["other_backbone"]
    if other not in family:
        raise SoftrecError(
            f"{' '.join(filter(None, other))!r} is no row of Table 3",
            where=f"{path}, line {at}",
            remedy="let Snakemake test the configured rows again",
        )
    low, high, difference = (csv_files.number(fields, name, path, at, -1, 1) for name in ("low", "high", "difference"))
    p, p_holm = (csv_files.number(fields, name, path, at, 0, 1) for name in ("p", "p_holm"))
    sizes = (csv_files.integer(fields, name, path, at) for name in ("rows", "users", "seeds"))
    keys = (dataset, backbone, OURS, metric), (dataset, other[1], other[0], metric)
    if lacking := [" ".join(filter(None, key)) for key in keys if key not in values]:
        raise SoftrecError(
            f"the intervals lack {lacking[0]}",
            where=f"{path}, line {at}, and table3_intervals.csv beside it",
            remedy="let Snakemake measure the intervals of the configured rows again",
        )
    soft, value = (values[key] for key in keys)
    return Line(
        dataset, backbone, other[0], family[other], metric, soft, value, difference, low, high, p, p_holm, *sizes
    )


def require_all(found: Sequence[Line], settings: Table3Settings, path: Path) -> None:
    """Raise `SoftrecError` if a row has no comparison on some data set at some metric, once SOFT ran at all."""
    compared = {(line.dataset, line.other, line.metric) for line in found}
    for row in settings.rows if found else ():
        for dataset in settings.datasets:
            for metric in settings.metrics:
                if (dataset, row.method, metric) not in compared and any(
                    row.backbone in ("", line.backbone) for line in found
                ):
                    raise SoftrecError(
                        f"SOFT is not compared with {row.method} at {metric} on {dataset}",
                        where=str(path),
                        remedy="let Snakemake test the configured rows again",
                    )


def to_csv(found: Sequence[Line]) -> str:
    """Return every line as CSV."""
    return csv_files.csv_text([Line._fields, *found])


def to_markdown(found: Sequence[Line], settings: Table3Settings) -> str:
    """Return the printed metrics as Markdown, a sentence on what was found, and what each row is for."""
    head = ["Data set", "Comparison", "Metric", "SOFT", "Row", "Difference", "95 % interval", "p", "p (Holm)"]
    body = [
        [
            *(line.dataset, f"{line.backbone} SOFT minus {line.other}", line.metric),
            *(f"{line.soft:.4f}", f"{line.value:.4f}"),
            f"{line.difference:+.4f}{MARK if line.beyond_noise() else ''}",
            f"{line.low:+.4f} to {line.high:+.4f}",
            *(f"{line.p:.2g}", f"{line.p_holm:.2g}"),
        ]
        for line in found
        if line.metric in settings.printed
    ]
    metrics = f"Metrics here: {' and '.join(settings.printed)}; table3.csv has all {len(settings.metrics)}."
    return f"{table(head, body).strip()}\n\n{summary(found)} {metrics}\n\n{meanings(settings)}"


def summary(found: Sequence[Line]) -> str:
    """Return the sentences below the table: what a line is, how many are beyond noise, the family of the tests."""
    if not found:
        return "No comparison: SOFT did not run."
    beyond = [line for line in found if line.beyond_noise()]
    better, worse = sum(line.difference > 0 for line in beyond), sum(line.difference < 0 for line in beyond)
    seeds = (
        " One seed: intervals and p cover variation between users only."
        if {line.seeds for line in found} == {1}
        else ""
    )
    return (
        "A line is SOFT minus another row on the same test rows, all that were drawn; interval and p are from one t "
        f"test over users and training runs.{seeds} {MARK} marks p (Holm) below {SIGNIFICANT}: {len(beyond)} of "
        f"{count(len(found), 'difference')}, SOFT better in {better}, worse in {worse}. Holm's correction covers all "
        "lines of table3.csv; Table 2's tests are a family of their own."
    )


def meanings(settings: Table3Settings) -> str:
    """Return a list with the meaning of each row, once for all backbones."""
    said = dict.fromkeys((row.method, row.meaning) for row in settings.rows)
    rows = "".join(f"- **{method}**: {meaning}\n" for method, meaning in said)
    return (
        "What a marked difference above 0 would mean. A marked one below 0 means that the row is better than SOFT, "
        f"and one without a mark leaves both open:\n\n{rows}"
    )


def to_table(found: Sequence[Line], settings: Table3Settings) -> Table:
    """Return the first printed metric as a table: a line per row, and per data set a group of four columns.

    More metrics would not fit a page: with all bounds and controls, two backbones have 26 lines.
    """
    metric = settings.printed[0]
    at = {(line.dataset, line.backbone, line.other): line for line in found if line.metric == metric}
    groups = tuple(Group(f"{name}, {metric}", ("diff.", "low", "high", "p")) for name in settings.datasets)
    sections = []
    for backbone in dict.fromkeys(line.backbone for line in found):
        rows = [
            Row(method, tuple(cells(at[name, backbone, method]) for name in settings.datasets))
            for method in dict.fromkeys(line.other for line in found if line.backbone == backbone)
        ]
        sections.append(Section(backbone, tuple(rows)))
    return Table("Backbone", "SOFT minus", groups, tuple(sections))


def cells(line: Line) -> tuple[Cell, ...]:
    """Return difference, ends of the interval, and Holm's p of a line."""
    mark = MARK if line.beyond_noise() else ""
    ends = (Cell(f"{end:.4f}") for end in (line.low, line.high))
    return (Cell(f"{line.difference:.4f}", mark=mark), *ends, Cell(f"{line.p_holm:.2g}"))
