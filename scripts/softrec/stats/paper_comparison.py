"""Comparison of our cells with the paper's: do the two differ by more than chance? It never shows that they are equal.

The paper's numbers are samples too: of its 1,000 rows, and of its training runs. All its hit ratios are multiples of
1/1000, as single runs over 1,000 rows give and means over five runs would not. So each is treated as a single run, on
rows other than ours.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from softrec.io import csv_files
from softrec.stats import student_t, variance_components
from softrec.stats.resampling import LEAST_FREEDOM, LEVEL
from softrec.stats.table_rows import IntervalRow

SHARES = ("value", "low", "high")  # fields of IntervalRow between 0 and 1; the other numbers are at least 0


@dataclass(frozen=True)
class CompareSettings:
    """Settings: the metrics that the paper prints, and the number of test rows on which it measured them."""

    metrics: list[str]
    paper_rows: int


class ComparedRow(NamedTuple):
    """One cell: ours, the paper's, ours minus the paper's with its interval, and whether the interval contains 0."""

    method: str
    backbone: str
    dataset: str
    metric: str
    ours: float
    paper: float
    difference: float
    low: float
    high: float
    verdict: str


def read_intervals(path: Path) -> list[IntervalRow]:
    """Read an intervals file. Raise `SoftrecError` if a field is not a number in its range."""
    found = []
    for line, fields in csv_files.read_csv(path, IntervalRow._fields):
        values: dict[str, Any] = {name: fields[name] for name in IntervalRow._fields}
        for name, kind in IntervalRow.__annotations__.items():
            if kind is not str:
                if kind is int:
                    values[name] = csv_files.integer(fields, name, path, line, least=1)
                else:
                    values[name] = csv_files.number(fields, name, path, line, 0, 1 if name in SHARES else math.inf)
        found.append(IntervalRow(**values))
    return found


def compare(
    ours: Sequence[IntervalRow], paper: Mapping[tuple[str, str, str, str], float], settings: CompareSettings
) -> list[ComparedRow]:
    """Compare the common cells, measured on the paper's sample of rows; printed numbers are taken as exact."""
    found = []
    scatter = scatters(ours)
    for row in ours:
        printed = paper.get((row.method, row.backbone, row.dataset, row.metric))
        if printed is not None and row.metric in settings.metrics:
            users = scatter[row.dataset, row.metric] * printed / settings.paper_rows
            difference, half = row.value - printed, half_width(row, users)
            low, high = max(-1.0, difference - half), min(1.0, difference + half)
            verdict = "inside" if low <= 0.0 <= high else "outside"
            found.append(ComparedRow(*row[:4], row.value, printed, difference, low, high, verdict))
    return found


def scatters(ours: Sequence[IntervalRow]) -> dict[tuple[str, str], float]:
    """Return, by data set and metric, the variance of one row in a single run divided by the run's value.

    A hit of probability h has variance h (1 - h), so the quotient is about 1 for hit ratios of independent rows, lower
    for NDCG, and higher where a user's rows are correlated. It is pooled over all methods, because a method without
    hits gives no estimate; it is 1 if no method has hits.
    """
    sums: dict[tuple[str, str], list[float]] = {}
    for row in ours:
        of = sums.setdefault((row.dataset, row.metric), [0.0, 0.0])
        of[0] += row.run_users**2 * row.rows
        of[1] += row.value
    return {key: variance / value if value > 0 else 1.0 for key, (variance, value) in sums.items()}


def half_width(row: IntervalRow, paper_users: float) -> float:
    """Return half the interval of ours minus the paper's, whose variance over users is `paper_users`.

    The seeds' part covers our mean and the paper's single run. Both come from one estimate, the variance between runs'
    means, which contains the noise and what seeds add to it; this sum enters the degrees of freedom.
    """
    run, means = row.run_seeds**2, 1 + 1 / row.seeds
    own_users, between = row.error**2 - run / row.seeds, (run + row.run_noise**2) * means
    parts = [(own_users, row.users_freedom), (paper_users, row.users_freedom), (between, row.seeds_freedom)]
    variance = own_users + paper_users + run * means
    freedom = variance_components.satterthwaite(variance, parts)
    return student_t.quantile(LEVEL, freedom) * variance**0.5 if freedom >= LEAST_FREEDOM else 1.0


def disjoint(ours: Sequence[IntervalRow], paper: Mapping[tuple[str, str, str, str], float]) -> str:
    """Return the sentence for a run that has no cell in common with the paper."""
    sets, printed = sorted({row.dataset for row in ours}), sorted({key[2] for key in paper})
    said = f"the paper's data sets are {', '.join(printed)}, those of this run {', '.join(sets) or 'none'}"
    if common := set(sets) & set(printed):
        methods = sorted({f"{row.backbone} {row.method}".strip() for row in ours if row.dataset in common})
        said = f"of {', '.join(sorted(common))} the paper has none of {', '.join(methods)}"
    return f"No cell of this run is one of the paper's, so there is nothing to compare: {said}.\n"


def format_comparison(rows: Sequence[ComparedRow], seeds: int, paper_rows: int) -> str:
    """Format the comparison as Markdown, with our number of `seeds` and the paper's number of test rows."""
    lines = ["| Data set | Method | Metric | Ours | Paper | Ours minus the paper's | 95 % interval | 0 lies |"]
    lines.append("|:--|:--|:--|--:|--:|--:|:-:|:--|")
    lines += [
        f"| {row.dataset} | {f'{row.backbone} {row.method}'.strip()} | {row.metric} | {row.ours:.4f} | {row.paper:.4f} "
        f"| {row.difference:+.4f} | {row.low:+.4f} to {row.high:+.4f} | {row.verdict} |"
        for row in rows
    ]
    inside = sum(row.verdict == "inside" for row in rows)
    said = (
        f"{inside} of {len(rows)} of the paper's cells differ from ours by no more than chance explains (0 lies inside "
        f"the interval of the difference). If the true values were the same, {LEVEL:.0%} would be expected to. The "
        f"paper's numbers are taken as those of single runs, not of means over five, on {paper_rows:,} rows that are "
        "not ours. Cells are correlated, so this count is weaker evidence than as many independent cells would be."
    )
    alone = (
        " One seed cannot show variation between training runs, so the intervals leave it out." if seeds == 1 else ""
    )
    return "\n".join([*lines, "", f"{said}{alone}", ""])
