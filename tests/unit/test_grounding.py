"""Grounding: ranks by L2 distance over distinct titles."""

import numpy as np
from softrec.grounding import Grounding, GroundingSettings
from softrec.ranking import SeenItems

# Titles on a line at 0, 1, 2, 3, 4; items 1..6, of which 5 and 6 share title 4.
TITLES = np.array([[0.0], [1.0], [2.0], [3.0], [4.0]], np.float32)
TITLE_ID = np.array([-1, 0, 1, 2, 3, 4, 4])
SEEN = SeenItems(np.array([1, 1, 2]), np.array([2, 5, 1]))  # user 1 had item 2, then item 5; user 2 had item 1


def ranked(z: float, target: int, *, user: int = 2, position: int = 0, mask: str = "seen") -> tuple[int, int]:
    """(rank, candidates) of one row whose text lies at z."""
    rows = {"user": [user], "position": [position], "history": [[2]], "target": [target]}
    ranks = Grounding(TITLES, TITLE_ID, SEEN, GroundingSettings(mask, 0)).rank(np.array([[z]], np.float32), rows)
    return int(ranks.rank[0]), int(ranks.candidates[0])


def test_an_exact_title_has_rank_zero() -> None:
    """z on title 3 (item 4)."""
    assert ranked(3.0, target=4) == (0, 5)


def test_rank_counts_the_strictly_nearer() -> None:
    """z = 0.1: titles 0 (0.1), 1 (0.9) and 2 (1.9) are nearer than title 3 (2.9)."""
    assert ranked(0.1, target=4) == (3, 5)


def test_seen_titles_are_no_candidates() -> None:
    """User 1 at position 1 has had item 2 (title 1), which was nearer: rank 2 of 4. At position 0 it was unknown."""
    assert ranked(0.1, target=4, user=1, position=1) == (2, 4)
    assert ranked(0.1, target=4, user=1, position=0) == (3, 5)


def test_the_prompt_window_and_no_mask() -> None:
    """`window` takes out the history alone ([2], title 1), `none` nothing."""
    assert ranked(0.1, target=4, user=1, position=0, mask="window") == (2, 4)
    assert ranked(0.1, target=4, user=1, position=2, mask="none") == (3, 5)


def test_a_shared_title_is_not_masked_when_it_is_the_targets() -> None:
    """User 1 had item 5 (title 4); the target is item 6, of the same title: it stays. Title 1 goes."""
    assert ranked(4.0, target=6, user=1, position=2) == (0, 4)


def test_blocks_and_float64_against_brute_force() -> None:
    """300 queries (more than two blocks) against float64 direct differences, with a common offset of 1,000 that would
    swamp fp32 products: every rank equal."""
    rng = np.random.default_rng(0)
    titles = (rng.normal(size=(500, 16)) + 1000).astype(np.float32)
    z = (rng.normal(size=(300, 16)) + 1000).astype(np.float32)
    target = rng.integers(1, 501, 300)
    rows = {"user": [2] * 300, "position": [0] * 300, "history": [[1]] * 300, "target": target.tolist()}
    grounding = Grounding(titles, np.arange(-1, 500), SEEN, GroundingSettings("none", 0))
    direct = ((z.astype(np.float64)[:, None] - titles.astype(np.float64)[None]) ** 2).sum(-1)
    own = direct[np.arange(300), target - 1]
    np.testing.assert_array_equal(grounding.rank(z, rows).rank, (direct < own[:, None]).sum(1))
