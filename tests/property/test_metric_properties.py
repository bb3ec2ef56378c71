"""Laws of the metrics that hold for every list of ranks."""

import math
from types import SimpleNamespace

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from softrec.evaluation import metrics
from softrec.evaluation.ranking import Ranks
from softrec.sequential.score_counting import Cells, Counter, Places

ranks = st.lists(st.integers(0, 200), min_size=1, max_size=50).map(np.array)
cutoff = st.integers(1, 100)


@given(ranks, cutoff)
def test_bounds(rank: np.ndarray, k: int) -> None:
    """0 <= NDCG@K <= HR@K <= 1: a gain is at most 1 and only a hit has one."""
    assert 0 <= metrics.ndcg(rank, k) <= metrics.hit_ratio(rank, k) + 1e-12 <= 1 + 2e-12


@given(ranks, cutoff, cutoff)
def test_ndcg_between_two_cutoffs(rank: np.ndarray, one: int, other: int) -> None:
    """Hits between a < b have 0-based ranks a..b-1, gains in [1/log2(b+1), 1/log2(a+2)].

    So NDCG@b - NDCG@a lies in [(HR@b - HR@a) / log2(b+1), (HR@b - HR@a) / log2(a+2)]; for 5 and 20 that is
    log2(21) and log2(7). Printed tables can be checked by it.
    """
    a, b = sorted((one, other))
    more_hits = metrics.hit_ratio(rank, b) - metrics.hit_ratio(rank, a)
    more_gain = metrics.ndcg(rank, b) - metrics.ndcg(rank, a)
    assert more_hits / math.log2(b + 1) - 1e-12 <= more_gain <= more_hits / math.log2(a + 2) + 1e-12


@given(ranks, cutoff, st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(rank: np.ndarray, k: int, random: object) -> None:
    """A mean over rows is the same for any order of rows, up to rounding."""
    shuffled = rank.copy()
    np.random.default_rng(random.randrange(2**32)).shuffle(shuffled)  # type: ignore[attr-defined]
    assert math.isclose(metrics.ndcg(rank, k), metrics.ndcg(shuffled, k), abs_tol=1e-12)
    assert metrics.hit_ratio(rank, k) == metrics.hit_ratio(shuffled, k)


def ranks_of_equal_scores(order: np.ndarray, target: int, excluded: list[int]) -> Ranks:
    """The rank of one place among titles of one score, without the excluded ones."""
    empty, items = np.array([], np.int64), len(order)
    output = SimpleNamespace(weight=torch.zeros(items, 1), bias=torch.zeros(items))
    gone = Cells(np.zeros(len(excluded), np.int64), np.array(excluded, np.int64))
    counter = Counter(output, Places(np.arange(items), empty, empty, order))  # type: ignore[arg-type]
    return counter.rank(torch.ones(1, 1), np.array([target]), gone)


@given(st.integers(2, 30), st.data())
def test_constant_scorer_gains_nothing(items: int, data: st.DataObject) -> None:
    """Equal scores for all candidates: the mean HR@K over a permutation's `items` rotations is exactly K / items.

    Rotating the permutation takes the target through every place once, and K of the places are hits.
    """
    k = data.draw(st.integers(1, items))
    target = data.draw(st.integers(0, items - 1))
    order = np.array(data.draw(st.permutations(range(items))))
    found = [ranks_of_equal_scores((order + turn) % items, target, []) for turn in range(items)]
    hit_ratios = [metrics.hit_ratio(ranks.rank, k) for ranks in found]
    assert math.isclose(sum(hit_ratios) / items, k / items)


@given(st.integers(3, 5), st.data())
def test_constant_scorer_with_exclusions(items: int, data: st.DataObject) -> None:
    """Over all permutations of `items`, with e excluded, the mean HR@K is exactly K / (items - e)."""
    from itertools import permutations

    excluded = data.draw(st.lists(st.integers(1, items - 1), unique=True, max_size=items - 2))
    candidates = items - len(excluded)
    k = data.draw(st.integers(1, candidates))
    orders = [np.array(order) for order in permutations(range(items))]
    found = [ranks_of_equal_scores(order, 0, excluded) for order in orders]
    assert {int(ranks.candidates[0]) for ranks in found} == {candidates}
    hit_ratio = metrics.hit_ratio(np.concatenate([ranks.rank for ranks in found]), k)
    assert math.isclose(hit_ratio, k / candidates)
