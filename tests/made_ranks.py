"""Test results with a known truth: hits of methods over rows of users, as real ones hang together.

A row is hit within 20 where a normal value is above a threshold; the value has parts of the user and the row (what is
easy for all), of the method and the row (what a method knows), of run and row (chance) and of the run (a lucky seed).
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

LONGEST = 20
METRICS = ("H@5", "H@20", "NG@5", "NG@20")


@dataclass(frozen=True)
class Shape:
    """What a data set is made with.

    rows, seeds: how many. hit (M,): each method's true H@5, of which its H@20 is `tail` times. per_user: mean rows of a
    user. Shares of a value's variance: `lucky` (M,) of the run; `easy` of user and row; `known` of method and row; the
    rest is chance.
    """

    rows: int
    seeds: int
    hit: np.ndarray
    lucky: np.ndarray
    easy: float = 0.3
    known: float = 0.3
    tail: float = 2.2
    per_user: float = 1.5


def thresholds(hit: float, tail: float) -> np.ndarray:
    """(20,) ascending: above the k-th from the end the target is ranked within k: P(rank < K) = hit (K / 5)^g."""
    power = np.log(tail) / np.log(4)
    return np.array([-NormalDist().inv_cdf(hit * (k / 5) ** power) for k in range(LONGEST, 0, -1)])


def worth() -> np.ndarray:
    """(4, 21) what rank 0 to 19, or none within 20, is worth at each metric."""
    rank = np.arange(LONGEST + 1)
    return np.stack([(rank < int(m.split("@")[1])) * (1.0 if m[0] == "H" else 1 / np.log2(rank + 2)) for m in METRICS])


def data_set(rng: np.random.Generator, shape: Shape) -> tuple[np.ndarray, np.ndarray]:
    """(4, M, S, U) sums by user of each metric, and the rows of each user (U,)."""
    methods, users = len(shape.hit), max(2, int(shape.rows / shape.per_user))
    user = rng.choice(users, shape.rows, p=rng.dirichlet(np.full(users, 2.0)))
    _, user, rows = np.unique(user, return_inverse=True, return_counts=True)
    normal = lambda *size: rng.standard_normal(size, np.float32)  # noqa: E731
    easy = np.sqrt(shape.easy / 2) * (normal(len(rows))[user] + normal(shape.rows))
    sums = np.zeros((4, methods, shape.seeds, len(rows)))
    score = worth()
    for m in range(methods):
        fixed = easy + np.sqrt(shape.known) * normal(shape.rows)
        cut = thresholds(float(shape.hit[m]), shape.tail)
        for s in range(shape.seeds):
            chance = np.sqrt(1 - shape.easy - shape.known - shape.lucky[m])
            value = fixed + chance * normal(shape.rows) + np.sqrt(shape.lucky[m]) * float(normal(1)[0])
            found = np.flatnonzero(value > cut[0])
            rank = LONGEST - np.searchsorted(cut, value[found])
            for k in range(4):
                sums[k, m, s] = np.bincount(user[found], score[k, rank], len(rows))
    return sums, rows
