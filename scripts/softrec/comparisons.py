"""From the ranks of all test runs to intervals of every cell and tests of every comparison."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from softrec import files, significance
from softrec.choice_files import Setting
from softrec.collect import Run, is_chosen
from softrec.errors import SoftrecError
from softrec.significance import Resampling

OURS = "SOFT"


@dataclass(frozen=True)
class SignificanceSettings:
    """cells: one `Run` per ranks file, in order. metrics: what is tested. mcnemar_seed: whose runs McNemar compares."""

    cells: list[Run]
    metrics: list[str]
    mcnemar_seed: int
    resampling: Resampling


class Ranked(NamedTuple):
    """The chosen runs of one method on one data set: `rank` (S, R) by seed, and the rows' `user` (R,)."""

    seeds: list[int]
    rank: np.ndarray
    user: np.ndarray


class IntervalRow(NamedTuple):
    """One cell of Table 2 with its interval."""

    method: str
    backbone: str
    dataset: str
    metric: str
    value: float
    low: float
    high: float
    rows: int
    users: int
    seeds: int


class Comparison(NamedTuple):
    """One comparison: SOFT less another method. McNemar's fields are empty for NG, which has no hits to count."""

    dataset: str
    backbone: str
    metric: str
    other: str
    other_backbone: str
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    rows: int
    users: int
    seeds: int
    mcnemar_only_soft: int | str
    mcnemar_only_other: int | str
    mcnemar_p: float | str


Key = tuple[str, str, str]


def read_ranked(runs: Sequence[Run], ranks: Sequence[Path], choices: list[Setting]) -> dict[Key, Ranked]:
    """(data set, method, backbone) -> the chosen runs, in the order of the table.

    Raises:
        SoftrecError: two runs of a data set were tested on different rows.
    """
    if len(runs) != len(ranks):
        raise SoftrecError(f"{len(ranks)} ranks files are given for {len(runs)} cells", where="--ranks")
    found: dict[Key, list[tuple[int, np.ndarray]]] = {}
    user: dict[str, tuple[np.ndarray, Path]] = {}
    for run, path in zip(runs, ranks, strict=True):
        if not is_chosen(run, choices):
            continue
        table = files.read_table(path, ["user", "rank"])
        rows, first = user.setdefault(run.dataset, (table["user"].to_numpy(), path))
        if not np.array_equal(rows, table["user"].to_numpy()):
            raise SoftrecError(f"{path} and {first} do not rank the same rows", remedy="let Snakemake rank again")
        of_method = found.setdefault((run.dataset, run.method, run.backbone), [])
        of_method.append((run.seed, table["rank"].to_numpy()))
    return {
        key: Ranked([seed for seed, _ in runs], np.stack([rank for _, rank in runs]), user[key[0]][0])
        for key, runs in found.items()
    }


def datasets_of(ranked: dict[Key, Ranked]) -> list[str]:
    """The data sets, in order of first appearance."""
    return list(dict.fromkeys(dataset for dataset, _, _ in ranked))


def intervals(ranked: dict[Key, Ranked], settings: SignificanceSettings) -> list[IntervalRow]:
    """Every cell's value with its interval."""
    found = []
    for (dataset, method, backbone), runs in ranked.items():
        for metric in settings.metrics:
            sums = significance.by_user(significance.row_values(runs.rank, metric), runs.user)
            span = significance.interval(significance.bootstrap([sums], settings.resampling)[:, 0], lowest=0.0)
            size = (len(runs.user), len(sums.rows), len(runs.seeds))
            found.append(IntervalRow(method, backbone, dataset, metric, sums.mean(), *span, *size))
    return found


def tests(ranked: dict[Key, Ranked], settings: SignificanceSettings) -> list[Comparison]:
    """Every comparison, with p corrected for their number."""
    found = []
    for dataset in datasets_of(ranked):
        methods = [key[1:] for key in ranked if key[0] == dataset]
        for a, b in significance.pairs(methods, OURS):
            pair = ranked[dataset, *a], ranked[dataset, *b]
            found += [compared(dataset, a, b, *pair, metric, settings) for metric in settings.metrics]
    corrected = significance.holm([row.p for row in found])
    return [row._replace(p_holm=p) for row, p in zip(found, corrected, strict=True)]


def compared(
    dataset: str,
    a: tuple[str, str],
    b: tuple[str, str],
    ours: Ranked,
    other: Ranked,
    metric: str,
    settings: SignificanceSettings,
) -> Comparison:
    """One comparison, its p not yet corrected. Raises `SoftrecError` if the two ran with different seeds."""
    if ours.seeds != other.seeds:
        raise SoftrecError(f"{a} ran with seeds {ours.seeds}, {b} with {other.seeds}", where=dataset)
    sums = [significance.by_user(significance.row_values(runs.rank, metric), runs.user) for runs in (ours, other)]
    resampled = significance.bootstrap(sums, settings.resampling)
    low, high = significance.interval(resampled[:, 0] - resampled[:, 1])
    p = significance.permutation_p(*sums, settings.resampling)
    size = (len(ours.user), len(sums[0].rows), len(ours.seeds))
    mcnemar = mcnemar_of(ours, other, metric, settings) if metric.startswith("H@") else ("", "", "")
    difference = sums[0].mean() - sums[1].mean()
    return Comparison(dataset, a[1], metric, *b, difference, low, high, p, p, *size, *mcnemar)


def mcnemar_of(ours: Ranked, other: Ranked, metric: str, settings: SignificanceSettings) -> significance.McNemar:
    """McNemar within the configured seed, on one row of each user."""
    chosen = significance.one_row_per_user(ours.user, settings.resampling.seed)
    at = ours.seeds.index(settings.mcnemar_seed)
    hits = (significance.row_values(runs.rank[at, chosen], metric) > 0 for runs in (ours, other))
    return significance.mcnemar(*hits)


def described(rows: Sequence[Comparison]) -> str:
    """The comparisons as Markdown, a line each, and what the columns mean."""
    lines = ["| Data set | Backbone | Metric | SOFT against | Difference | 95 % interval | p | p (Holm) | McNemar p |"]
    lines.append("|:--|:--|:--|:--|--:|:-:|--:|--:|--:|")
    for row in rows:
        other = f"{row.other_backbone} {row.other}".strip()
        mcnemar = f"{row.mcnemar_p:.4f}" if isinstance(row.mcnemar_p, float) else "–"
        lines.append(
            f"| {row.dataset} | {row.backbone} | {row.metric} | {other} | {row.difference:+.4f} "
            f"| {row.low:+.4f} to {row.high:+.4f} | {row.p:.4f} | {row.p_holm:.4f} | {mcnemar} |"
        )
    sizes = dict.fromkeys((row.dataset, row.rows, row.users, row.seeds) for row in rows)
    counts = "; ".join(f"{name}: {n} rows of {users} users, {s} seed(s)" for name, n, users, s in sizes)
    note = (
        f"{counts or 'No comparison: SOFT did not run'}. The unit is the user: intervals resample users with all their "
        "rows, and seeds; p swaps the two methods for whole users; Holm corrects for all lines above. McNemar: one "
        "seed, one row of each user."
    )
    said = [f"{line}\n" for line in dict.fromkeys(about_seeds(row.seeds) for row in rows)]
    return "\n".join([*lines, "", note, "", *said])


def about_seeds(count: int) -> str:
    """What so many seeds can and cannot say."""
    if count == 1:
        return "One seed: intervals and p say what other users would give, not what another training run would."
    freedom = f"{count - 1} degree{'s' if count > 2 else ''} of freedom"
    two = (
        ", 12.7 times half of what the two differ by. Two seeds can show that runs agree; where they do not, "
        "the interval is too wide to tell methods apart"
    )
    return (
        f"{count} seeds: intervals are about other seeds too, whose part is that of a mean of {count}, Student's t "
        f"with {freedom}{two if count == 2 else ''}. p is about other users and the seeds that ran: where p is small "
        "and the interval holds 0, other seeds may turn the difference around."
    )
