"""Table 2 of the paper from results in long form: means over seeds, and the Gain of SOFT."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from math import fsum

from common.errors import SoftrecError
from softrec.reporting.grouped_table import Cell, Group, Row, Section, Table
from softrec.reporting.means import COMPETITORS, OURS, Means, Place, gain
from softrec.results.long_table import LongRow
from softrec.results.row_counts import Tested

GAIN = "Gain"
METRICS = ("H@5", "H@20", "NG@5", "NG@20")
MARK = "†"


@dataclass(frozen=True)
class RowName:
    """A row of the table: `backbone` is "" for a method without one."""

    method: str
    backbone: str


@dataclass(frozen=True)
class Table2Settings:
    """Settings of Table 2.

    Attributes:
        rows: all rows that may be shown, in order; rows without results are left out.
        datasets: labels of the data sets, in order.
        metrics: names of the metrics, in order ("H@5", "H@20", "NG@5", "NG@20" in the paper).
        taught: labels of the data sets on which DLLM2Rec ran.
        tested: the test rows of the results: the paper's sample or all.
    """

    rows: list[RowName]
    datasets: list[str]
    metrics: list[str]
    taught: list[str] = field(default_factory=list)
    tested: Tested = "paper"


def shape_of(rows: Iterable[LongRow]) -> Table2Settings:
    """Return settings that show everything in `rows`, in order of first appearance, at the paper's metrics."""
    rows = list(rows)
    names = dict.fromkeys((row.method, row.backbone) for row in rows)
    datasets = dict.fromkeys(row.dataset for row in rows)
    return Table2Settings([RowName(*name) for name in names], list(datasets), list(METRICS))


def check(means: Means, shape: Table2Settings) -> None:
    """Check that the table shows every measured method and data set, and that every metric has all its values.

    Raises:
        SoftrecError: naming the first method, data set or metric for which this fails.
    """
    rows = {(row.method, row.backbone) for row in shape.rows}
    for place in means:
        if (place.method, place.backbone) not in rows or place.dataset not in shape.datasets:
            name = f"{place.method} {place.backbone}".strip()
            raise SoftrecError(
                f"the table has no place for {name} on {place.dataset}",
                where="the long table",
                remedy="add the row to settings.rows and the data set to settings.datasets",
            )
    check_metrics(means, shape)


def check_metrics(means: Means, shape: Table2Settings) -> None:
    """Raise `SoftrecError` naming the first method and data set without a value at some metric of the table."""
    for metric in shape.metrics:
        without = next((p for p in means if p._replace(metric=metric) not in means), None)
        if without is not None:
            raise SoftrecError(
                f"{without.method} on {without.dataset} has no {metric}",
                where="the long table",
                remedy="add its cut-off to the configured cut-offs",
            )


def gains(means: Means, shape: Table2Settings) -> list[float]:
    """Return every defined Gain of the table, over backbones, data sets and metrics."""
    backbones = dict.fromkeys(row.backbone for row in shape.rows)
    found = (gain(means, b, d, m) for b in backbones for d in shape.datasets for m in shape.metrics)
    return [value for value in found if value is not None]


def mean_gain(means: Means, shape: Table2Settings) -> float | None:
    """Return the mean of all defined Gains in percent (37.59 for the paper's numbers); None if there are none."""
    values = gains(means, shape)
    return fsum(values) / len(values) if values else None


def table2(
    means: Means, shape: Table2Settings, beyond_noise: Collection[Place] = (), below: Means | None = None
) -> Table:
    """Build Table 2: one section per backbone, one group of columns per data set that has results.

    A Gain is marked if the place of its SOFT cell is in `beyond_noise`. The rows of `below` are a last section; they
    change no other cell, and none of theirs is marked as the best.

    Raises:
        SoftrecError: a measured value has no place in the table (`check`).
    """
    check(means, shape)
    check_metrics(below or {}, shape)
    shown = [dataset for dataset in shape.datasets if any(place.dataset == dataset for place in means)]
    groups = tuple(Group(dataset, tuple(shape.metrics)) for dataset in shown)
    ran = {(place.method, place.backbone) for place in means}
    sections = []
    for backbone in dict.fromkeys(row.backbone for row in shape.rows):
        methods = [row.method for row in shape.rows if row.backbone == backbone and (row.method, backbone) in ran]
        rows = [method_row(means, method, backbone, groups, best_of=means) for method in methods]
        if OURS in methods and any(method in methods for method in COMPETITORS):
            rows.append(gain_row(means, backbone, groups, beyond_noise))
        sections += [Section(backbone, tuple(rows))] if rows else []
    names = dict.fromkeys(place.method for place in below or {})
    last = [method_row(below or {}, method, "", groups, best_of={}) for method in names]
    sections += [Section("", tuple(last))] if last else []
    return Table("Backbone", "Method", groups, tuple(sections))


def method_row(means: Means, method: str, backbone: str, groups: tuple[Group, ...], best_of: Means) -> Row:
    """Return the row of one method; cells of data sets on which the method did not run are empty.

    The best cells of a column are those that print the highest mean of `best_of`.
    """

    def cell(dataset: str, metric: str) -> Cell:
        mean = means.get(Place(method, backbone, dataset, metric))
        if mean is None:
            return Cell()
        best = format_value(mean.value) == best_printed(best_of, dataset, metric)
        return Cell(format_value(mean.value), "" if mean.std is None else format_value(mean.std), best)

    return Row(method, tuple(tuple(cell(g.label, metric) for metric in g.columns) for g in groups))


def gain_row(means: Means, backbone: str, groups: tuple[Group, ...], beyond_noise: Collection[Place]) -> Row:
    """Return the row of Gains of SOFT with one backbone (+53.33%), marked where they are beyond noise."""

    def cell(dataset: str, metric: str) -> Cell:
        marked = Place(OURS, backbone, dataset, metric) in beyond_noise
        return Cell(format_percent(gain(means, backbone, dataset, metric)), mark=MARK if marked else "")

    return Row(GAIN, tuple(tuple(cell(g.label, metric) for metric in g.columns) for g in groups))


def format_value(value: float) -> str:
    """Format a metric with four decimals, as in the paper."""
    return f"{value:.4f}"


def format_percent(value: float | None) -> str:
    """Format a signed percentage with two decimals, as in the paper; "" for None."""
    return "" if value is None else f"{round(value, 2) + 0.0:+.2f}%"  # + 0.0 turns -0.0 into 0.0


def best_printed(means: Means, dataset: str, metric: str) -> str:
    """Return the highest mean of a column as printed, so that methods that print the same are both best.

    "" if it is 0, or if there are no means.
    """
    column = [mean.value for place, mean in means.items() if (place.dataset, place.metric) == (dataset, metric)]
    highest = max(column, default=0.0)
    return format_value(highest) if highest > 0 else ""


BELOW = (
    "The rows below the last line bound what a language model adds: they are neither marked as the best nor part of a "
    "Gain, and Table 3 compares SOFT with them."
)


def note(means: Means, shape: Table2Settings, marked: str, noise: str = "", below: Means | None = None) -> str:
    """Return the note below the table: number of seeds, how the best is marked, the meaning of Gain, then `noise`.

    Args:
        means: the cells.
        shape: the settings of the table.
        marked: how the best of each column is marked ("in bold").
        noise: sentence on the tests of the Gains, or "".
        below: the rows below those of the paper.
    """
    counts = sorted({mean.seeds for mean in means.values()})
    seeds = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    spread = (
        "One seed: no standard deviations, and no intervals over training runs."
        if counts == [1]
        else f"Mean ± standard deviation over {seeds} seeds."
    )
    text = f"{spread} The best of each column is {marked}."
    values, ran = gains(means, shape), {place.method for place in means}
    if values:
        rivals = " and ".join(method for method in COMPETITORS if method in ran)
        rivals = f"the better of {rivals}" if " and " in rivals else rivals
        cells = f"{len(values)} cell{'s' if len(values) > 1 else ''}"
        text += f" Gain: SOFT over {rivals}; its mean over {cells} is {format_percent(mean_gain(means, shape))}."
    return " ".join(filter(None, (text, noise, BELOW if below else "")))
