"""Which items a user has seen before a target: what a ranking leaves out (paper, section 4.1)."""

from typing import Literal

import numpy as np

from common.errors import SoftrecError

Mask = Literal["seen", "window", "none"]


class SeenItems:
    """Which items a user had before a target: what the `seen` mask takes out of the ranking.

    Args:
        user, item: columns of the interactions, in their order.
    """

    def __init__(self, user: np.ndarray, item: np.ndarray) -> None:
        self.item = item
        self.start = np.searchsorted(user, np.arange(int(user.max(initial=0)) + 2))

    def before(self, user: int, position: int) -> np.ndarray:
        """The first `position` items of `user`: all there was when the target came, nothing later.

        Raises `SoftrecError` if the user has fewer.
        """
        known = user + 1 < len(self.start)
        start, end = (self.start[user], self.start[user + 1]) if known else (0, 0)
        if position > end - start:
            raise too_late(user, position, end - start)
        return self.item[start : start + position]

    def before_rows(self, user: np.ndarray, position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The items of `before` for many rows at once: of each the number of its row, and the item.

        Args:
            user, position: (R,) of the rows. Raises as `before`.
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
        """Items to leave out of a row's ranking: everything `seen`, only the prompt's `window`, or `none`."""
        if mask == "seen":
            return self.before(user, position)
        return history if mask == "window" else history[:0]


def too_late(user: int, position: int, held: int) -> SoftrecError:
    """The sentence for a row whose user has fewer items in the interactions than stand before it."""
    return SoftrecError(
        f"a row stands after {position} items of user {user}, who has {held} in the interactions",
        remedy="give sequences and interactions of one data set",
    )
