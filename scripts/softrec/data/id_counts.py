"""Counts of ids by their 64-bit hashes: hashes are sorted, so that equal ones are adjacent.

polars sorts them, because its sort takes the same time on every processor. numpy's sort is as fast on its AVX-512 and
AVX2 paths, and three to four times slower otherwise.
"""

from functools import cached_property
from typing import NamedTuple

import numpy as np
import polars as pl

from softrec.data.filter_counts import Size
from softrec.data.ties import GAMMA


class Tally(NamedTuple):
    """Counts of keys.

    Attributes:
        distinct: number of distinct keys.
        often: keys that occur in at least k rows, each once, ascending.
    """

    distinct: int
    often: pl.Series


def tally(key: pl.Series, k: int) -> Tally:
    """Count the integers `key`, one per row.

    In sorted order, a key that occurs at least k times equals the key k - 1 places after its first occurrence.
    """
    ordered = key.sort().to_numpy()
    first = np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]
    rows = max(len(ordered) - k + 1, 0)
    often = ordered[:rows][first[:rows] & (ordered[:rows] == ordered[k - 1 :])]
    return Tally(int(np.count_nonzero(first)), pl.Series(often, dtype=key.dtype))


def at_least_k(key: np.ndarray, k: int) -> np.ndarray:
    """Return the mask of rows whose integer `key` occurs at least k times."""
    series = pl.Series(key)
    return series.is_in(tally(series, k).often.implode()).to_numpy()


class Reviews:
    """A subset of the rows of a frame of reviews; users and items are counted once, at first use.

    Hashes are computed whenever they are needed, which takes a fifth of the time of sorting them. If they were kept
    for all rows (8 bytes each for users and items), they would need more memory than anything but the reviews.

    Args:
        raw: all reviews, with the columns user_id and item_id.
        k: minimum number of rows of a frequent id.
        kept: mask of the rows of `raw` in the subset; None is all.
    """

    def __init__(self, raw: pl.DataFrame, k: int, kept: pl.Series | None = None) -> None:
        self.raw, self.k, self.kept = raw, k, kept

    def __len__(self) -> int:
        return len(self.raw) if self.kept is None else int(self.kept.sum())

    def hashes(self, name: str) -> pl.Series:
        """Return the hashed ids of one column."""
        found = self.raw[name].hash()
        return found if self.kept is None else found.filter(self.kept)

    @cached_property
    def users(self) -> Tally:
        """Counts of users."""
        return tally(self.hashes("user_id"), self.k)

    @cached_property
    def items(self) -> Tally:
        """Counts of items."""
        return tally(self.hashes("item_id"), self.k)

    def size(self) -> Size:
        """Return the numbers of users, items and rows."""
        return Size(self.users.distinct, self.items.distinct, len(self))

    def mask(self) -> pl.Series:
        """Return the mask of the rows of `raw` in the subset."""
        return pl.repeat(True, len(self.raw), eager=True) if self.kept is None else self.kept

    def pairs(self) -> int:
        """Return the number of distinct (user, item) pairs."""
        # GAMMA is odd, so multiplication by it is a bijection modulo 2^64, and no two users collide.
        pair = self.hashes("user_id").to_numpy() * np.uint64(GAMMA)
        pair += self.hashes("item_id").to_numpy()
        return pl.Series(pair).n_unique()

    def where(self, mask: pl.Series) -> "Reviews":
        """Keep the rows for which `mask` (over all rows of `raw`) is true; return self, with its counts, if all are."""
        kept = mask if self.kept is None else self.kept & mask
        return self if kept.sum() == len(self) else Reviews(self.raw, self.k, kept)

    def frequent(self) -> pl.DataFrame:
        """Return the rows whose user and item both occur at least k times: row (in `raw`), user and item (hashes)."""
        row = pl.int_range(len(self.raw), dtype=pl.UInt32, eager=True)
        row = row if self.kept is None else row.filter(self.kept)
        user = self.hashes("user_id")
        often = user.is_in(self.users.often.implode())
        found = pl.DataFrame({"row": row.filter(often), "user": user.filter(often)})
        del row, user
        found = found.with_columns(item=self.hashes("item_id").filter(often))
        return found.filter(found["item"].is_in(self.items.often.implode()))


def drop_rare_ids(rows: pl.DataFrame, k: int) -> pl.DataFrame:
    """Keep the rows whose user and item (hashes) both occur at least k times."""
    user, item = (rows[name].is_in(tally(rows[name], k).often.implode()) for name in ("user", "item"))
    return rows.filter(user & item)
