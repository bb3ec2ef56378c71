"""Confidence intervals of every cell and tests of every comparison, from the ranks of all test runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from common.errors import SoftrecError
from softrec.core import seeds
from softrec.evaluation.ranking import read_ranks
from softrec.results.runs import Run, Selected, is_selected
from softrec.stats import resampling, variance_components, variance_pooling
from softrec.stats.resampling import Resampling
from softrec.stats.table_rows import Comparison, IntervalRow
from softrec.stats.variance_components import Spread

OURS = "SOFT"


@dataclass(frozen=True)
class SignificanceSettings:
    """Settings of the tests.

    Attributes:
        cells: the run of each ranks file, in order.
        choices: the row of each choice file, in order.
        metrics: metrics to test.
        mcnemar_seed: the seed whose runs McNemar's test compares.
        resampling: number and seed of the resamples.
    """

    cells: list[Run]
    choices: list[Run]
    metrics: list[str]
    mcnemar_seed: int
    resampling: Resampling


class Ranked(NamedTuple):
    """The chosen runs of one method on one data set.

    Ranks are `rank` (S, R) by seed and row; a row has its `user` (R,) and whether it is in the `paper`'s sample (R,).
    """

    seeds: list[int]
    rank: np.ndarray
    user: np.ndarray
    paper: np.ndarray


class Tally(NamedTuple):
    """The metrics of one data set summed by user.

    `value[metric]` (M, S, U): sums over a user's `rows` (U,) of the methods `names`. `spread[metric]`: how seeds vary.
    """

    names: list[tuple[str, str]]
    value: dict[str, np.ndarray]
    rows: np.ndarray
    spread: dict[str, Spread]


Key = tuple[str, str, str]


def read_ranked(runs: Sequence[Run], ranks: Sequence[Path], selected: Selected) -> dict[Key, Ranked]:
    """Read the chosen runs by (data set, method, backbone), in the order of the table.

    Raises:
        SoftrecError: a wrong number of files, runs of a data set on different rows, no rows, or a missing column.
    """
    if len(runs) != len(ranks):
        raise SoftrecError(f"{len(ranks)} ranks files are given for {len(runs)} cells", where="--ranks")
    found: dict[Key, list[tuple[int, np.ndarray]]] = {}
    same: dict[str, tuple[np.ndarray, np.ndarray, Path]] = {}
    for run, path in zip(runs, ranks, strict=True):
        if not is_selected(run, selected):
            continue
        user, rank, paper = columns(path)
        users, papers, first = same.setdefault(run.dataset, (user, paper, path))
        if not (np.array_equal(users, user) and np.array_equal(papers, paper)):
            raise SoftrecError(f"{path} and {first} do not rank the same rows", remedy="let Snakemake rank again")
        found.setdefault((run.dataset, run.method, run.backbone), []).append((run.known_seed(), rank))
    return {
        key: Ranked([seed for seed, _ in runs], np.stack([rank for _, rank in runs]), *same[key[0]][:2])
        for key, runs in found.items()
    }


def columns(path: Path) -> tuple[np.ndarray, ...]:
    """Return user, rank and paper (R,) of a ranks file. Raise `SoftrecError` as `read_ranks`, or if it has no rows."""
    table = read_ranks(path)
    if not table.num_rows:
        raise SoftrecError(f"{path} has no rows", remedy="look at the split: its sample is empty")
    return tuple(table[name].to_numpy() for name in ("user", "rank", "paper"))


def of_paper(ranked: dict[Key, Ranked]) -> dict[Key, Ranked]:
    """Restrict the runs to the rows of the paper's sample. Raise `SoftrecError` if a data set has none."""
    for dataset, *_ in (key for key, runs in ranked.items() if not runs.paper.any()):
        what = f"no test row of {dataset} is of the paper's sample"
        raise SoftrecError(what, where="column paper of its ranks", remedy="let Snakemake draw the test sample again")
    return {
        key: runs._replace(rank=runs.rank[:, runs.paper], user=runs.user[runs.paper], paper=runs.paper[runs.paper])
        for key, runs in ranked.items()
    }


def tallied(ranked: dict[Key, Ranked], metrics: Sequence[str]) -> dict[str, Tally]:
    """Sum metrics by user and estimate how seeds vary. Raise `SoftrecError` if methods ran with different seeds."""
    found = {}
    for dataset in dict.fromkeys(key[0] for key in ranked):
        names = [key[1:] for key in ranked if key[0] == dataset]
        runs = [ranked[dataset, *name] for name in names]
        for name, of in zip(names, runs, strict=True):
            if of.seeds != runs[0].seeds:
                what = f"{names[0]} ran with seeds {runs[0].seeds}, {name} with {of.seeds}"
                raise SoftrecError(what, where=dataset, remedy="run both with the same seeds")
        value, rows = {}, np.zeros(0)
        for metric in metrics:
            sums = [resampling.by_user(resampling.row_values(of.rank, metric), of.user) for of in runs]
            value[metric], rows = np.stack([one.value for one in sums]), sums[0].rows
        found[dataset] = Tally(names, value, rows, {})
    for metric in metrics:  # all data sets at once: whether methods vary alike is tested over the whole run
        varied = {
            dataset: variance_components.varied(tally.value[metric], tally.rows) for dataset, tally in found.items()
        }
        named = {dataset: tally.names for dataset, tally in found.items()}
        for dataset, spread in variance_pooling.settle(varied, named).items():
            found[dataset].spread[metric] = spread
    return found


def intervals(
    ranked: dict[Key, Ranked], tallies: dict[str, Tally], settings: SignificanceSettings
) -> list[IntervalRow]:
    """Return cells with percentile intervals over users, widened by the seeds' variance; `tallies` are of `ranked`."""
    found = []
    for dataset, tally in tallies.items():
        of_user = [
            np.stack([tally.value[metric][m].mean(axis=0) for metric in settings.metrics], axis=1)
            for m in range(len(tally.names))
        ]
        resampled = resampling.bootstrap(of_user, tally.rows, settings.resampling, dataset)
        for m, (method, backbone) in enumerate(tally.names):
            runs = ranked[dataset, method, backbone]
            size = (len(runs.user), len(tally.rows), len(runs.seeds))
            for k, metric in enumerate(settings.metrics):
                rng = seeds.stream(settings.resampling.seed, "runs", dataset, method, backbone, metric)
                value, spread = tally.value[metric][m], tally.spread[metric]
                cell = variance_components.estimate(value, tally.rows, spread, [m])
                means = resampling.with_runs(resampled[m][:, k], cell.seeds, float(spread.freedom[m]), rng)
                ends = resampling.interval(means)
                run = (
                    float(variance_components.between_users(value, tally.rows).mean()) ** 0.5,
                    (cell.seeds * size[2]) ** 0.5,
                )
                freedoms = (variance_components.users_freedom(tally.rows), float(spread.freedom[m]))
                parts = (cell.error, cell.freedom, *run, float(spread.noise[m]) ** 0.5, *freedoms)
                found.append(IntervalRow(method, backbone, dataset, metric, cell.value, *ends, *size, *parts))
    return found


def tests(ranked: dict[Key, Ranked], tallies: dict[str, Tally], settings: SignificanceSettings) -> list[Comparison]:
    """Test every comparison; all data sets, metrics and pairs are one Holm family. `tallies` are those of `ranked`."""
    found = []
    for dataset, tally in tallies.items():
        for a, b in resampling.pairs(tally.names, OURS):
            pair = ranked[dataset, *a], ranked[dataset, *b]
            found += [compared(dataset, (a, b), pair, tally, metric, settings) for metric in settings.metrics]
    corrected = resampling.holm([row.p for row in found])
    return [row._replace(p_holm=p) for row, p in zip(found, corrected, strict=True)]


def compared(
    dataset: str,
    names: tuple[tuple[str, str], tuple[str, str]],
    pair: tuple[Ranked, Ranked],
    tally: Tally,
    metric: str,
    settings: SignificanceSettings,
) -> Comparison:
    """Return one comparison; its p_holm is not yet corrected."""
    a, b = (tally.names.index(name) for name in names)
    apart, spread = tally.value[metric][a] - tally.value[metric][b], tally.spread[metric]
    found = variance_components.estimate(apart, tally.rows, spread, [a, b])
    low, high = resampling.t_interval(found)
    p = resampling.p_value(found, variance_components.differing(apart))
    mcnemar: Sequence[Any] = mcnemar_of(*pair, metric, settings) if metric.startswith("H@") else ("", "", "")
    return Comparison(
        dataset=dataset,
        backbone=names[0][1],
        metric=metric,
        other=names[1][0],
        other_backbone=names[1][1],
        difference=found.value,
        low=low,
        high=high,
        p=p,
        p_holm=p,
        rows=len(pair[0].user),
        users=len(tally.rows),
        seeds=len(pair[0].seeds),
        error=found.error,
        freedom=found.freedom,
        seeds_from="; ".join(dict.fromkeys((spread.source[a], spread.source[b]))),
        mcnemar_only_soft=mcnemar[0],
        mcnemar_only_other=mcnemar[1],
        mcnemar_p=mcnemar[2],
    )


def mcnemar_of(ours: Ranked, other: Ranked, metric: str, settings: SignificanceSettings) -> resampling.McNemar:
    """Run McNemar's test within the configured seed, on one row per user."""
    chosen = resampling.one_row_per_user(ours.user, settings.resampling.seed)
    at = ours.seeds.index(settings.mcnemar_seed)
    hits = (resampling.row_values(runs.rank[at, chosen], metric) > 0 for runs in (ours, other))
    return resampling.mcnemar(*hits)
