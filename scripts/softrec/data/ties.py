"""Interactions of one user at one time: how many there are, and a seeded order that says nothing about them.

Data in whole seconds or days have many. In the order of item ids they hold a pattern, "the next id is higher", which
models over item ids learn and language models, which read titles, cannot. So equal times are ordered by a hash, which
depends on a seed and on the source ids of user and item alone. Each user has an order of its own, since one order for
all users ("this item comes before that one") could be learned too.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from softrec.core import seeds

GAMMA = 0x9E3779B97F4A7C15
"""2^64 over the golden ratio, splitmix64's increment."""


def mix(number: np.ndarray) -> np.ndarray:
    """The output function of splitmix64 (Steele, Lea and Flood, 2014) of (n,) uint64: a bijection; every bit of its
    result depends on every bit of the number."""
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))


def hash_names(seed: int, kind: str, names: Iterable[str]) -> np.ndarray:
    """(n,) uint64 hashes of source ids: seeds of the streams "ties", `kind` and the id."""
    return np.fromiter((seeds.derive(seed, "ties", kind, name) for name in names), np.uint64)


def hash_numbers(seed: int, kind: str, number: np.ndarray) -> np.ndarray:
    """(n,) uint64 hashes of whole numbers, no two alike: what splitmix64, begun at a seed, gives as its n-th."""
    return mix(number.astype(np.uint64) * np.uint64(GAMMA) + np.uint64(seeds.derive(seed, "ties", kind)))


def hash_pairs(user: np.ndarray, item: np.ndarray) -> np.ndarray:
    """(n,) uint64 hashes of interactions from those of their users and items; at Kindle's size n is 2.16 M."""
    return mix(mix(user) + item)


@dataclass(frozen=True)
class Ties:
    """How many interactions have the time stamp of another one of their user.

    Attributes:
        rows: interactions whose user has another at the same time. share_of_rows: of all interactions.
        pairs: interactions and the user's next one, at the same time. share_of_pairs: of all such neighbours.
    """

    rows: int
    share_of_rows: float
    pairs: int
    share_of_pairs: float

    @classmethod
    def of(cls, user: np.ndarray, timestamp: np.ndarray) -> "Ties":
        """Count in (n,) interactions by (user, timestamp)."""
        neighbours = user[1:] == user[:-1]
        equal = neighbours & (timestamp[1:] == timestamp[:-1])
        rows = int(np.count_nonzero(np.append(equal, False) | np.append(False, equal)))
        pairs, among = int(np.count_nonzero(equal)), int(np.count_nonzero(neighbours))
        return cls(rows, rows / max(len(user), 1), pairs, pairs / max(among, 1))

    def as_json(self) -> dict[str, Any]:
        """What filter_counts.json holds."""
        return asdict(self)

    def sentence(self) -> str:
        """The same for a log."""
        return (
            f"equal times: {self.rows:,} interactions ({self.share_of_rows:.1%}) have the time stamp of another one of "
            f"their user, {self.pairs:,} neighbouring pairs ({self.share_of_pairs:.1%}) are of one time; a seeded hash "
            "orders them"
        )
