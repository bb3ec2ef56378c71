"""The all-ranking protocol (paper, section 4.1): the rank of one target among the items a user has not seen."""

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
    """The `pyarrow.Table` of a file of ranks, all columns of it, each row once.

    Raises `SoftrecError` if a column is missing, has another type or an impossible value, or rows are not 0, 1, ...
    """
    table = tables.read_table(path, list(RANK_TYPES))
    if not np.array_equal(table["row"].to_numpy(), np.arange(len(table))):
        remedy = f"remove {path} and let Snakemake make it again"
        raise SoftrecError(f"the rows of {path} are not numbered 0, 1, ... without a gap", remedy=remedy)
    return table


class Ranks(NamedTuple):
    """Per row: 0-based rank of the target, number of candidates ranked, candidates exactly equal to the target.

    rank = #{candidates that are strictly better} + #{equal ones that come earlier in a seeded permutation}, so that a
    scorer which says the same of every candidate gains nothing.
    """

    rank: np.ndarray
    candidates: np.ndarray
    ties: np.ndarray


def ahead(cost: np.ndarray, own: np.ndarray, order: np.ndarray, own_order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which candidates come before the target: a smaller cost, or an equal one and earlier in `order`; which are equal.

    Args:
        cost, order: of candidates. own, own_order: of the target, for each of them.
    """
    equal = cost == own
    return (cost < own) | (equal & (order < own_order)), equal


class Candidates:
    """What each row ranks, whichever method's it is: the distinct titles of the catalogue, less those it takes out.

    Items that share a title are one candidate: no text tells them apart. It is taken out if any of its items is, unless
    it is the target's.

    Args:
        title_id: (N + 1,) title id of each item id, from 0; entry 0 (padding) is unused.
        titles: how many there are (T). seen: the users' interactions. mask: which of those are no candidates.
        tie_seed: of the permutation that breaks ties.

    Attributes:
        order: (T,) position of each title in that permutation.
    """

    def __init__(self, title_id: np.ndarray, titles: int, seen: SeenItems, mask: Mask, tie_seed: int) -> None:
        self.title_id, self.seen, self.mask = title_id, seen, mask
        self.order = seeds.stream(tie_seed, "ties").permutation(titles)

    def excluded(self, user: int, position: int, history: Sequence[int] | np.ndarray) -> np.ndarray:
        """Title ids that the mask takes out of a row's ranking; the target's may be among them."""
        return self.title_id[self.seen.excluded(self.mask, user, position, np.asarray(history, np.int64))]

    def excluded_rows(
        self, user: np.ndarray, position: np.ndarray, window: np.ndarray, length: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """`excluded` for many rows at once: of each title id the number of its row, and the id.

        Args:
            user, position, length: (R,). window: (R, L) histories, of which the first `length` items count.
        """
        if self.mask == "seen":
            row, item = self.seen.before_rows(user, position)
        else:
            held = np.arange(window.shape[1]) < length[:, None]
            row, item = np.nonzero(held)[0], window[held]
            if self.mask == "none":
                row, item = row[:0], item[:0]
        return row, self.title_id[item]
