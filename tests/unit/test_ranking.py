"""What a user had seen before a target, and what each mask takes of it."""

import numpy as np
from softrec.ranking import SeenItems


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
