"""Audit of a printed table: what no test results of the stated size can have been rounded to.

Every check compares intervals: a printed number stands for all numbers that are printed so. What is reported is
therefore impossible, not unlikely; what is not reported may still be wrong.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any, NamedTuple

from softrec.results.consistency import GAIN, Span, has_multiple, ndcg_span
from softrec.results.printed_table import Key, Printed

EXACT = 1e-12  # of the logarithms in floats

Cells = Mapping[Key, Printed]


@dataclass(frozen=True)
class AuditSettings:
    """Settings of an audit.

    Attributes:
        rows: number of test rows of a run.
        seeds: number of runs whose mean a value is.
        ours: the method whose Gain is given.
        competitors: the methods of which the best is what a Gain compares with.
        mean_gain: the mean of the Gains that is claimed, or None.
    """

    rows: int
    seeds: int
    ours: str
    competitors: Sequence[str]
    mean_gain: Printed | None = None


class Granularity(NamedTuple):
    """Hit ratios that are means over `parts` = rows x seeds trials.

    Attributes:
        tested: number of hit ratios whose decimals can tell multiples of 1 / parts apart.
        untested: number of the others: every value printed with so few decimals passes.
        wrong: those that are not the rounding of a multiple of 1 / parts.
        single: number of hit ratios that are the rounding of a multiple of 1 / rows, among those whose decimals can
            tell such multiples apart: `single_tested`.
        expected: the share of `single_tested` that would be if all numbers of hits were equally likely, else None.
    """

    parts: int
    tested: int
    untested: int
    wrong: list[Key]
    single: int
    single_tested: int
    expected: float | None


class Impossible(NamedTuple):
    """Two cut-offs of a method on a data set that no ranks give.

    `what` is the number, `value` as printed (a difference of printed numbers), `low` and `high` where it would lie.
    """

    key: Key
    what: str
    value: float
    low: float
    high: float


class GainCheck(NamedTuple):
    """The Gains of a table.

    Attributes:
        exact: number of Gains that the printed values give to the last digit.
        rounded: number of those that only other values with the same rounding give.
        wrong: those that no such values give, with the interval that they give.
        unchecked: those whose method or competitors the table lacks.
        mean: the interval of the mean of the printed Gains, and whether the claimed mean is in it; or None.
    """

    exact: int
    rounded: int
    wrong: list[Impossible]
    unchecked: list[Key]
    mean: tuple[Span, bool] | None


def check_granularity(cells: Cells, rows: int, seeds: int) -> Granularity:
    """Check that hit ratios are means of `seeds` whole numbers of hits over `rows` rows.

    Such a mean is k / (rows x seeds). With rows x seeds >= 10^d every number with d decimals is the rounding of one.
    """
    hits = {key: cell for key, cell in cells.items() if key.method != GAIN and key.metric.startswith("H@")}
    parts = rows * seeds
    telling = {key: cell for key, cell in hits.items() if parts * cell.unit < 1}
    singles = [cell for cell in hits.values() if rows * cell.unit < 1 and seeds > 1]
    shares = [max(1 / seeds, rows * float(cell.unit)) for cell in singles]
    return Granularity(
        parts,
        len(telling),
        len(hits) - len(telling),
        [key for key, cell in telling.items() if not has_multiple(cell.span, parts)],
        sum(has_multiple(cell.span, rows) for cell in singles),
        len(singles),
        sum(shares) / len(shares) if shares else None,
    )


def check_ndcg(cells: Cells) -> tuple[int, list[Impossible]]:
    """Check each pair of cut-offs of each method, and each cut-off alone; return the number of rows and the faults.

    Hit ratios do not fall with the cut-off, and NG@K - NG@J lies within the bounds of `consistency.ndcg_span`. At the
    cut-off 0 both are 0, so that J = 0 gives NG@K <= H@K and NG@K >= H@K / log2(K + 1).
    """
    rows: dict[tuple[str, str, str], dict[str, Printed]] = {}
    for key, cell in cells.items():
        if key.method != GAIN:
            rows.setdefault(key[:3], {})[key.metric] = cell
    # The nine decimals of `none` keep its rounding error below any that matters.
    none, found = Printed("0", Fraction(0), 9), []
    for place, metrics in rows.items():
        cuts = {
            name: sorted(int(m[len(name) + 1 :]) for m in metrics if m.startswith(f"{name}@")) for name in ("H", "NG")
        }
        for name, of in cuts.items():
            found += [falling(Key(*place, name), j, k, metrics) for j, k in combinations(of, 2)]
        both = [cut for cut in cuts["H"] if cut in cuts["NG"]]
        found += [outside(Key(*place, "NG"), 0, k, {**metrics, "H@0": none, "NG@0": none}) for k in both]
        found += [outside(Key(*place, "NG"), j, k, metrics) for j, k in combinations(both, 2)]
    return len(rows), [fault for fault in found if fault]


def falling(key: Key, j: int, k: int, metrics: Mapping[str, Printed]) -> Impossible | None:
    """Return the fault of a metric, named in `key`, that is higher at the cut-off J than at K > J."""
    low, high = metrics[f"{key.metric}@{j}"], metrics[f"{key.metric}@{k}"]
    if low.span.low <= high.span.high:
        return None
    what = f"{key.metric}@{k}"
    return Impossible(key._replace(metric=what), what, float(high.value), float(low.value), 1.0)


def outside(key: Key, j: int, k: int, metrics: Mapping[str, Printed]) -> Impossible | None:
    """Return the fault of NG@K - NG@J if no numbers printed so are within the bounds of the hit ratios.

    A metric that falls is left to `falling`.
    """
    hits, gains = ([metrics[f"{name}@{cut}"] for cut in (j, k)] for name in ("H", "NG"))
    extra, gained = (exactly(high).minus(exactly(low)) for low, high in (hits, gains))
    widest = ndcg_span(extra, j, k)
    inside = widest.low - EXACT <= gained.high and gained.low <= widest.high + EXACT
    if inside or min(extra.high, gained.high) < 0:
        return None
    what, more = f"NG@{k} - NG@{j}" if j else f"NG@{k}", hits[1].value - hits[0].value
    value, bounds = gains[1].value - gains[0].value, ndcg_span(Span(more, more), j, k)
    return Impossible(key._replace(metric=what), what, float(value), *map(float, bounds))


def exactly(cell: Printed) -> Span:
    """Return the numbers between 0 and 1 that are printed as the cell is."""
    return Span(max(cell.span.low, 0), min(cell.span.high, 1))


def check_gains(cells: Cells, settings: AuditSettings) -> GainCheck:
    """Check that each Gain, 100 (ours / best competitor - 1), follows from numbers that are printed as the table has.

    Competitors are those of the Gain's backbone, and those without a backbone.
    """
    exact, rounded, wrong, unchecked = 0, 0, [], []
    gains = {key: cell for key, cell in cells.items() if key.method == GAIN}
    for key, printed in gains.items():
        ours = cells.get(key._replace(method=settings.ours))
        of = dict.fromkeys((key.backbone, ""))
        places = [key._replace(method=name, backbone=one) for name in settings.competitors for one in of]
        rivals = [cells[place] for place in places if place in cells]
        if ours is None or not any(rival.span.high > 0 for rival in rivals):
            unchecked.append(key)
            continue
        best = Span(max(exactly(one).low for one in rivals), max(exactly(one).high for one in rivals))
        given = gain_span(exactly(ours), best)
        value = max(one.value for one in rivals)
        if not (given.low <= printed.span.high and printed.span.low <= given.high):
            wrong.append(Impossible(key, "Gain", float(printed.value), float(given.low), float(given.high)))
        elif value and printed.span.low <= 100 * (ours.value / value - 1) <= printed.span.high:
            exact += 1
        else:
            rounded += 1
    return GainCheck(exact, rounded, wrong, unchecked, mean_of(list(gains.values()), settings.mean_gain))


def gain_span(ours: Span, best: Span) -> Span:
    """Return the interval of 100 (ours / best - 1); without an upper end if the best may be 0."""
    high = 100 * (ours.high / best.low - 1) if best.low > 0 else float("inf")
    return Span(100 * (ours.low / best.high - 1), high)


def mean_of(gains: Sequence[Printed], claimed: Printed | None) -> tuple[Span, bool] | None:
    """Return the interval of the mean of printed Gains, and whether the claimed mean is the rounding of one in it."""
    if claimed is None or not gains:
        return None
    mean = Span(*(sum(end) / len(gains) for end in zip(*(one.span for one in gains), strict=True)))
    return mean, bool(mean.low <= claimed.span.high and claimed.span.low <= mean.high)


class Audit(NamedTuple):
    """All findings on one table."""

    granularity: Granularity
    rows: int
    ndcg: list[Impossible]
    gains: GainCheck

    @property
    def faults(self) -> int:
        """Number of printed values, or pairs of them, that are impossible."""
        lost = self.gains.mean is not None and not self.gains.mean[1]
        return len(self.granularity.wrong) + len(self.ndcg) + len(self.gains.wrong) + lost


def audit(cells: Cells, settings: AuditSettings) -> Audit:
    """Audit a table."""
    rows, ndcg = check_ndcg(cells)
    return Audit(check_granularity(cells, settings.rows, settings.seeds), rows, ndcg, check_gains(cells, settings))


def as_json(found: Audit) -> dict[str, Any]:
    """Return the findings as a JSON object."""
    granularity, gains = found.granularity._asdict(), found.gains._asdict()
    granularity["wrong"] = list(map(str, found.granularity.wrong))
    gains["wrong"] = [named(fault) for fault in found.gains.wrong]
    gains["unchecked"] = list(map(str, found.gains.unchecked))
    if found.gains.mean:
        low, high = map(float, found.gains.mean[0])
        gains["mean"] = {"low": low, "high": high, "attainable": found.gains.mean[1]}
    ndcg = {"rows": found.rows, "impossible": list(map(named, found.ndcg))}
    return {"faults": found.faults, "granularity": granularity, "ndcg": ndcg, "gains": gains}


def named(fault: Impossible) -> dict[str, Any]:
    """Return a fault as a JSON object; an interval without an upper end has null there."""
    key = fault.key._asdict()
    high = None if fault.high == float("inf") else fault.high
    return {**key, "what": fault.what, "value": fault.value, "low": fault.low, "high": high}
