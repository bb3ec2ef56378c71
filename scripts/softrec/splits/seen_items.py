"""The items that a user has seen before a target, which are masked in rankings (paper, section 4.1)."""

from typing import Literal

import numpy as np

from common.errors import SoftrecError

Mask = Literal["seen", "window", "none"]


class SeenItems:
    """Lookup of the items that a user had before a target: those that the mask `seen` removes from rankings.

    Args:
        user: (n,) sorted users of all interactions.
        item: (n,) their items, in time order within a user.
    """

    def __init__(self, user: np.ndarray, item: np.ndarray) -> None:
        self.item = item
        self.start = np.searchsorted(user, np.arange(int(user.max(initial=0)) + 2))

    def before(self, user: int, position: int) -> np.ndarray:
        """Return the first `position` items of `user`: all items before the target, none after it.

        Raises `SoftrecError` if the user has fewer.
        """
        known = user + 1 < len(self.start)
        start, end = (self.start[user], self.start[user + 1]) if known else (0, 0)
        if position > end - start:
            raise too_late(user, position, end - start)
        return self.item[start : start + position]

    def before_rows(self, user: np.ndarray, position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Apply `before` to R rows at once, given (R,) users and positions.

        Returns two arrays with one entry per item: the index of its row, and the item. Raises like `before`.
        """
        known = user + 1 < len(self.start)
        start = self.start[np.where(known, user, 0)]
        held = np.where(known, self.start[np.where(known, user + 1, 0)] - start, 0)
        if (position > held).any():
            first = int(np.argmax(position > held))
            raise too_late(int(user[first]), int(position[first]), int(held[first]))
        row = np.repeat(np.arange(len(user)), position)
        place = np.arange(len(row)) - np.repeat(np.cumsum(position) - position, position)
        return row, self.item[start[row] + place]

    def excluded(self, mask: Mask, user: int, position: int, history: np.ndarray) -> np.ndarray:
        """Return the items to exclude from a row's ranking: all that were `seen`, the prompt's `window`, or `none`."""
        if mask == "seen":
            return self.before(user, position)
        return history if mask == "window" else history[:0]


def too_late(user: int, position: int, held: int) -> SoftrecError:
    """Build the error for a row with a position beyond its user's interactions."""
    return SoftrecError(
        f"a row has position {position} for user {user}, who has {held} interactions",
        remedy="give sequences and interactions of one data set",
    )
