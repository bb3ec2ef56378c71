"""GRIM-style consistency checks: hit ratios are multiples of 1/n, and NDCGs lie within bounds implied by hit ratios."""

import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from common.errors import SoftrecError
from softrec.results.collect import impossible
from softrec.results.long_table import LongRow

GAIN = "Gain"
J, K = 5, 20
PRINTED = 5e-5  # largest rounding error of a number printed with four decimals

Cells = Mapping[tuple[str, str, str, str], float]


class Span(NamedTuple):
    """The ends of an interval of numbers, both included: floats, or fractions where rounding must not blur an end."""

    low: float | Fraction
    high: float | Fraction

    def minus(self, other: "Span") -> "Span":
        """Return the differences of a number of this interval and one of the other."""
        return Span(self.low - other.high, self.high - other.low)


class Triple(NamedTuple):
    """A method on a data set whose NG@20 - NG@5 is outside the bounds (`low`, `high`) implied by its H@5 and H@20."""

    method: str
    backbone: str
    dataset: str
    difference: float
    low: float
    high: float


def on_grid(values: Iterable[float], rows: int) -> int:
    """Count the values that are whole multiples of 1 / rows, as hit ratios of a single run over `rows` rows are."""
    return sum(has_multiple(Span(value, value), rows, 1e-6) for value in values)


def has_multiple(span: Span, parts: int, slack: float = 0) -> bool:
    """Return whether an interval contains a multiple of 1 / parts, with its ends moved outwards by `slack` / parts."""
    return math.ceil(span.low * parts - slack) <= math.floor(span.high * parts + slack)


def ndcg_span(hits: Span, j: int, k: int) -> Span:
    """Return where NG@K - NG@J lies if H@K - H@J lies in `hits`, for J < K.

    A target ranked J + 1 to K adds 1 to the hits and between 1 / log2(K + 1) and 1 / log2(J + 2) to NDCG. At J = 0 the
    differences are H@K and NG@K themselves. The bounds of negative hits, which no ranks give, are those of none.
    """
    return Span(max(hits.low, 0) / math.log2(k + 1), max(hits.high, 0) / math.log2(j + 2))


def impossible_triples(cells: Cells, rounding: float) -> list[Triple]:
    """Find methods and data sets where NG@20 - NG@5 is outside [(H@20 - H@5) / log2 21, (H@20 - H@5) / log2 7].

    `rounding` is the largest rounding error of a number. The bounds in the result are those of the numbers as given.
    """
    found = []
    for method, backbone, dataset in dict.fromkeys(key[:3] for key in cells if key[0] != GAIN):
        place = (method, backbone, dataset)
        difference = cells[*place, f"NG@{K}"] - cells[*place, f"NG@{J}"]
        hits = cells[*place, f"H@{K}"] - cells[*place, f"H@{J}"]
        low, high = ndcg_span(Span(hits, hits), J, K)
        widest = ndcg_span(Span(hits - 2 * rounding, hits + 2 * rounding), J, K)
        if not widest.low - 2 * rounding <= difference <= widest.high + 2 * rounding:
            found.append(Triple(*place, difference, float(low), float(high)))
    return found


def check_published(cells: Cells, rows: int) -> dict[str, Any]:
    """Check the paper's Table 2: count hit ratios that are multiples of 1 / rows, and list impossible NDCGs."""
    hits = [value for key, value in cells.items() if key[0] != GAIN and key[3].startswith("H@")]
    triples = [triple._asdict() for triple in impossible_triples(cells, PRINTED)]
    return {
        "hit_ratios": len(hits),
        f"multiples_of_1/{rows}": on_grid(hits, rows),
        "triples": len({key[:3] for key in cells if key[0] != GAIN}),
        "impossible": triples,
    }


def check_ours(long: Sequence[LongRow], rows: Mapping[str, int]) -> dict[str, Any]:
    """Check that our unrounded metrics are attainable, and count them.

    `rows` is the number of test rows by data set.

    Raises:
        SoftrecError: a hit ratio times rows is not whole, its mean over seeds times rows and seeds is not whole, or an
            NDCG is outside its bounds.
    """
    runs: dict[tuple[Any, ...], dict[str, float]] = {}
    for row in long:
        runs.setdefault((row.method, row.backbone, row.dataset, row.seed), {})[row.metric] = row.value
    sums: dict[tuple[Any, ...], list[float]] = {}
    for (method, backbone, dataset, seed), metrics in runs.items():
        where = f"{backbone} {method}".strip() + f" on {dataset}, seed {seed}"
        for metric, value in metrics.items():
            if metric.startswith("H@"):
                require_whole(value * rows[dataset], f"{metric} x {rows[dataset]} rows", where)
                sums.setdefault((method, backbone, dataset, metric), []).append(value)
        if wrong := impossible(metrics):
            raise SoftrecError(wrong, where=where, remedy="the table does not match the ranks: report this as a bug")
    for (method, backbone, dataset, metric), values in sums.items():
        total = math.fsum(values) / len(values) * rows[dataset] * len(values)
        require_whole(total, f"mean {metric} x rows x seeds", f"{backbone} {method}".strip() + f" on {dataset}")
    return {"runs": len(runs), "hit_ratios": sum(len(values) for values in sums.values()), "impossible": []}


def require_whole(value: float, what: str, where: str) -> None:
    """Raise `SoftrecError` if a number of hits is not whole."""
    if abs(value - round(value)) > 1e-6:
        raise SoftrecError(
            f"{what} is {value}, not a whole number of hits", where=where, remedy="let Snakemake evaluate again"
        )


def format_summary(published: Mapping[str, Any], rows: int) -> str:
    """Format both checks as Markdown."""
    lines = [
        "Our numbers, of the paper's sample and of all test rows: every hit ratio is a whole number of hits, every "
        "NDCG within its bounds.",
        "",
        f"The paper's Table 2: {published[f'multiples_of_1/{rows}']} of {published['hit_ratios']} hit ratios are whole "
        f"multiples of 1/{rows}, as those of single runs over {rows} rows are; means of five would be multiples of "
        f"1/{5 * rows}. {len(published['impossible'])} of {published['triples']} rows have an NDCG that no ranks give:",
        "",
        "| Data set | Method | NG@20 - NG@5 | possible |",
        "|:--|:--|--:|:-:|",
    ]
    lines += [
        f"| {t['dataset']} | {(t['backbone'] + ' ' + t['method']).strip()} | {t['difference']:.4f} "
        f"| {t['low']:.4f} to {t['high']:.4f} |"
        for t in published["impossible"]
    ]
    return "\n".join([*lines, ""])
