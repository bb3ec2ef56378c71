"""Grounding: ranks by L2 distance over distinct titles."""

from typing import Any

import numpy as np
import pytest
import torch

from common.errors import SoftrecError
from softrec.evaluation import grounding as module
from softrec.evaluation.device_grounding import DeviceGrounding
from softrec.evaluation.grounding import Grounding, GroundingSettings, squared_distances
from softrec.evaluation.ranking import Ranks
from softrec.splits.seen_items import SeenItems

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
    """Z on title 3 (item 4)."""
    assert ranked(3.0, target=4) == (0, 5)


def test_rank_counts_the_strictly_nearer() -> None:
    """Z = 0.1: titles 0 (0.1), 1 (0.9) and 2 (1.9) are nearer than title 3 (2.9)."""
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


def by_torch(*catalogue: Any) -> DeviceGrounding:
    """Grounding by torch, on the CPU."""
    return DeviceGrounding(*catalogue, torch.device("cpu"))


@pytest.mark.parametrize("kind", [Grounding, by_torch])
def test_float64_against_brute_force(kind: Any) -> None:
    """300 queries against float64 direct differences, with a common offset of 1,000 that would swamp fp32 products.

    Every rank equal.
    """
    rng = np.random.default_rng(0)
    titles = (rng.normal(size=(500, 16)) + 1000).astype(np.float32)
    z = (rng.normal(size=(300, 16)) + 1000).astype(np.float32)
    target = rng.integers(1, 501, 300)
    rows = {"user": [2] * 300, "position": [0] * 300, "history": [[1]] * 300, "target": target.tolist()}
    grounding = kind(titles, np.arange(-1, 500), SEEN, GroundingSettings("none", 0))
    direct = ((z.astype(np.float64)[:, None] - titles.astype(np.float64)[None]) ** 2).sum(-1)
    own = direct[np.arange(300), target - 1]
    np.testing.assert_array_equal(grounding.rank(z, rows).rank, (direct < own[:, None]).sum(1))


def with_copies() -> tuple[np.ndarray, np.ndarray, dict[str, list]]:
    """97 titles of 33 dimensions, every third one a copy of the title before.

    50 texts, of users with and without a past. Sizes are odd, so that products of blocks end in incomplete tiles, which
    may round otherwise than whole ones.
    """
    rng = np.random.default_rng(1)
    titles = (rng.normal(size=(97, 33)) + 30).astype(np.float32)
    titles[2::3] = titles[1::3]
    target = rng.integers(0, 97, 50)
    z = titles[target] + rng.normal(size=(50, 33)).astype(np.float32)
    rows = {"user": [1, 2] * 25, "position": [2, 0] * 25, "history": [[2]] * 50, "target": (target + 1).tolist()}
    return titles, z, rows


def by_hand(cost: np.ndarray, target: np.ndarray, excluded: list[np.ndarray], order: np.ndarray) -> Ranks:
    """Ranks of the titles `target` (B,) by ascending cost (B, T), by sets."""
    found = []
    for own, title, out in zip(cost, target, excluded, strict=True):
        left = sorted(set(range(len(own))) - set(out.tolist()) | {int(title)})
        equal = [t for t in left if own[t] == own[title] and t != title]
        nearer = sum(own[t] < own[title] for t in left)
        found.append((nearer + sum(order[t] < order[title] for t in equal), len(left), len(equal)))
    return Ranks(*np.array(found).T)


@pytest.mark.parametrize("kind", [Grounding, by_torch])
@pytest.mark.parametrize(("titles_at_once", "rows_at_once"), [(1, 50), (7, 3), (64, 1), (96, 49), (1024, 1024)])
def test_ranks_do_not_depend_on_blocks(
    monkeypatch: pytest.MonkeyPatch, kind: Any, titles_at_once: int, rows_at_once: int
) -> None:
    """A copy is as far as what it copies, to the bit, however the product is cut.

    Ranks, candidates and ties are those of all distances at once. A third of the targets are one of two equal titles.
    """
    monkeypatch.setattr(module, "TITLES_AT_ONCE", titles_at_once)
    monkeypatch.setattr(module, "ROWS_AT_ONCE", rows_at_once)
    titles, z, rows = with_copies()
    grounding = kind(titles, np.arange(-1, 97), SEEN, GroundingSettings("seen", 3))
    excluded = [np.array([1, 4]), np.array([], np.int64)] * 25
    direct = np.stack([squared_distances(text, titles) for text in z])
    expected = by_hand(direct, np.array(rows["target"]) - 1, excluded, grounding.candidates.order)
    assert expected.ties.sum() > 20
    for found, right in zip(grounding.rank(z, rows), expected, strict=True):
        np.testing.assert_array_equal(found, right)


def test_equal_titles_are_equally_far_whatever_is_summed_with_them() -> None:
    """Distances of one pair, of pairs, and of one text to many titles are the same to the bit."""
    titles, z, _ = with_copies()
    many = np.stack([squared_distances(text, titles) for text in z])
    pairs = squared_distances(z, titles[:50])
    for i in range(50):
        assert squared_distances(z[i], titles[i : i + 1])[0] == pairs[i] == many[i, i]
    np.testing.assert_array_equal(many[:, 1::3], many[:, 2::3])


@pytest.mark.parametrize("offset", [0, 1e3, 1e6])
def test_costs_are_within_their_slack(offset: float) -> None:
    """Of rounding by 2^-53 the slack keeps the bound of the worst case; sums round better, so it is never met.

    It is small nevertheless: 4 * (33 + 8) * 2^-53 = 2e-14 of the largest distance, whatever part all titles share.
    """
    titles, z, _ = with_copies()
    titles, z = titles + np.float32(offset), z + np.float32(offset)
    for start, cost, own, slack in Grounding(titles, np.arange(-1, 97), SEEN, GroundingSettings("none", 0)).blocks(z):
        direct = np.stack([squared_distances(text, titles[start : start + cost.shape[1]]) for text in z])
        assert (np.abs(cost + own[:, None] - direct) <= slack[:, None]).all()
        assert (slack < 1e-12 * direct.max()).all()


def test_embeddings_that_are_not_finite_are_an_error() -> None:
    """A NaN compares false with everything and would rank its target first."""
    rows = {"user": [2, 2], "position": [0, 0], "history": [[], []], "target": [1, 2]}
    settings = GroundingSettings("none", 0)
    with pytest.raises(SoftrecError, match="the embedding of text 1 is not finite"):
        Grounding(TITLES, TITLE_ID, SEEN, settings).rank(np.array([[1.0], [np.nan]], np.float32), rows)
    titles = TITLES.copy()
    titles[3] = np.inf
    with pytest.raises(SoftrecError, match="the embedding of title 3 is not finite"):
        Grounding(titles, TITLE_ID, SEEN, settings)
