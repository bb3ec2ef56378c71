"""Variance of a mean over test rows and training runs, due to users and to seeds.

Users and seeds are crossed: each run (seed) of a method ranks the same rows. Their interaction, the chance in which
rows a run hits ("noise"), is part of both the variance between users and the variance between seeds. So the two are not
simply added: seeds add only their variance beyond the noise. This is the multireader multicase analysis of variance
(Dorfman, Berbaum and Metz, 1992; Hillis, 2007), with runs as readers and users as cases.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

POOLED = "pooled"  # source of a ratio that is estimated from several methods of a data set together


class Varied(NamedTuple):
    """Variation of the S seeds of M methods on one data set and metric, estimated for each method alone.

    Attributes:
        seeds: S.
        noise: (M,) variance of one run's mean due to chance in which rows a run hits.
        ratio: (M,) variance between the runs' means divided by `noise`: 1 on average where all runs are equally good,
            0 where there is no noise.
    """

    seeds: int
    noise: np.ndarray
    ratio: np.ndarray


class Spread(NamedTuple):
    """Variation of the seeds of M methods after pooling by `variance_pooling.settle`.

    Attributes:
        seeds: S.
        noise: (M,) as in `Varied`.
        ratio: (M,) as in `Varied`, pooled where methods vary alike.
        freedom: (M,) degrees of freedom of `ratio`; 0 where a method does not vary.
        source: (M,) what `ratio` is estimated from, one of the sources in `variance_pooling`.
    """

    seeds: int
    noise: np.ndarray
    ratio: np.ndarray
    freedom: np.ndarray
    source: tuple[str, ...]


class Estimate(NamedTuple):
    """A mean, or a difference of two means, with its standard error.

    Attributes:
        value: the mean or difference.
        error: its standard error.
        freedom: degrees of freedom of `error`.
        users: the users' part of the variance.
        seeds: what seeds add to the variance.
    """

    value: float
    error: float
    freedom: float
    users: float
    seeds: float


def between_users(value: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the variance (...) of sum(value) / sum(rows) over samples of users.

    `value` (..., U) has sums over a user's `rows` (U,). This is the linearised ratio estimator: a user contributes
    (value_u - rows_u mean) / R, with R = sum(rows). With one user the variance cannot be estimated, and 0 is returned.
    """
    total, users = rows.sum(), len(rows)
    if users < 2:
        return np.zeros(value.shape[:-1])
    left = value - value.sum(axis=-1, keepdims=True) / total * rows
    return users / (users - 1) * (left**2).sum(axis=-1) / total**2


def users_freedom(rows: np.ndarray) -> float:
    """Return the degrees of freedom of `between_users`: the effective number of users of equal size, minus one."""
    return float(rows.sum()) ** 2 / float((rows.astype(np.float64) ** 2).sum()) - 1


def differing(value: np.ndarray) -> int:
    """Count the users whose difference `value` (S, U), summed over seeds, is not 0."""
    return int((np.abs(value.sum(axis=0)) > 1e-12).sum())


def varied(value: np.ndarray, rows: np.ndarray) -> Varied:
    """Estimate how seeds vary from (M, S, U) sums by user of M methods (12 x 5 x 8,000 sums take 4 MB)."""
    methods, seeds, _ = value.shape
    if seeds < 2:
        return Varied(seeds, np.zeros(methods), np.zeros(methods))
    apart = value - value.mean(axis=1, keepdims=True)
    noise = between_users(apart, rows).sum(axis=1) / (seeds - 1)
    between = (value.sum(axis=2) / rows.sum()).var(axis=1, ddof=1)
    return Varied(seeds, noise, np.divide(between, noise, out=np.zeros(methods), where=noise > 0))


def satterthwaite(variance: float, parts: Iterable[tuple[float, float]]) -> float:
    """Return Satterthwaite's degrees of freedom of a sum of independent variance estimates.

    `parts` are pairs (estimate, its degrees of freedom); 0 if no part has any degrees of freedom.
    """
    below = sum(part**2 / freedom for part, freedom in parts if freedom > 0)
    return variance**2 / below if below > 0 else 0.0


def estimate(value: np.ndarray, rows: np.ndarray, spread: Spread, of: Sequence[int]) -> Estimate:
    """Estimate a mean over seeds, or a difference of two such means, with its standard error.

    V = V_users + sum over methods of (ratio - 1)+ noise / S. Satterthwaite's degrees of freedom are V^2 over the sum of
    parts^2 / freedom. The parts are V_users and, for each method, max(ratio, 1) noise / S; methods with a pooled ratio
    form one part, because their ratio is one estimate.

    Args:
        value: (S, U) sums by user, of one method or the difference of two.
        rows: (U,) number of rows of each user.
        spread: the seeds' variation of all methods.
        of: the methods in `value`, as indices into `spread`.
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
