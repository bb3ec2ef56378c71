"""Our cells beside the paper's: whether the two differ by more than chance, never that they are "equal".

The paper's number is a sample too: of its 1,000 rows, and of its training. All its hit ratios are whole thousandths, as
single runs over 1,000 rows give and means over five would not; so it is taken as one run, on rows of its own.
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

SHARES = ("value", "low", "high")  # of an interval's row; no other number of it is negative


@dataclass(frozen=True)
class CompareSettings:
    """metrics: those that the paper prints. paper_rows: on how many rows it measured them."""

    metrics: list[str]
    paper_rows: int


class ComparedRow(NamedTuple):
    """One cell: ours, the paper's, ours less the paper's with its interval, and whether that interval holds 0."""

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
    """Read an intervals file."""
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
    """The cells that both have, on the paper's sample of rows; what is printed is taken as it stands."""
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
    """By data set and metric: variance of one row's part in a single run, over the run's value.

    A hit of probability h varies by h (1 - h), so it is about 1 for hit ratios of independent rows, less for NDCG, more
    where a user's rows go together. From all methods at once: a method without hits shows nothing. 1 if none has any.
    """
    sums: dict[tuple[str, str], list[float]] = {}
    for row in ours:
        of = sums.setdefault((row.dataset, row.metric), [0.0, 0.0])
        of[0] += row.run_users**2 * row.rows
        of[1] += row.value
    return {key: variance / value if value > 0 else 1.0 for key, (variance, value) in sums.items()}


def half_width(row: IntervalRow, paper_users: float) -> float:
    """Half the interval of ours less the paper's, whose variance over users is `paper_users`.

    The seeds' part is that of our mean and of the paper's one run, both from the same estimate of how runs vary, which
    is of how the runs' means vary: noise and what seeds add beyond it.
    """
    run, means = row.run_seeds**2, 1 + 1 / row.seeds
    own_users, between = row.error**2 - run / row.seeds, (run + row.run_noise**2) * means
    parts = [(own_users, row.users_freedom), (paper_users, row.users_freedom), (between, row.seeds_freedom)]
    variance = own_users + paper_users + run * means
    freedom = variance_components.satterthwaite(variance, parts)
    return student_t.quantile(LEVEL, freedom) * variance**0.5 if freedom >= LEAST_FREEDOM else 1.0


def disjoint(ours: Sequence[IntervalRow], paper: Mapping[tuple[str, str, str, str], float]) -> str:
    """The sentence for a run that shares no cell with the paper."""
    sets, printed = sorted({row.dataset for row in ours}), sorted({key[2] for key in paper})
    said = f"the paper's data sets are {', '.join(printed)}, those of this run {', '.join(sets) or 'none'}"
    if common := set(sets) & set(printed):
        methods = sorted({f"{row.backbone} {row.method}".strip() for row in ours if row.dataset in common})
        said = f"of {', '.join(sorted(common))} the paper has none of {', '.join(methods)}"
    return f"No cell of this run is one of the paper's, so there is nothing to compare: {said}.\n"


def described(rows: Sequence[ComparedRow], seeds: int, paper_rows: int) -> str:
    """The comparison as Markdown; `seeds` is how many of ours are in it, and `paper_rows` the paper measured on."""
    lines = ["| Data set | Method | Metric | Ours | Paper | Ours less the paper's | 95 % interval | 0 lies |"]
    lines.append("|:--|:--|:--|--:|--:|--:|:-:|:--|")
    lines += [
        f"| {row.dataset} | {f'{row.backbone} {row.method}'.strip()} | {row.metric} | {row.ours:.4f} | {row.paper:.4f} "
        f"| {row.difference:+.4f} | {row.low:+.4f} to {row.high:+.4f} | {row.verdict} |"
        for row in rows
    ]
    inside = sum(row.verdict == "inside" for row in rows)
    said = (
        f"{inside} of {len(rows)} of the paper's cells differ from ours by no more than chance explains (0 lies inside "
        f"the interval of the difference). Were the truth of both the same, {LEVEL:.0%} would. The paper's numbers are "
        f"taken as those of single runs, not of means over five, on {paper_rows:,} rows that are not ours. Cells hang "
        "together, so their number inside says less than as many independent ones would."
    )
    alone = (
        " One seed cannot show what other training runs vary, so the intervals leave that out." if seeds == 1 else ""
    )
    return "\n".join([*lines, "", f"{said}{alone}", ""])
