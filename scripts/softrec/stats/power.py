"""Power of the tests of a run: how often a repeated experiment would find a difference, with more or fewer test rows.

A repeated experiment is simulated from the run itself. It draws users with replacement, each with all their rows and
with the results that both methods had on them (paired), as many as have the rows asked about on average, and as many
new training runs as this run has. The test is that of `method_comparison`: difference over standard error, over users
and seeds.

A difference d is simulated by adding d minus the observed difference to every row. The deviation x of an experiment's
mean and its standard error do not depend on d, so one simulation answers for every d: it is found where |d + x| exceeds
Student's quantile times the standard error.

Not simulated: another sample of training rows, another choice of hyperparameters, other items; users unlike those of
this run; that a larger difference changes the scatter too. The estimates of the run are taken as the truth.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from softrec.core import seeds
from softrec.results.runs import Run
from softrec.stats import resampling, student_t, variance_components
from softrec.stats.method_comparison import OURS, Tally
from softrec.stats.resampling import BLOCK, LEAST_FREEDOM, LEVEL
from softrec.stats.variance_components import POOLED, Spread

EXPERIMENTS = 10_000  # a simulated share has a standard error of at most half a percent
GOAL = 0.8  # share of experiments that should find a difference that is called detectable
LEAST_DIFFERING = 6  # users: with k of them no p is below 2^(1 - k), and 2^-5 is the first below 0.05


@dataclass(frozen=True)
class PowerSettings:
    """Settings: as those of `method_comparison.SignificanceSettings`, and numbers of test rows to ask about."""

    cells: list[Run]
    choices: list[Run]
    metrics: list[str]
    rows: list[int]
    seed: int


class PowerRow(NamedTuple):
    """The power of one comparison at one number of `rows`.

    difference: SOFT minus the other method in this run, of `run_rows` rows of `users` users and `seeds` seeds;
    differing: users whose results differ. power: share of experiments that find this difference (p < 0.05, not
    corrected). detectable: the difference that GOAL of them find, with the sign of the observed one; "" if none from -1
    to 1 is. Both are "" if fewer than LEAST_DIFFERING users differ, because so few say too little of the scatter.
    """

    dataset: str
    backbone: str
    metric: str
    other: str
    other_backbone: str
    difference: float
    run_rows: int
    users: int
    differing: int
    seeds: int
    rows: int
    power: float | str
    detectable: float | str


class Experiments(NamedTuple):
    """Simulated experiments: the deviation (B,) of the mean difference, and half the interval (B,) of the test.

    `half` is infinite where the test cannot find any difference.
    """

    deviation: np.ndarray
    half: np.ndarray

    def power(self, difference: float) -> float:
        """Return the share of experiments that find a true difference."""
        return float((np.abs(difference + self.deviation) > self.half).mean())

    def detectable(self, sign: float) -> float:
        """Return the least difference of this sign that `GOAL` of the experiments find; infinite if there is none."""
        needed = np.sort(self.half - sign * self.deviation)
        return sign * float(needed[math.ceil(GOAL * len(needed)) - 1])


class Seeds(NamedTuple):
    """How training runs vary in a difference, as a run's estimates have it.

    Attributes:
        true: variance of the mean difference over all seeds that runs add beyond chance.
        parts: for each independent estimate of the ratio, its degrees of freedom and the (ratio, noise / S) of the
            methods that share it.
    """

    true: float
    parts: list[tuple[float, list[tuple[float, float]]]]


def measure(tallies: dict[str, Tally], settings: PowerSettings) -> list[PowerRow]:
    """Simulate every comparison of `method_comparison.tests` at this run's number of rows and at each of `rows`."""
    found = []
    for dataset, tally in tallies.items():
        asked = dict.fromkeys((int(tally.rows.sum()), *settings.rows))
        by_rows = [at_rows(dataset, tally, rows, settings) for rows in asked]
        found += [row for comparison in zip(*by_rows, strict=True) for row in comparison]
    return found


def at_rows(dataset: str, tally: Tally, rows: int, settings: PowerSettings) -> Iterator[PowerRow]:
    """Simulate the comparisons of a data set at one number of rows; all share the same draws of users."""
    run_rows, users = int(tally.rows.sum()), len(tally.rows)
    asked = [(pair, metric) for pair in resampling.pairs(tally.names, OURS) for metric in settings.metrics]
    places = [tuple(tally.names.index(name) for name in pair) for pair, _ in asked]
    apart = [tally.value[metric][a] - tally.value[metric][b] for (_, metric), (a, b) in zip(asked, places, strict=True)]
    drawn = max(2, round(rows * users / run_rows))
    rng = seeds.stream(settings.seed, "power", dataset, rows)
    sums = user_sums([value.mean(axis=0) for value in apart], tally.rows, drawn, rng)
    for (pair, metric), place, value, of in zip(asked, places, apart, sums, strict=True):
        (_, backbone), (other, other_backbone) = pair
        differing, runs = variance_components.differing(value), seeds_of(tally.spread[metric], place, rows / run_rows)
        difference = float(value.mean(axis=0).sum() / run_rows)
        power: float | str = ""
        detectable: float | str = ""
        if differing >= LEAST_DIFFERING and users > 1:
            rng = seeds.stream(settings.seed, "power of runs", dataset, *pair[0], *pair[1], metric, rows)
            simulated = experiments(of, difference, drawn, runs, rng)
            power, least = simulated.power(difference), simulated.detectable(-1.0 if difference < 0 else 1.0)
            detectable = least if abs(least) <= 1 else ""
        yield PowerRow(
            dataset, backbone, metric, other, other_backbone, difference, run_rows, users, differing, value.shape[0],
            rows, power, detectable,
        )  # fmt: skip


def user_sums(apart: Sequence[np.ndarray], rows: np.ndarray, drawn: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Draw users, and return for each comparison (B, 6) sums over an experiment's users.

    The sums are those of r, r^2, d, d^2, d r, and of whether d is not 0, with a user's rows r and difference d (summed
    over rows, averaged over seeds). A block of draws has at most `BLOCK` counts: 946 experiments of Kindle's 4,225
    users, 32 MB. The sums of 56 comparisons take 27 MB. Each comparison has its own matrix product, so that its last
    bits do not depend on the others.

    Args:
        apart: (U,) d of each comparison.
        rows: (U,) r.
        drawn: number of users of an experiment.
        rng: draws them.
    """
    users, r = len(rows), rows.astype(np.float64)
    of = [np.stack([r, r**2, d, d**2, d * r, (np.abs(d) > 1e-12)], axis=1) for d in apart]
    found = [np.empty((EXPERIMENTS, 6)) for _ in of]
    size = max(1, BLOCK // users)
    for start in range(0, EXPERIMENTS, size):
        count = min(size, EXPERIMENTS - start)
        times = rng.multinomial(drawn, np.full(users, 1 / users), count).astype(np.float64)
        for values, sums in zip(of, found, strict=True):
            sums[start : start + count] = times @ values
    return found


def seeds_of(spread: Spread, of: Sequence[int], times: float) -> Seeds:
    """Return how the seeds of the methods `of` vary in experiments of `times` as many rows as the run has.

    What runs truly add to the variance, (ratio - 1)+ noise, stays. Noise, the chance in which rows a run hits, is
    divided by `times`, so the ratio that such an experiment estimates is larger.
    """
    true = 0.0
    parts: dict[str | int, tuple[float, list[tuple[float, float]]]] = {}
    for m in of:
        if spread.freedom[m] > 0:
            noise, beyond = float(spread.noise[m]) / spread.seeds, max(float(spread.ratio[m]) - 1, 0.0)
            true += beyond * noise
            key = POOLED if spread.source[m] == POOLED else m
            parts.setdefault(key, (float(spread.freedom[m]), []))[1].append((1 + beyond * times, noise / times))
    return Seeds(true, list(parts.values()))


def experiments(sums: np.ndarray, difference: float, drawn: int, runs: Seeds, rng: np.random.Generator) -> Experiments:
    """Test each of B experiments as `variance_components.estimate` and `resampling.p_value` do.

    Args:
        sums: (B, 6) of `user_sums`.
        difference: the observed one, from which the means deviate.
        drawn: number of users of an experiment.
        runs: how seeds vary.
        rng: draws the seeds of each experiment, and its estimates of their variance.
    """
    r, rr, d, dd, dr, differing = sums.T
    mean, users_freedom = d / r, r**2 / rr - 1
    users = np.maximum(drawn / (drawn - 1) * (dd - 2 * mean * dr + mean**2 * rr) / r**2, 0.0)
    variance, below = (
        users.copy(),
        np.divide(users**2, users_freedom, out=np.zeros_like(users), where=users_freedom > 0),
    )
    for freedom, methods in runs.parts:
        estimated = rng.chisquare(freedom, len(sums)) / freedom
        part = sum(np.maximum(ratio * estimated, 1.0) * noise for ratio, noise in methods)
        variance += part - sum(noise for _, noise in methods)
        below += part**2 / freedom
    freedom = np.divide(variance**2, below, out=np.zeros_like(below), where=below > 0)
    finds = (freedom >= LEAST_FREEDOM) & (np.rint(differing) >= LEAST_DIFFERING)
    half = np.where(finds, quantiles(np.maximum(freedom, LEAST_FREEDOM)) * np.sqrt(variance), np.inf)
    return Experiments(mean - difference + runs.true**0.5 * rng.standard_normal(len(sums)), half)


def quantiles(freedom: np.ndarray) -> np.ndarray:
    """Return `student_t.quantile` at LEVEL for (B,) degrees of freedom from LEAST_FREEDOM on, interpolated.

    The logarithm of the quantile is nearly linear in 1 / freedom between the 1,001 nodes: errors are below 1e-5 of it.
    """
    inverse, logarithm = nodes()
    return np.exp(np.interp(1 / freedom, inverse, logarithm))


@lru_cache
def nodes() -> tuple[np.ndarray, np.ndarray]:
    """Return the nodes of `quantiles`: 1 / freedom, and the logarithm of the quantile."""
    inverse = np.linspace(1e-6, 1 / LEAST_FREEDOM, 1001)
    return inverse, np.log([student_t.quantile(LEVEL, 1 / one) for one in inverse.tolist()])
