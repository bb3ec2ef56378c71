"""What a number is worth: the unit is the user, since test rows are windows and one user has many.

Metrics gathered by user, the bootstrap of users behind the intervals of single cells, Holm's correction of a family of
tests, and McNemar's test, which stays within one seed and one row of each user, where its trials are independent. The
test of a difference is `components.estimate`, read by `p_value` and `t_interval`.
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
LEVEL = 0.95
LEAST_FREEDOM = 0.5  # with less, Student's quantiles leave the range of any metric


@dataclass(frozen=True)
class Resampling:
    """resamples: of the bootstrap (100,000). seed: of all that is drawn."""

    resamples: int
    seed: int


class Interval(NamedTuple):
    """An interval at the level 0.95."""

    low: float
    high: float


class Sums(NamedTuple):
    """A metric's values gathered by user: `value` (S, U) is the sum over a user's `rows` (U,), per seed."""

    value: np.ndarray
    rows: np.ndarray


def row_values(rank: np.ndarray, metric: str) -> np.ndarray:
    """What each 0-based rank contributes to "H@K" (0 or 1) or "NG@K" (1 / log2(rank + 2) within K), shape as `rank`."""
    name, _, k = metric.partition("@")
    return metrics.hits(rank, int(k)) if name == "H" else metrics.gains(rank, int(k))


def by_user(values: np.ndarray, user: np.ndarray) -> Sums:
    """(S, R) values of rows of `user` (R,), gathered."""
    _, place = np.unique(user, return_inverse=True)
    count = int(place.max()) + 1
    return Sums(np.stack([np.bincount(place, row, count) for row in values]), np.bincount(place, minlength=count))


def bootstrap(of_user: Sequence[np.ndarray], rows: np.ndarray, how: Resampling, name: str) -> list[np.ndarray]:
    """For each (U, K) of `of_user`, sums by user of K metrics, (B, K) means over resampled users with all their rows.

    Users are drawn once for all; the draws depend on `name` (of the data set) and the number of users, never on which
    cells there are. Each cell is a product of the same shape, so its last bits do not depend on the others either.
    """
    rng, users = seeds.stream(how.seed, "bootstrap", name), len(rows)
    found = [np.empty((how.resamples, value.shape[1])) for value in of_user]
    size = max(1, BLOCK // users)
    for start in range(0, how.resamples, size):
        count = min(size, how.resamples - start)
        drawn = rng.integers(0, users, (count, users))
        drawn += np.arange(count)[:, None] * users
        weight = np.bincount(drawn.ravel(), minlength=count * users).reshape(count, users).astype(np.float64)
        total = (weight @ rows)[:, None]
        for value, means in zip(of_user, found, strict=True):
            means[start : start + count] = (weight @ value) / total
    return found


def with_runs(means: np.ndarray, beyond: float, freedom: float, rng: np.random.Generator) -> np.ndarray:
    """(B,) resampled means, moved by what other seeds would add beyond it: Student's t times the root of `beyond`."""
    if beyond <= 0:
        return means
    t = rng.normal(size=len(means)) / np.sqrt(rng.chisquare(freedom, len(means)) / freedom)
    return means + beyond**0.5 * t


def interval(resampled: np.ndarray) -> Interval:
    """The percentile interval of (B,) resampled values of a metric, cut to 0 and 1."""
    ends = np.quantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(*np.clip(ends, 0.0, 1.0).tolist())


def p_value(found: Estimate, differing: int) -> float:
    """Two-sided p of a difference by Student's t; its error is over users and seeds together.

    `differing` users, k of them, have other results with one method than with the other. Swapping the methods for each
    of them gives 2^k equally likely arrangements: they cannot show a p below 2^(1 - k), as t's may be if all agree.
    """
    if not differing or found.freedom < LEAST_FREEDOM:
        return 1.0
    p = student_t.two_sided(found.value / found.error, found.freedom) if found.error > 0 else float(found.value == 0)
    return min(1.0, max(p, 2.0 ** (1 - differing)))


def t_interval(found: Estimate) -> Interval:
    """The interval of a difference, as its p sees it: t times the error to either side, cut to -1 and 1."""
    if found.freedom < LEAST_FREEDOM:
        return Interval(-1.0, 1.0)
    half = student_t.quantile(LEVEL, found.freedom) * found.error
    return Interval(max(-1.0, found.value - half), min(1.0, found.value + half))


def holm(p: Sequence[float]) -> list[float]:
    """Holm's correction: the i-th smallest of m is multiplied by m - i + 1, never below an earlier one, at most 1."""
    order = np.argsort(p, kind="stable")
    corrected, highest = np.empty(len(p)), 0.0
    for place, index in enumerate(order):
        highest = max(highest, min(1.0, p[index] * (len(p) - place)))
        corrected[index] = highest
    return corrected.tolist()


class McNemar(NamedTuple):
    """Exact McNemar test: rows that only a hits, rows that only b hits, and the two-sided p."""

    only_a: int
    only_b: int
    p: float


def mcnemar(a: np.ndarray, b: np.ndarray) -> McNemar:
    """Of (U,) hits of two methods, one row per user, within one seed.

    Under the null hypothesis each of n discordant rows is a fair coin: p = min(1, 2 P[Binomial(n, 1/2) <= fewer]).
    """
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    n, fewer = only_a + only_b, min(only_a, only_b)
    tail = sum(math.comb(n, k) for k in range(fewer + 1)) / 2**n
    return McNemar(only_a, only_b, min(1.0, 2 * tail))


def one_row_per_user(user: np.ndarray, seed: int) -> np.ndarray:
    """Indices of one row of each user, drawn from a stream of its own; ascending by user."""
    order = seeds.stream(seed, "one row per user").permutation(len(user))
    _, first = np.unique(user[order], return_index=True)
    return order[first]


def pairs(methods: Sequence[tuple[str, str]], ours: str) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """(ours, other) of every comparison: `ours` of each backbone with the rest of that backbone, and with every method
    that has no backbone. Methods are (method, backbone).
    """
    for a in methods:
        if a[0] == ours:
            for b in methods:
                if b != a and b[1] in ("", a[1]):
                    yield a, b
