"""Means over seeds of the cells of a table, and the Gain of SOFT."""

from collections.abc import Iterable, Mapping
from statistics import fmean, stdev
from typing import NamedTuple

from softrec.results.long_table import LongRow

OURS, COMPETITORS = "SOFT", ("SFT", "SDPO")


class Place(NamedTuple):
    """The key of a cell of the table."""

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
    """Average each cell over seeds, in order of first appearance. The standard deviation divides by n - 1."""
    values: dict[Place, list[float]] = {}
    for row in rows:
        values.setdefault(Place(*row[:4]), []).append(row.value)
    return {p: Mean(fmean(v), stdev(v) if len(v) > 1 else None, len(v)) for p, v in values.items()}


def bounds(tables: Iterable[Iterable[LongRow]]) -> dict[Place, Mean]:
    """Average the rows without a backbone of Table 3's long tables: they bound what a language model adds."""
    return average(row for table in tables for row in table if not row.backbone)


def gain(means: Means, backbone: str, dataset: str, metric: str) -> float | None:
    """Return the Gain in percent: 100 (SOFT / max(SFT, SDPO) - 1); SOFT(w/o SA) is not a competitor.

    The maximum is over those of SFT and SDPO that ran. None if SOFT did not run, neither competitor did, or the better
    of them is 0.
    """
    ours = means.get(Place(OURS, backbone, dataset, metric))
    places = (Place(method, backbone, dataset, metric) for method in COMPETITORS)
    best = max((means[place].value for place in places if place in means), default=0.0)
    return None if ours is None or best == 0 else 100 * (ours.value / best - 1)


def best_competitor(means: Means, backbone: str, dataset: str, metric: str) -> str | None:
    """Return the competitor in a Gain: the better of SFT and SDPO, SFT if they are equal; None if neither ran."""
    ran = [method for method in COMPETITORS if Place(method, backbone, dataset, metric) in means]
    return max(ran, key=lambda method: means[Place(method, backbone, dataset, metric)].value, default=None)
