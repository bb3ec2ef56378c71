"""Interactions of a user with equal times: their number, and a seeded order that carries no information.

Data with times in whole seconds or days have many. Sorted by item id they hold a pattern, "the next id is higher",
which ID-based sequential recommenders can learn and language models, which read titles, cannot. Equal times are
therefore ordered by a hash that depends only on a seed and the source ids of user and item. Each user has a different
order, because one order for all users ("this item precedes that one") could be learned too.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from softrec.core import seeds

GAMMA = 0x9E3779B97F4A7C15
"""2^64 divided by the golden ratio: the increment of splitmix64."""


def mix(number: np.ndarray) -> np.ndarray:
    """Apply the output function of splitmix64 (Steele, Lea and Flood, 2014) to (n,) uint64.

    It is a bijection, and every bit of the result depends on every bit of the number.
    """
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))


def hash_names(seed: int, kind: str, names: Iterable[str]) -> np.ndarray:
    """Return (n,) uint64 hashes of source ids: the seeds derived from `seed`, "ties", `kind` and the id."""
    return np.fromiter((seeds.derive(seed, "ties", kind, name) for name in names), np.uint64)


def hash_numbers(seed: int, kind: str, number: np.ndarray) -> np.ndarray:
    """Return (n,) uint64 hashes of integers, without collisions: hash of n = n-th output of splitmix64 from a seed."""
    return mix(number.astype(np.uint64) * np.uint64(GAMMA) + np.uint64(seeds.derive(seed, "ties", kind)))


def hash_pairs(user: np.ndarray, item: np.ndarray) -> np.ndarray:
    """Return (n,) uint64 hashes of interactions from the hashes of their users and items; n is 2.16 M for Kindle."""
    return mix(mix(user) + item)


@dataclass(frozen=True)
class Ties:
    """Counts of interactions with the same time stamp as another interaction of their user.

    Attributes:
        rows: interactions whose user has another one at the same time.
        share_of_rows: their share of all interactions.
        pairs: pairs of consecutive interactions of a user at the same time.
        share_of_pairs: their share of all pairs of consecutive interactions of a user.
    """

    rows: int
    share_of_rows: float
    pairs: int
    share_of_pairs: float

    @classmethod
    def of(cls, user: np.ndarray, timestamp: np.ndarray) -> "Ties":
        """Count ties among (n,) interactions sorted by (user, timestamp)."""
        neighbours = user[1:] == user[:-1]
        equal = neighbours & (timestamp[1:] == timestamp[:-1])
        rows = int(np.count_nonzero(np.append(equal, False) | np.append(False, equal)))
        pairs, among = int(np.count_nonzero(equal)), int(np.count_nonzero(neighbours))
        return cls(rows, rows / max(len(user), 1), pairs, pairs / max(among, 1))

    def as_json(self) -> dict[str, Any]:
        """Return the entry of filter_counts.json."""
        return asdict(self)

    def sentence(self) -> str:
        """Format the counts for the log."""
        return (
            f"equal times: {self.rows:,} interactions ({self.share_of_rows:.1%}) have the time stamp of another one of "
            f"their user, {self.pairs:,} consecutive pairs ({self.share_of_pairs:.1%}) have equal times; a seeded hash "
            "orders them"
        )
