"""The all-ranking protocol (paper, section 4.1): the rank of the target among all items that a user has not seen."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from common.errors import SoftrecError
from softrec.core import seeds
from softrec.io import tables
from softrec.splits.seen_items import Mask, SeenItems

RANK_TYPES = tables.types("row", "user", "target", "rank", "candidates", "ties", "paper")


def read_ranks(path: Path) -> Any:
    """Read all columns of a file of ranks as a `pyarrow.Table`.

    Raises `SoftrecError` if a column is missing, has another type or an impossible value, or rows are not 0, 1, ...
    """
    table = tables.read_table(path, list(RANK_TYPES))
    if not np.array_equal(table["row"].to_numpy(), np.arange(len(table))):
        remedy = f"remove {path} and let Snakemake make it again"
        raise SoftrecError(f"the rows of {path} are not numbered 0, 1, ... without a gap", remedy=remedy)
    return table


class Ranks(NamedTuple):
    """Per row: 0-based rank of the target, number of candidates, number of other candidates tied with the target.

    rank = #{strictly better candidates} + #{tied candidates that are earlier in a seeded permutation}, so that a
    scorer with the same score for every candidate ranks at random.
    """

    rank: np.ndarray
    candidates: np.ndarray
    ties: np.ndarray


def ahead(cost: np.ndarray, own: np.ndarray, order: np.ndarray, own_order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mask of candidates ahead of the target (a smaller cost, or equal and earlier in `order`), and of ties.

    `cost` and `order` are those of the candidates, `own` and `own_order` those of the target, broadcastable to them.
    """
    equal = cost == own
    return (cost < own) | (equal & (order < own_order)), equal


class Candidates:
    """The candidates of each row, the same for all methods: the distinct titles of the catalogue without excluded ones.

    Items that share a title are one candidate, because a text cannot distinguish them. It is excluded if any of its
    items is, unless it is the target's title.

    Args:
        title_id: (N + 1,) title id of each item id, from 0; entry 0 (padding) is unused.
        titles: number of distinct titles (T).
        seen: the users' interactions.
        mask: which of a user's items are excluded.
        tie_seed: seed of the permutation that breaks ties.

    Attributes:
        order: (T,) position of each title in that permutation.
    """

    def __init__(self, title_id: np.ndarray, titles: int, seen: SeenItems, mask: Mask, tie_seed: int) -> None:
        self.title_id, self.seen, self.mask = title_id, seen, mask
        self.order = seeds.stream(tie_seed, "ties").permutation(titles)

    def excluded(self, user: int, position: int, history: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return the title ids that the mask excludes from a row's ranking; the target's may be among them."""
        return self.title_id[self.seen.excluded(self.mask, user, position, np.asarray(history, np.int64))]

    def excluded_rows(
        self, user: np.ndarray, position: np.ndarray, window: np.ndarray, length: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Apply `excluded` to R rows at once; return two arrays: the row of each excluded title id, and the id.

        Shapes: `user`, `position` and `length` are (R,), `window` is (R, L) histories, the first `length` items of
        which are used.
        """
        if self.mask == "seen":
            row, item = self.seen.before_rows(user, position)
        else:
            held = np.arange(window.shape[1]) < length[:, None]
            row, item = np.nonzero(held)[0], window[held]
            if self.mask == "none":
                row, item = row[:0], item[:0]
        return row, self.title_id[item]
