"""Variance components of training seed x sample of training rows x test users, all crossed, by analysis of variance.

Model of a user's result with seed i and sample j, all effects random with mean 0:

    y_uij = mean + user_u + seed_i + sample_j + (seed sample)_ij + (user seed)_ui + (user sample)_uj + rest_uij

Components are estimated by the method of moments: mean squares are set equal to their expectations (Searle, Casella and
McCulloch, 1992). Their intervals are generalised confidence intervals (Weerahandi, 1993): each mean square in the
estimate is multiplied by its degrees of freedom over a chi-squared draw, and the ends are percentiles of the results.
They assume that seeds and samples have normal effects. Users need not, because there are many.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from common.errors import SoftrecError
from softrec.core import seeds
from softrec.results.runs import Run
from softrec.stats import resampling, variance_components
from softrec.stats.method_comparison import OURS, Key, Ranked
from softrec.stats.resampling import LEVEL

DRAWS = 10_000  # of an interval
USERS, SEED, SAMPLE, BOTH, CHANCE = "test users", "seed", "training sample", "seed x sample", "chance"
USER_SAMPLE = "users x sample"
SOURCES = (USERS, SEED, SAMPLE, BOTH, USER_SAMPLE, CHANCE)
SQUARES = ("u", "s", "t", "st", "us", "ut", "ust")  # mean squares of users u, seeds s, samples t, and interactions


@dataclass(frozen=True)
class VarianceSettings:
    """Settings of the analysis.

    Attributes:
        cells: the run of each ranks file, in order.
        choices: the row of each choice file, in order.
        metrics: metrics to analyse.
        groups: data sets, by label, that differ only in their sample of training rows.
        seed: of the draws of intervals.
    """

    cells: list[Run] = field(default_factory=list)
    choices: list[Run] = field(default_factory=list)
    metrics: list[str] = field(default_factory=list)
    groups: list[list[str]] = field(default_factory=list)
    seed: int = 42


class ComponentRow(NamedTuple):
    """One variance component of a method's value, or of SOFT's difference to `other` ("" for a value alone).

    value: mean over all runs. source: one of SOURCES. variance: the estimate, of one training run's value on these test
    rows; it may be negative by chance. deviation: its square root, 0 if negative; low, high: its interval. No deviation
    is above 0.5 for a value and 1 for a difference, the largest of numbers between 0 and 1 and between -1 and 1.
    """

    datasets: str
    backbone: str
    method: str
    other: str
    metric: str
    value: float
    seeds: int
    samples: int
    rows: int
    users: int
    source: str
    variance: float
    deviation: float
    low: float
    high: float


class Squares(NamedTuple):
    """Mean squares and their degrees of freedom, by the names in SQUARES, of `users` U, `seeds` A and `samples` B."""

    value: dict[str, float]
    freedom: dict[str, float]
    users: int
    seeds: int
    samples: int


def mean_squares(value: np.ndarray, rows: np.ndarray) -> Squares:
    """Return the mean squares of (A, B, U) sums by user: A seeds, B samples, U users with `rows` (U,).

    A user's sum counts as mean + (sum - rows_u mean) U / R, the linearised ratio, whose mean over users is that over
    rows. 3 x 3 runs on 8,000 rows of 4,225 users are 0.3 MB.
    """
    a, b, u = value.shape
    means = value.sum(axis=-1, keepdims=True) / rows.sum()
    y = means + (value - rows * means) * u / rows.sum()
    grand, s, t, of_user = y.mean(), y.mean(axis=(1, 2)), y.mean(axis=(0, 2)), y.mean(axis=(0, 1))
    st, us, ut = y.mean(axis=2), y.mean(axis=1), y.mean(axis=0)
    apart = {
        "u": a * b * ((of_user - grand) ** 2).sum(),
        "s": b * u * ((s - grand) ** 2).sum(),
        "t": a * u * ((t - grand) ** 2).sum(),
        "st": u * ((st - s[:, None] - t + grand) ** 2).sum(),
        "us": b * ((us - s[:, None] - of_user + grand) ** 2).sum(),
        "ut": a * ((ut - t[:, None] - of_user + grand) ** 2).sum(),
    }
    rest = y - st[:, :, None] - us[:, None, :] - ut + s[:, None, None] + t[:, None] + of_user - grand
    sums = {**apart, "ust": (rest**2).sum()}
    exact = {"u": u - 1, "s": a - 1, "t": b - 1}
    exact |= {"st": exact["s"] * exact["t"], "us": exact["u"] * exact["s"], "ut": exact["u"] * exact["t"]}
    exact["ust"] = exact["us"] * exact["t"]
    # Users with many rows weigh more, so there are effectively fewer users.
    fewer = variance_components.users_freedom(rows) / exact["u"]
    freedom = {name: exact[name] * (fewer if "u" in name else 1) for name in SQUARES}
    return Squares({name: float(sums[name]) / exact[name] for name in SQUARES}, freedom, u, a, b)


def components(of: Mapping[str, float | np.ndarray], users: int, seeds: int, samples: int) -> dict[str, np.ndarray]:
    """Return each source's part of the variance of a single run's value on `users`, from mean squares `of`.

    Their expectations, with components v of the model, A seeds, B samples and U users: E[ust] = v_rest;
    E[us] = v_rest + B v_us; E[ut] = v_rest + A v_ut; E[st] = v_rest + U v_st; E[s] = E[us] + U v_st + U B v_s;
    E[t] = E[ut] + U v_st + U A v_t; E[u] = E[us] + A v_ut + A B v_u. Users x sample is v_ut / U, and chance, which is
    another one for each seed, (v_us + v_rest) / U.
    """
    rest = of["ust"]
    return {
        USERS: np.asarray((of["u"] - of["us"] - of["ut"] + rest) / (seeds * samples * users)),
        SEED: np.asarray((of["s"] - of["us"] - of["st"] + rest) / (samples * users)),
        SAMPLE: np.asarray((of["t"] - of["ut"] - of["st"] + rest) / (seeds * users)),
        BOTH: np.asarray((of["st"] - rest) / users),
        USER_SAMPLE: np.asarray((of["ut"] - rest) / (seeds * users)),
        CHANCE: np.asarray(((of["us"] - rest) / samples + rest) / users),
    }


def analyse(value: np.ndarray, rows: np.ndarray, rng: np.random.Generator) -> dict[str, tuple[float, float, float]]:
    """Return (variance, low, high) of each source for (A, B, U) sums by user; the interval is at LEVEL, from 0 on."""
    found = mean_squares(value, rows)
    size = (found.users, found.seeds, found.samples)
    estimates = components(found.value, *size)
    drawn = {
        name: found.value[name] * found.freedom[name] / rng.chisquare(found.freedom[name], DRAWS) for name in SQUARES
    }
    ends = {
        name: np.maximum(np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]), 0.0)
        for name, values in components(drawn, *size).items()
    }
    return {name: (float(estimates[name]), float(ends[name][0]), float(ends[name][1])) for name in SOURCES}


def tables(ranked: Mapping[Key, Ranked], group: list[str], metric: str) -> dict[tuple[str, str], np.ndarray]:
    """Return (A, B, U) sums by user of each method on a group of data sets.

    Raises:
        SoftrecError: the data sets were not tested on the same rows, or a method not with the same seeds on all.
    """
    found: dict[tuple[str, str], list[Ranked]] = {}
    for (dataset, method, backbone), runs in ranked.items():
        if dataset in group:
            found.setdefault((method, backbone), []).append(runs)
    first = next(iter(found.values()))[0]
    for key, of in found.items():
        if len(of) != len(group) or any(runs.seeds != first.seeds for runs in of):
            what = f"{' '.join(key)} did not run with the same seeds on all of {', '.join(group)}"
            raise SoftrecError(what, where="--settings", remedy="run each method with each seed on each sample")
        if any(not np.array_equal(runs.user, first.user) for runs in of):
            what = f"{', '.join(group)} were not tested on the same rows"
            raise SoftrecError(what, where="--ranks", remedy="let their data sets differ only in sample_seed")
    sums = lambda runs: resampling.by_user(resampling.row_values(runs.rank, metric), runs.user).value  # noqa: E731
    return {name: np.stack([sums(runs) for runs in of], axis=1) for name, of in found.items()}


def measure(ranked: Mapping[Key, Ranked], settings: VarianceSettings) -> list[ComponentRow]:
    """Analyse each method, and each difference of SOFT to another method of its backbone, on each group and metric."""
    found = []
    for group in settings.groups:
        user = next(runs.user for (dataset, *_), runs in ranked.items() if dataset in group)
        rows = np.unique(user, return_counts=True)[1]
        if len(rows) < 2:
            what = f"the test rows of {', '.join(group)} are of one user, whose variance cannot be estimated"
            raise SoftrecError(what, where="--ranks", remedy="test on rows of more users")
        for metric in settings.metrics:
            by_method = tables(ranked, group, metric)
            for (method, backbone), value in by_method.items():
                found += list(rows_of(group, (backbone, method, ""), metric, value, rows, settings.seed))
            for ours, other in resampling.pairs(list(by_method), OURS):
                names = (ours[1], ours[0], other[0])
                found += list(rows_of(group, names, metric, by_method[ours] - by_method[other], rows, settings.seed))
    return found


def rows_of(
    group: list[str], name: tuple[str, str, str], metric: str, value: np.ndarray, rows: np.ndarray, seed: int
) -> Iterator[ComponentRow]:
    """Yield the rows of one value or difference; `name` is its backbone, method and other method."""
    of = analyse(value, rows, seeds.stream(seed, "variance components", *group, *name, metric))
    mean = float(value.mean(axis=(0, 1)).sum() / rows.sum())
    size = (value.shape[0], value.shape[1], int(rows.sum()), len(rows))
    for source, (variance, *ends) in of.items():
        most = 1.0 if name[2] else 0.5  # no difference of two shares, and no share, varies more
        deviations = [min(most, max(0.0, one) ** 0.5) for one in (variance, *ends)]
        yield ComponentRow(", ".join(group), *name, metric, mean, *size, source, variance, *deviations)
