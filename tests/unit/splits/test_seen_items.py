"""What a user had seen before a target, and what each mask takes of it."""

import numpy as np
import pytest

from common.errors import SoftrecError
from softrec.evaluation.ranking import Candidates
from softrec.splits.seen_items import Mask, SeenItems


def seen() -> SeenItems:
    """User 1 had items 4, 2, 9; user 3 had 7, 8; user 2 had none."""
    return SeenItems(np.array([1, 1, 1, 3, 3]), np.array([4, 2, 9, 7, 8]))


def test_seen_items_end_at_the_position() -> None:
    """Before position 2 user 1 had items 4 and 2; the third is the target or later, and nobody knows it yet."""
    assert seen().before(1, 2).tolist() == [4, 2]
    assert seen().before(3, 1).tolist() == [7]
    assert seen().before(2, 0).tolist() == []
    assert seen().before(3, 0).tolist() == []


def test_masks() -> None:
    """seen: all before the target; window: the history alone; none: nothing."""
    history = np.array([2])
    assert seen().excluded("seen", 1, 2, history).tolist() == [4, 2]
    assert seen().excluded("window", 1, 2, history).tolist() == [2]
    assert seen().excluded("none", 1, 2, history).tolist() == []


@pytest.mark.parametrize("mask", ["seen", "window", "none"])
def test_many_rows_are_as_one_after_another(mask: Mask) -> None:
    """Titles and their rows, for rows with nothing before them and users in any order."""
    candidates = Candidates(np.array([-1, *range(9)]), 9, seen(), mask, tie_seed=1)
    user, position = np.array([3, 1, 2, 1, 3]), np.array([1, 2, 0, 1, 0])
    window, length = np.array([[7, 0], [4, 2], [5, 0], [4, 0], [6, 1]]), np.array([1, 2, 1, 1, 2])
    row, title = candidates.excluded_rows(user, position, window, length)
    one = [candidates.excluded(u, p, w[:n]) for u, p, w, n in zip(user, position, window, length, strict=True)]
    assert title.tolist() == [int(number) for own in one for number in own]
    assert row.tolist() == [number for number, own in enumerate(one) for _ in own]


@pytest.mark.parametrize(("user", "position", "held"), [(1, 99, None), (99, 1, 0)])
def test_a_row_beyond_the_interactions(user: int, position: int, held: int | None) -> None:
    """More items than the user has, and a user that nobody knows: one by one as together."""
    words = f"position {position} for user {user}, who has {held if held is not None else ''}"
    with pytest.raises(SoftrecError, match=words):
        seen().before(user, position)
    with pytest.raises(SoftrecError, match=words):
        seen().before_rows(np.array([2, user]), np.array([0, position]))
