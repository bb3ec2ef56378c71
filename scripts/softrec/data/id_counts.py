"""How often ids occur, counted by their 64-bit hashes: sorted, equal ones stand side by side.

polars sorts them, because its sort takes the same time on every processor. numpy's is as fast where numpy takes its
AVX-512 or AVX2 path, and three to four times slower where it does not.
"""

from functools import cached_property
from typing import NamedTuple

import numpy as np
import polars as pl

from softrec.data.filter_counts import Size
from softrec.data.ties import GAMMA


class Tally(NamedTuple):
    """distinct: how many different keys there are. often: those that at least k rows have, each once, ascending."""

    distinct: int
    often: pl.Series


def tally(key: pl.Series, k: int) -> Tally:
    """Count the numbers `key`, one a row: in ascending order, one that k rows have equals the one k - 1 places on."""
    ordered = key.sort().to_numpy()
    first = np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]
    rows = max(len(ordered) - k + 1, 0)
    often = ordered[:rows][first[:rows] & (ordered[:rows] == ordered[k - 1 :])]
    return Tally(int(np.count_nonzero(first)), pl.Series(often, dtype=key.dtype))


def at_least_k(key: np.ndarray, k: int) -> np.ndarray:
    """Mask of rows whose number `key` occurs at least k times."""
    series = pl.Series(key)
    return series.is_in(tally(series, k).often.implode()).to_numpy()


class Reviews:
    """Some rows of a frame of reviews; users and items are counted once, however often they are asked for.

    Hashes are made again whenever they are needed, which takes a fifth of the time of sorting them: kept, those of all
    rows (8 bytes each, for users and for items) would be the most that the filter holds beside the reviews themselves.

    Args:
        raw: all reviews, with the columns user_id and item_id.
        kept: mask of the rows of `raw` that these are; None is all.
    """

    def __init__(self, raw: pl.DataFrame, k: int, kept: pl.Series | None = None) -> None:
        self.raw, self.k, self.kept = raw, k, kept

    def __len__(self) -> int:
        return len(self.raw) if self.kept is None else int(self.kept.sum())

    def hashes(self, name: str) -> pl.Series:
        """The hashed ids of one column."""
        found = self.raw[name].hash()
        return found if self.kept is None else found.filter(self.kept)

    @cached_property
    def users(self) -> Tally:
        """The users, counted."""
        return tally(self.hashes("user_id"), self.k)

    @cached_property
    def items(self) -> Tally:
        """The items, counted."""
        return tally(self.hashes("item_id"), self.k)

    def size(self) -> Size:
        """Users, items and rows."""
        return Size(self.users.distinct, self.items.distinct, len(self))

    def mask(self) -> pl.Series:
        """Which rows of `raw` these are."""
        return pl.repeat(True, len(self.raw), eager=True) if self.kept is None else self.kept

    def pairs(self) -> int:
        """How many different pairs of user and item there are."""
        pair = self.hashes("user_id").to_numpy() * np.uint64(GAMMA)  # odd, so that no two users collide by it
        pair += self.hashes("item_id").to_numpy()
        return pl.Series(pair).n_unique()

    def where(self, mask: pl.Series) -> "Reviews":
        """Those for which `mask`, of all rows of `raw`, is true; the same object, with its counts, if all are."""
        kept = mask if self.kept is None else self.kept & mask
        return self if kept.sum() == len(self) else Reviews(self.raw, self.k, kept)

    def frequent(self) -> pl.DataFrame:
        """Those whose user and whose item occur often: row (of `raw`), user and item (hashes)."""
        row = pl.int_range(len(self.raw), dtype=pl.UInt32, eager=True)
        row = row if self.kept is None else row.filter(self.kept)
        user = self.hashes("user_id")
        often = user.is_in(self.users.often.implode())
        found = pl.DataFrame({"row": row.filter(often), "user": user.filter(often)})
        del row, user
        found = found.with_columns(item=self.hashes("item_id").filter(often))
        return found.filter(found["item"].is_in(self.items.often.implode()))


def drop_rare_ids(rows: pl.DataFrame, k: int) -> pl.DataFrame:
    """Those of the rows user and item (hashes) of which both occur at least k times."""
    user, item = (rows[name].is_in(tally(rows[name], k).often.implode()) for name in ("user", "item"))
    return rows.filter(user & item)
