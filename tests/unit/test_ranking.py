"""Ranks derived by hand: strictly better candidates, ties, exclusions, and what a user had seen."""

import numpy as np
import pytest
from softrec.errors import SoftrecError
from softrec.ranking import SeenItems, rank_targets

NOTHING = np.array([], dtype=np.int64)


def test_rank_counts_strictly_smaller_costs() -> None:
    """Costs 3, 1, 2, 5 with target column 0: columns 1 and 2 are nearer, so r = 2 of 4 candidates, no ties."""
    ranks = rank_targets(np.array([[3.0, 1.0, 2.0, 5.0]]), np.array([0]), [NOTHING], np.arange(4))
    assert (ranks.rank[0], ranks.candidates[0], ranks.ties[0]) == (2, 4, 0)


def test_excluded_columns_do_not_count() -> None:
    """Without column 1 only column 2 is nearer than the target, among 3 candidates."""
    ranks = rank_targets(np.array([[3.0, 1.0, 2.0, 5.0]]), np.array([0]), [np.array([1])], np.arange(4))
    assert (ranks.rank[0], ranks.candidates[0]) == (1, 3)


def test_target_is_never_excluded() -> None:
    """A mask that names the target (a title shared with a seen item) leaves it in."""
    ranks = rank_targets(np.array([[3.0, 1.0, 2.0, 5.0]]), np.array([0]), [np.array([0, 1])], np.arange(4))
    assert (ranks.rank[0], ranks.candidates[0]) == (1, 3)


def test_ties_follow_the_permutation() -> None:
    """All four costs equal: the rank is the target's place in the permutation, and three others tie with it."""
    order = np.array([2, 0, 3, 1])
    for target, place in enumerate(order):
        ranks = rank_targets(np.ones((1, 4)), np.array([target]), [NOTHING], order)
        assert (ranks.rank[0], ranks.ties[0]) == (place, 3)


def test_excluded_ties_do_not_count() -> None:
    """Column 1 comes first in the permutation but is excluded, so the target moves up from place 2 to 1."""
    ranks = rank_targets(np.ones((1, 4)), np.array([0]), [np.array([1])], np.array([2, 0, 3, 1]))
    assert (ranks.rank[0], ranks.candidates[0], ranks.ties[0]) == (1, 3, 2)


def test_rows_are_independent() -> None:
    """Two rows with their own targets and exclusions: r = 0 of 3, and r = 1 of 2."""
    cost = np.array([[0.0, 1.0, 2.0], [5.0, 1.0, 9.0]])
    ranks = rank_targets(cost, np.array([0, 0]), [NOTHING, np.array([2])], np.arange(3))
    assert ranks.rank.tolist() == [0, 1] and ranks.candidates.tolist() == [3, 2]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_scores_that_are_not_finite_are_an_error_naming_the_row(bad: float) -> None:
    """A NaN compares false with everything and would rank its target first."""
    cost = np.array([[1.0, 2.0], [1.0, bad]])
    with pytest.raises(SoftrecError, match="row 1"):
        rank_targets(cost, np.array([0, 0]), [NOTHING, NOTHING], np.arange(2))


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
