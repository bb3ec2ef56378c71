"""What a difference is worth: the unit is the user, since test rows are windows and one user has many.

Intervals come from a bootstrap that resamples users with all their rows, and inside each replicate the seeds; p from a
permutation test that swaps two methods for whole users, over all rows and seeds of theirs; McNemar stays within one
seed and one row of each user, where its trials are independent. An interval is about users and seeds other than these,
p about other users and the seeds that ran.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from softrec import seeds

BLOCK = 500
LEVEL = 0.95


@dataclass(frozen=True)
class Resampling:
    """resamples: of bootstrap and permutation (10,000). seed: of all that is drawn."""

    resamples: int
    seed: int


class Interval(NamedTuple):
    """A percentile interval at the level 0.95."""

    low: float
    high: float


class Sums(NamedTuple):
    """A metric's values gathered by user: `value` (S, U) is the sum over a user's `rows` (U,), per seed."""

    value: np.ndarray
    rows: np.ndarray

    def mean(self) -> float:
        """The metric: the mean over rows, then over seeds."""
        return float(self.value.mean(axis=0).sum() / self.rows.sum())


def row_values(rank: np.ndarray, metric: str) -> np.ndarray:
    """What each 0-based rank contributes to "H@K" (0 or 1) or "NG@K" (1 / log2(rank + 2) within K), shape as `rank`."""
    name, _, k = metric.partition("@")
    hit = rank < int(k)
    return hit.astype(np.float64) if name == "H" else np.where(hit, 1 / np.log2(rank + 2.0), 0.0)


def by_user(values: np.ndarray, user: np.ndarray) -> Sums:
    """(S, R) values of rows of `user` (R,), gathered."""
    _, place = np.unique(user, return_inverse=True)
    count = int(place.max()) + 1
    return Sums(np.stack([np.bincount(place, row, count) for row in values]), np.bincount(place, minlength=count))


def bootstrap(sums: Sequence[Sums], how: Resampling) -> np.ndarray:
    """(B, A) resampled means of A methods on the same rows and seeds: paired, each replicate has its users and seeds.

    Users and seeds are crossed, not nested: a replicate draws U users with all their rows, and for all of them what
    other seeds would add (`seed_weights`). What user and seed have together is in both parts, so an interval is rather
    too wide than too narrow: no bootstrap of crossed effects is exact (McCullagh, 2000; Owen, 2007).
    """
    rng = seeds.stream(how.seed, "bootstrap")
    rows, (count, users) = sums[0].rows, sums[0].value.shape
    of_user = np.stack([s.value.mean(axis=0) for s in sums], axis=1)
    of_seed = np.stack([s.value.sum(axis=1) for s in sums], axis=1) / rows.sum()
    of_seed -= of_seed.mean(axis=0)
    parts = []
    for start in range(0, how.resamples, BLOCK):
        size = min(BLOCK, how.resamples - start)
        weight = rng.multinomial(users, np.full(users, 1 / users), size).astype(np.float64)
        parts.append((weight @ of_user) / (weight @ rows)[:, None] + seed_weights(rng, count, size) @ of_seed)
    return np.concatenate(parts)


def seed_weights(rng: np.random.Generator, count: int, size: int) -> np.ndarray:
    """(B, S) random weights that turn how far S seeds are from their mean, x_s - x, into t s / sqrt(S).

    That is how far the mean of S normal values is from its expectation: s is their standard deviation, t Student's with
    S - 1 degrees of freedom. Drawing S of S seeds with replacement would be too narrow where S is small: the variance
    of such a mean is (S - 1)/S of the unbiased one, and its tails are not those of t (Hesterberg, 2015: narrowness
    bias). One seed tells nothing of others: it is 0 from its mean.

    With g_s normal and c chi-squared with S - 1 degrees of freedom a weight is g_s / sqrt(S c): sum_s g_s (x_s - x) is
    normal with variance (S - 1) s^2, so the weighted sum is s / sqrt(S) times a standard normal over sqrt(c / (S - 1)),
    which is t.
    """
    return rng.normal(size=(size, count)) / np.sqrt(count * rng.chisquare(max(count - 1, 1), size))[:, None]


def interval(resampled: np.ndarray, lowest: float = -1.0) -> Interval:
    """The percentile interval of (B,) resampled values, cut to what there is: -1 (of a metric, `lowest` 0) to 1."""
    ends = np.quantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(*np.clip(ends, lowest, 1.0).tolist())


def permutation_p(a: Sums, b: Sums, how: Resampling) -> float:
    """Two-sided p of the difference of two methods, under which each user's two results could as well be swapped.

    The observed arrangement counts as one of them, so p is never 0: p = (1 + #{|d*| >= |d|}) / (1 + B).
    """
    rng = seeds.stream(how.seed, "permutation")
    difference = (a.value - b.value).mean(axis=0)
    difference = difference[difference != 0]
    if not len(difference):
        return 1.0
    observed, reached = abs(difference.sum()), 0
    for start in range(0, how.resamples, BLOCK):
        sign = rng.integers(0, 2, (min(BLOCK, how.resamples - start), len(difference))) * 2.0 - 1.0
        reached += int((np.abs(sign @ difference) >= observed * (1 - 1e-12)).sum())
    return (1 + reached) / (1 + how.resamples)


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
    that has no backbone. Methods are (method, backbone)."""
    for a in methods:
        if a[0] == ours:
            for b in methods:
                if b != a and b[1] in ("", a[1]):
                    yield a, b
