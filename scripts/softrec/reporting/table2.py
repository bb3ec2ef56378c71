"""Table 2 of the paper from results in long form: means over seeds, and the Gain of SOFT."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from math import fsum
from statistics import fmean, stdev
from typing import NamedTuple

from common.errors import SoftrecError
from softrec.reporting.grouped_table import Cell, Group, Row, Section, Table
from softrec.results.long_table import LongRow
from softrec.results.row_counts import Tested

OURS, COMPETITORS, GAIN = "SOFT", ("SFT", "SDPO"), "Gain"
METRICS = ("H@5", "H@20", "NG@5", "NG@20")
MARK = "†"


@dataclass(frozen=True)
class RowName:
    """A row of the table: `backbone` is "" for a method without one."""

    method: str
    backbone: str


@dataclass(frozen=True)
class Table2Settings:
    """The table's shape.

    rows: all rows that may be shown, in order; those without results are left out.
    datasets: labels of the data sets, in order.
    metrics: names of the metrics, in order ("H@5", "H@20", "NG@5", "NG@20" in the paper).
    taught: labels of the data sets on which DLLM2Rec ran.
    tested: which test rows the results are of, the paper's sample or all.
    """

    rows: list[RowName]
    datasets: list[str]
    metrics: list[str]
    taught: list[str] = field(default_factory=list)
    tested: Tested = "paper"


class Place(NamedTuple):
    """A cell of the table."""

    method: str
    backbone: str
    dataset: str
    metric: str


class Mean(NamedTuple):
    """Mean over seeds, sample standard deviation (None for one seed), and the number of seeds."""

    value: float
    std: float | None
    seeds: int


Means = Mapping[Place, Mean]


def average(rows: Iterable[LongRow]) -> dict[Place, Mean]:
    """The mean over seeds of each cell, in order of first appearance. The standard deviation divides by n - 1."""
    values: dict[Place, list[float]] = {}
    for row in rows:
        values.setdefault(Place(*row[:4]), []).append(row.value)
    return {p: Mean(fmean(v), stdev(v) if len(v) > 1 else None, len(v)) for p, v in values.items()}


def shape_of(rows: Iterable[LongRow]) -> Table2Settings:
    """The shape that shows everything in `rows`, in order of first appearance, by the paper's metrics."""
    rows = list(rows)
    names = dict.fromkeys((row.method, row.backbone) for row in rows)
    datasets = dict.fromkeys(row.dataset for row in rows)
    return Table2Settings([RowName(*name) for name in names], list(datasets), list(METRICS))


def check(means: Means, shape: Table2Settings) -> None:
    """Nothing that was measured may be lost: every method and data set has its place, every metric its values.

    Raises:
        SoftrecError: naming the first that has not.
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
    for metric in shape.metrics:
        without = next((p for p in means if p._replace(metric=metric) not in means), None)
        if without is not None:
            raise SoftrecError(
                f"{without.method} on {without.dataset} has no {metric}",
                where="the long table",
                remedy="add its cut-off to the configured cut-offs",
            )


def gain(means: Means, backbone: str, dataset: str, metric: str) -> float | None:
    """Gain in percent: 100 (SOFT / max(SFT, SDPO) - 1), over those of the two that ran; w/o SA does not compete.

    None where SOFT did not run, neither competitor did, or the better of them is 0.
    """
    ours = means.get(Place(OURS, backbone, dataset, metric))
    places = (Place(method, backbone, dataset, metric) for method in COMPETITORS)
    best = max((means[place].value for place in places if place in means), default=0.0)
    return None if ours is None or best == 0 else 100 * (ours.value / best - 1)


def best_competitor(means: Means, backbone: str, dataset: str, metric: str) -> str | None:
    """The competitor that a Gain is over: the better of SFT and SDPO, the first of the two where they are equal."""
    ran = [method for method in COMPETITORS if Place(method, backbone, dataset, metric) in means]
    return max(ran, key=lambda method: means[Place(method, backbone, dataset, metric)].value, default=None)


def gains(means: Means, shape: Table2Settings) -> list[float]:
    """Every Gain of the table that is defined, over backbones, data sets and metrics."""
    backbones = dict.fromkeys(row.backbone for row in shape.rows)
    found = (gain(means, b, d, m) for b in backbones for d in shape.datasets for m in shape.metrics)
    return [value for value in found if value is not None]


def mean_gain(means: Means, shape: Table2Settings) -> float | None:
    """The mean of all defined Gains in percent (37.59 for the paper's numbers); None if there are none."""
    values = gains(means, shape)
    return fsum(values) / len(values) if values else None


def table2(means: Means, shape: Table2Settings, beyond_noise: Collection[Place] = ()) -> Table:
    """Table 2 as printed: one section per backbone, one group of columns per data set that has results.

    A Gain whose place (of SOFT) is in `beyond_noise` is marked.
    """
    check(means, shape)
    shown = [dataset for dataset in shape.datasets if any(place.dataset == dataset for place in means)]
    groups = tuple(Group(dataset, tuple(shape.metrics)) for dataset in shown)
    ran = {(place.method, place.backbone) for place in means}
    sections = []
    for backbone in dict.fromkeys(row.backbone for row in shape.rows):
        methods = [row.method for row in shape.rows if row.backbone == backbone and (row.method, backbone) in ran]
        rows = [method_row(means, method, backbone, groups) for method in methods]
        if OURS in methods and any(method in methods for method in COMPETITORS):
            rows.append(gain_row(means, backbone, groups, beyond_noise))
        sections += [Section(backbone, tuple(rows))] if rows else []
    return Table("Backbone", "Method", groups, tuple(sections))


def method_row(means: Means, method: str, backbone: str, groups: tuple[Group, ...]) -> Row:
    """The means of one method; a data set on which it did not run stays empty."""

    def cell(dataset: str, metric: str) -> Cell:
        mean = means.get(Place(method, backbone, dataset, metric))
        if mean is None:
            return Cell()
        best = format_value(mean.value) == best_printed(means, dataset, metric)
        return Cell(format_value(mean.value), "" if mean.std is None else format_value(mean.std), best)

    return Row(method, tuple(tuple(cell(g.label, metric) for metric in g.columns) for g in groups))


def gain_row(means: Means, backbone: str, groups: tuple[Group, ...], beyond_noise: Collection[Place]) -> Row:
    """The Gains of SOFT on one backbone, as printed: +53.33%, marked where they are beyond noise."""

    def cell(dataset: str, metric: str) -> Cell:
        marked = Place(OURS, backbone, dataset, metric) in beyond_noise
        return Cell(format_percent(gain(means, backbone, dataset, metric)), mark=MARK if marked else "")

    return Row(GAIN, tuple(tuple(cell(g.label, metric) for metric in g.columns) for g in groups))


def format_value(value: float) -> str:
    """Four decimals, as in the paper."""
    return f"{value:.4f}"


def format_percent(value: float | None) -> str:
    """A signed percentage with two decimals, as in the paper; "" for None."""
    return "" if value is None else f"{round(value, 2) + 0.0:+.2f}%"  # + 0.0 turns -0.0 into 0.0


def best_printed(means: Means, dataset: str, metric: str) -> str:
    """The highest mean of a column as printed, so that methods which print the same are both best; "" if it is 0."""
    highest = max(mean.value for place, mean in means.items() if (place.dataset, place.metric) == (dataset, metric))
    return format_value(highest) if highest > 0 else ""


def note(means: Means, shape: Table2Settings, marked: str, noise: str = "") -> str:
    """What a reader must know below the table: seeds, what marks the best (`marked`, as "in bold"), what Gain means;
    then `noise`, what is known of it.
    """
    counts = sorted({mean.seeds for mean in means.values()})
    seeds = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    spread = "One seed." if counts == [1] else f"Mean ± standard deviation over {seeds} seeds."
    text = f"{spread} The best of each column is {marked}."
    values, ran = gains(means, shape), {place.method for place in means}
    if values:
        rivals = " and ".join(method for method in COMPETITORS if method in ran)
        rivals = f"the better of {rivals}" if " and " in rivals else rivals
        cells = f"{len(values)} cell{'s' if len(values) > 1 else ''}"
        text += f" Gain: SOFT over {rivals}; its mean over {cells} is {format_percent(mean_gain(means, shape))}."
    return f"{text} {noise}".strip()
