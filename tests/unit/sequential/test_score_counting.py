"""Ranks by the scores of an output layer, by hand: better candidates, ties, exclusions, and scores that all tie."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from common.errors import SoftrecError
from softrec.evaluation.ranking import Ranks
from softrec.sequential import score_counting
from softrec.sequential.score_counting import Cells, Counter, Places

NOTHING = np.array([], np.int64)


def ranked(scores: list[list[float]], targets: list[int], gone: list[list[int]], order: list[int]) -> Ranks:
    """Ranks of the titles at the places `targets`, each title of one item; row r has `scores[r]`, without `gone[r]`.

    The states are unit vectors, so a row's scores are a column of the weights.
    """
    weight = torch.tensor(scores, dtype=torch.float32).T.contiguous()
    output = SimpleNamespace(weight=weight, bias=torch.zeros(len(weight)))
    places = Places(np.arange(len(weight)), NOTHING, NOTHING, np.array(order))
    row = np.repeat(np.arange(len(gone)), [len(own) for own in gone])
    cells = Cells(row, np.array([place for own in gone for place in own], np.int64))
    return Counter(output, places).rank(torch.eye(len(scores)), np.array(targets), cells)  # type: ignore[arg-type]


def test_rank_counts_strictly_higher_scores() -> None:
    """Scores 3, 5, 4, 1 with the target in place 0: two are higher, so r = 2 of 4 candidates, no ties."""
    assert [column.tolist() for column in ranked([[3, 5, 4, 1]], [0], [[]], [0, 1, 2, 3])] == [[2], [4], [0]]


def test_what_is_gone_does_not_count() -> None:
    """Without place 1 only place 2 is higher than the target, among 3 candidates."""
    assert [column.tolist() for column in ranked([[3, 5, 4, 1]], [0], [[1]], [0, 1, 2, 3])] == [[1], [3], [0]]


def test_ties_follow_the_permutation() -> None:
    """All four scores equal: the rank is the target's place in the permutation, and three others tie with it."""
    order = [2, 0, 3, 1]
    found = ranked([[1.0] * 4] * 4, [0, 1, 2, 3], [[]] * 4, order)
    assert found.rank.tolist() == order
    assert found.ties.tolist() == [3] * 4


def test_ties_that_are_gone_do_not_count() -> None:
    """Place 1 comes first in the permutation but is gone, so the target moves up from 2 to 1."""
    assert [column.tolist() for column in ranked([[1.0] * 4], [0], [[1]], [2, 0, 3, 1])] == [[1], [3], [2]]


def test_rows_are_independent() -> None:
    """Two rows with their own targets and exclusions: r = 0 of 3, and r = 1 of 2."""
    found = ranked([[9, 8, 7], [5, 9, 1]], [0, 0], [[], [2]], [0, 1, 2])
    assert found.rank.tolist() == [0, 1]
    assert found.candidates.tolist() == [3, 2]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_scores_that_are_not_finite_are_an_error_naming_a_row(bad: float) -> None:
    """A NaN compares false with everything and would rank its target first."""
    with pytest.raises(SoftrecError, match="a score of row 0 is not finite"):
        ranked([[1.0, bad]], [0], [[]], [0, 1])


@pytest.mark.parametrize("at_once", [1, 7, 2**17])
def test_cells_that_all_have_to_be_scored_again_come_in_pieces(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    """A model whose scores are all equal leaves every cell in doubt; ranks are places in the permutation all the same.

    No more cells than `CELLS_AT_ONCE` are scored at once: at the paper's size all of a batch would take 24 GB.
    """
    monkeypatch.setattr(score_counting, "CELLS_AT_ONCE", at_once)
    scored = Counter.single_scores
    sizes = []

    def noted(self: Counter, state: torch.Tensor, row: torch.Tensor, place: torch.Tensor) -> torch.Tensor:
        sizes.append(len(row))
        return scored(self, state, row, place)

    monkeypatch.setattr(Counter, "single_scores", noted)
    order = np.random.default_rng(1).permutation(40)
    found = ranked([[1.0] * 40] * 5, [3, 9, 0, 39, 20], [[]] * 5, order.tolist())
    assert found.rank.tolist() == order[[3, 9, 0, 39, 20]].tolist()
    assert max(sizes) <= max(at_once, 5)  # the targets' own scores are five


def test_float32_products_are_those_of_ieee() -> None:
    """The margin within which scores are scored again is of float32's rounding; TF32 has fewer bits."""
    torch.set_float32_matmul_precision("high")
    ranked([[1.0, 2.0]], [0], [[]], [0, 1])
    assert torch.get_float32_matmul_precision() == "highest"
