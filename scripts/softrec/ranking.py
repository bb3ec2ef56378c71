"""The all-ranking protocol (paper, section 4.1): the rank of one target among the items a user has not seen."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from softrec import seeds
from softrec.errors import SoftrecError

Mask = Literal["seen", "window", "none"]

RANK_TYPES = {**dict.fromkeys(("row", "user", "target", "rank", "candidates", "ties"), "int32"), "paper": "bool"}

NOTHING = np.array([], dtype=np.int64)


class Ranks(NamedTuple):
    """Per row: 0-based rank of the target, number of candidates ranked, candidates exactly equal to the target."""

    rank: np.ndarray
    candidates: np.ndarray
    ties: np.ndarray


def rank_targets(
    cost: np.ndarray,
    target: np.ndarray,
    excluded: list[np.ndarray],
    order: np.ndarray,
    absent: np.ndarray = NOTHING,
) -> Ranks:
    """Rank each row's target by ascending cost.

    rank = #{candidates with strictly smaller cost} + #{equal ones that come earlier in `order`}, so that a scorer
    which says the same of every candidate gains nothing.

    Args:
        cost: (B, N) distances, or negated scores, of N candidates (Kindle: 256 x 61,528, 126 MB).
        target: (B,) column of each row's target.
        excluded: B arrays of columns that are no candidates for that row; the target is never excluded.
        order: (N,) position of each candidate in a seeded permutation.
        absent: columns that are no candidates for any row; they are no row's target and in none of `excluded`.

    Raises:
        SoftrecError: a cost is NaN or infinite.
    """
    require_finite(cost)
    own = cost[np.arange(len(cost)), target]
    gone = taken_out(excluded, target, cost.shape[1])
    nearer, near = (count_candidates(cost, own, gone, absent, compare) for compare in (np.less, np.less_equal))
    rank, ties = nearer.copy(), near - nearer - 1
    for row in np.flatnonzero(ties):
        equal = np.flatnonzero(cost[row] == own[row])
        equal = np.setdiff1d(equal, np.concatenate([gone.column[gone.row == row], absent]))
        rank[row] += np.count_nonzero(order[equal] < order[target[row]])
    candidates = cost.shape[1] - len(absent) - np.bincount(gone.row, minlength=len(cost))
    return Ranks(rank, candidates, ties)


class Cells(NamedTuple):
    """Cells of a (B, N) array."""

    row: np.ndarray
    column: np.ndarray


def taken_out(excluded: list[np.ndarray], target: np.ndarray, columns: int) -> Cells:
    """The excluded columns of each row, once each and without its target; `columns` is N."""
    row, column = np.repeat(np.arange(len(excluded)), [len(own) for own in excluded]), np.concatenate(excluded)
    cell = np.unique((row * columns + column)[column != target[row]])
    return Cells(*np.divmod(cell, columns))


def require_finite(cost: np.ndarray) -> None:
    """Raise `SoftrecError`, naming the first row, if a cost is NaN or infinite."""
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(cost.sum()):  # one pass without a temporary; a sum that overflows is looked at again
            return
    finite = np.isfinite(cost).all(axis=1)
    if not finite.all():
        row = int(np.flatnonzero(~finite)[0])
        raise SoftrecError(f"a score of row {row} is not finite", remedy="look for NaN losses in the training log")


def count_candidates(
    cost: np.ndarray, own: np.ndarray, gone: Cells, absent: np.ndarray, compare: np.ufunc
) -> np.ndarray:
    """(B,) for how many candidates of each row `compare(cost, own)` holds, where `own` (B,) is the target's cost.

    All columns are compared, and the few that are no candidates are taken off: cheaper than a (B, N) mask.
    """
    found = count(compare(cost, own[:, None]))
    found -= np.bincount(gone.row[compare(cost[gone], own[gone.row])], minlength=len(cost))
    return found - count(compare(cost[:, absent], own[:, None])) if len(absent) else found


def count(chosen: np.ndarray) -> np.ndarray:
    """(B,) how many of each row of a boolean (B, N); four times as fast as numpy's sum along the row."""
    return np.fromiter(map(np.count_nonzero, chosen), np.int64, len(chosen))


def ahead(cost: np.ndarray, own: np.ndarray, order: np.ndarray, own_order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which candidates come before the target: a smaller cost, or an equal one and earlier in `order`; which are equal.

    Args:
        cost, order: of candidates. own, own_order: of the target, for each of them.
    """
    equal = cost == own
    return (cost < own) | (equal & (order < own_order)), equal


class SeenItems:
    """Which items a user had before a target: what the `seen` mask takes out of the ranking.

    Args:
        user, item: columns of the interactions, in their order.
    """

    def __init__(self, user: np.ndarray, item: np.ndarray) -> None:
        self.item = item
        self.start = np.searchsorted(user, np.arange(int(user.max(initial=0)) + 2))

    def before(self, user: int, position: int) -> np.ndarray:
        """The first `position` items of `user`: all there was when the target came, nothing later."""
        start = int(self.start[user])
        return self.item[start : start + position]

    def excluded(self, mask: Mask, user: int, position: int, history: np.ndarray) -> np.ndarray:
        """Items to leave out of a row's ranking: everything `seen`, only the prompt's `window`, or `none`."""
        if mask == "seen":
            return self.before(user, position)
        return history if mask == "window" else history[:0]


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
