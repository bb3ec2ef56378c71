"""How far a mean over test rows and training runs may be from what other users and other runs would give.

Users and seeds are crossed: each run (seed) of a method ranks the same rows. What user and seed have together, which
rows a run happens to hit, is in the variance between users as well as in that between seeds; so the two are not added:
seeds add what they vary beyond it. This is the analysis of variance of readers and cases (Dorfman, Berbaum and Metz,
1992; Hillis, 2007), with runs for readers and users for cases.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

POOLED = "pooled"  # the source of a ratio that all methods of a data set share


class Varied(NamedTuple):
    """How the S seeds of M methods vary on one data set and metric, each method for itself.

    noise (M,): variance of one run's mean that comes from which rows a run happens to hit. ratio (M,): variance of the
    runs' means over `noise`, 1 on average where no run is better than another; 0 where there is no noise.
    """

    seeds: int
    noise: np.ndarray
    ratio: np.ndarray


class Spread(NamedTuple):
    """How the seeds of M methods vary, as it is taken to be after `pooling.settle`.

    ratio, freedom (M,): as in `Varied`, and how many degrees of freedom it rests on; 0 where a method does not vary.
    source (M,): what it is estimated from, one of `pooling`'s sources.
    """

    seeds: int
    noise: np.ndarray
    ratio: np.ndarray
    freedom: np.ndarray
    source: tuple[str, ...]


class Estimate(NamedTuple):
    """A mean or a difference of two: its standard error and the error's degrees of freedom; what part of the variance
    the users have, and what the seeds have beyond it.
    """

    value: float
    error: float
    freedom: float
    users: float
    seeds: float


def between_users(value: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Variance of sum(value) / sum(rows) over other users, (...): `value` (..., U) has sums over a user's `rows` (U,).

    The ratio estimator, linearised: a user adds (value_u - rows_u mean) / R. One user tells nothing of others: 0.
    """
    total, users = rows.sum(), len(rows)
    if users < 2:
        return np.zeros(value.shape[:-1])
    left = value - value.sum(axis=-1, keepdims=True) / total * rows
    return users / (users - 1) * (left**2).sum(axis=-1) / total**2


def users_freedom(rows: np.ndarray) -> float:
    """Degrees of freedom of `between_users`: how many users of equal size would weigh as these do, less one."""
    return float(rows.sum()) ** 2 / float((rows.astype(np.float64) ** 2).sum()) - 1


def differing(value: np.ndarray) -> int:
    """How many users a difference is not 0 for, over all seeds: `value` (S, U)."""
    return int((np.abs(value.sum(axis=0)) > 1e-12).sum())


def varied(value: np.ndarray, rows: np.ndarray) -> Varied:
    """How seeds vary, of (M, S, U) sums by user of M methods (12 x 5 x 8,000 of them are 4 MB)."""
    methods, seeds, _ = value.shape
    if seeds < 2:
        return Varied(seeds, np.zeros(methods), np.zeros(methods))
    apart = value - value.mean(axis=1, keepdims=True)
    noise = between_users(apart, rows).sum(axis=1) / (seeds - 1)
    between = (value.sum(axis=2) / rows.sum()).var(axis=1, ddof=1)
    return Varied(seeds, noise, np.divide(between, noise, out=np.zeros(methods), where=noise > 0))


def satterthwaite(variance: float, parts: Iterable[tuple[float, float]]) -> float:
    """Degrees of freedom of a variance whose parts (part, its degrees of freedom) are independent estimates; 0 where
    none has any.
    """
    below = sum(part**2 / freedom for part, freedom in parts if freedom > 0)
    return variance**2 / below if below > 0 else 0.0


def estimate(value: np.ndarray, rows: np.ndarray, spread: Spread, of: Sequence[int]) -> Estimate:
    """A mean over seeds, or a difference of two, with its error.

    value (S, U): sums by user, made of those of the methods `of` (numbers in `spread`), of users with `rows` (U,).
    V = V_users + sum over methods of (ratio - 1)+ noise / S. Satterthwaite's degrees of freedom are V^2 over the sum of
    parts^2 / freedom: the part of the users, and for each method max(ratio, 1) noise / S, methods whose ratio is one
    estimate together.
    """
    mean = value.mean(axis=0)
    users, beyond = float(between_users(mean, rows)), 0.0
    parts: dict[str | int, tuple[float, float]] = {"users": (users, users_freedom(rows))}
    for m in of:
        if spread.freedom[m] > 0:
            noise, ratio = spread.noise[m] / spread.seeds, max(float(spread.ratio[m]), 1.0)
            beyond += (ratio - 1) * noise
            key = POOLED if spread.source[m] == POOLED else m
            parts[key] = (parts.get(key, (0.0, 0.0))[0] + ratio * noise, float(spread.freedom[m]))
    variance = users + beyond
    freedom = satterthwaite(variance, parts.values()) or users_freedom(rows)
    return Estimate(float(mean.sum() / rows.sum()), variance**0.5, freedom, users, beyond)
