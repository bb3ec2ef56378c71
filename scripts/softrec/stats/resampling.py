"""Bootstrap and tests with the user as the unit: test rows are windows, and a user has many.

Sums of metrics by user, the bootstrap over users for the intervals of single cells, Holm's correction of a family of
tests, and McNemar's test, which uses one seed and one row per user, where its trials are independent. The test of a
difference takes its standard error from `variance_components.estimate`; see `p_value` and `t_interval`.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from softrec.core import seeds
from softrec.evaluation import metrics
from softrec.stats import student_t
from softrec.stats.variance_components import Estimate

BLOCK = 4_000_000  # weights drawn at once, 32 MB: 500 resamples of 8,000 users
LEVEL = 0.95  # of all intervals
LEAST_FREEDOM = 0.5  # with fewer degrees of freedom Student's quantiles exceed the range of any metric


@dataclass(frozen=True)
class Resampling:
    """Settings: the number of bootstrap resamples (100,000), and the seed of every random draw."""

    resamples: int
    seed: int


class Interval(NamedTuple):
    """A confidence interval at the level 0.95."""

    low: float
    high: float


class Sums(NamedTuple):
    """A metric summed by user: `value` (S, U) is the sum over a user's `rows` (U,), per seed."""

    value: np.ndarray
    rows: np.ndarray


def row_values(rank: np.ndarray, metric: str) -> np.ndarray:
    """Return the contribution of each 0-based rank to "H@K" (0 or 1) or "NG@K" (1 / log2(rank + 2) if rank < K)."""
    name, _, k = metric.partition("@")
    return metrics.hits(rank, int(k)) if name == "H" else metrics.gains(rank, int(k))


def by_user(values: np.ndarray, user: np.ndarray) -> Sums:
    """Sum (S, R) values of rows by their `user` (R,)."""
    _, place = np.unique(user, return_inverse=True)
    count = int(place.max()) + 1
    return Sums(np.stack([np.bincount(place, row, count) for row in values]), np.bincount(place, minlength=count))


def bootstrap(of_user: Sequence[np.ndarray], rows: np.ndarray, how: Resampling, name: str) -> list[np.ndarray]:
    """Return, for each cell's (U, K) sums by user of K metrics, (B, K) means over resampled users with all their rows.

    All cells share the same draws of users, which depend only on `name` (of the data set) and the number of users, not
    on the set of cells. Each cell has its own matrix product of the same shape, so that its last bits do not depend on
    the other cells either.

    Args:
        of_user: the sums of each cell.
        rows: (U,) number of rows of each user.
        how: number of resamples B, and seed.
        name: of the data set, part of the random stream.
    """
    rng, users = seeds.stream(how.seed, "bootstrap", name), len(rows)
    found = [np.empty((how.resamples, value.shape[1])) for value in of_user]
    size = max(1, BLOCK // users)
    for start in range(0, how.resamples, size):
        count = min(size, how.resamples - start)
        drawn = rng.integers(0, users, (count, users))
        drawn += np.arange(count)[:, None] * users  # one bincount counts the draws of all resamples
        weight = np.bincount(drawn.ravel(), minlength=count * users).reshape(count, users).astype(np.float64)
        total = (weight @ rows)[:, None]
        for value, means in zip(of_user, found, strict=True):
            means[start : start + count] = (weight @ value) / total
    return found


def with_runs(means: np.ndarray, beyond: float, freedom: float, rng: np.random.Generator) -> np.ndarray:
    """Add the seeds' variation to (B,) resampled means: Student's t variates times the root of `beyond`.

    `beyond` is the variance that seeds add to that of the users, with `freedom` degrees of freedom.
    """
    if beyond <= 0:
        return means
    t = rng.normal(size=len(means)) / np.sqrt(rng.chisquare(freedom, len(means)) / freedom)
    return means + beyond**0.5 * t


def interval(resampled: np.ndarray) -> Interval:
    """Return the percentile interval of (B,) resampled values of a metric, clipped to [0, 1]."""
    ends = np.quantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(*np.clip(ends, 0.0, 1.0).tolist())


def p_value(found: Estimate, differing: int) -> float:
    """Return the two-sided p of a difference by Student's t; the standard error is over users and seeds together.

    `differing` is k, the number of users whose results differ between the two methods. Swapping the methods for each of
    these users gives 2^k equally likely sign patterns, so no p below 2^(1 - k) can be supported. The p of t may be
    lower if all users agree, so it is raised to this bound.
    """
    if not differing or found.freedom < LEAST_FREEDOM:
        return 1.0
    p = student_t.two_sided(found.value / found.error, found.freedom) if found.error > 0 else float(found.value == 0)
    return min(1.0, max(p, 2.0 ** (1 - differing)))


def t_interval(found: Estimate) -> Interval:
    """Return the interval of a difference by the same t as its p, clipped to [-1, 1]."""
    if found.freedom < LEAST_FREEDOM:
        return Interval(-1.0, 1.0)
    half = student_t.quantile(LEVEL, found.freedom) * found.error
    return Interval(max(-1.0, found.value - half), min(1.0, found.value + half))


def holm(p: Sequence[float]) -> list[float]:
    """Apply Holm's correction: the i-th smallest p of m is multiplied by m - i + 1, kept monotone, at most 1."""
    order = np.argsort(p, kind="stable")
    corrected, highest = np.empty(len(p)), 0.0
    for place, index in enumerate(order):
        highest = max(highest, min(1.0, p[index] * (len(p) - place)))
        corrected[index] = highest
    return corrected.tolist()


class McNemar(NamedTuple):
    """Result of the exact McNemar test: rows that only a hits, rows that only b hits, and the two-sided p."""

    only_a: int
    only_b: int
    p: float


def mcnemar(a: np.ndarray, b: np.ndarray) -> McNemar:
    """Run the exact McNemar test on (U,) hits of two methods, one row per user, within one seed.

    Under the null hypothesis each of the n discordant rows is a fair coin flip:
    p = min(1, 2 P[Binomial(n, 1/2) <= fewer]).
    """
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    n, fewer = only_a + only_b, min(only_a, only_b)
    tail = sum(math.comb(n, k) for k in range(fewer + 1)) / 2**n
    return McNemar(only_a, only_b, min(1.0, 2 * tail))


def one_row_per_user(user: np.ndarray, seed: int) -> np.ndarray:
    """Draw the index of one row per user, ascending by user, from a separate random stream."""
    order = seeds.stream(seed, "one row per user").permutation(len(user))
    _, first = np.unique(user[order], return_index=True)
    return order[first]


def pairs(methods: Sequence[tuple[str, str]], ours: str) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """Yield (ours, other) of every comparison; methods are (method, backbone).

    `ours` of each backbone is compared with the other methods of that backbone, and with every method without one.
    """
    for a in methods:
        if a[0] == ours:
            for b in methods:
                if b != a and b[1] in ("", a[1]):
                    yield a, b
