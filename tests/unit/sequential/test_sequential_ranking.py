"""A model that scores items ranks titles: what is derived by hand, brute force, and the ranks of generated texts."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from common.errors import SoftrecError
from softrec.evaluation.grounding import Grounding, GroundingSettings, squared_distances
from softrec.evaluation.ranking import Ranks
from softrec.sequential import ranking, score_counting
from softrec.sequential.ranking import Protocol
from softrec.sequential.windows import Windows, pad
from softrec.splits.seen_items import SeenItems

# Items 1..6; items 2 and 5 share title 1, items 1 and 6 title 0.
TITLE_ID = np.array([-1, 0, 1, 2, 3, 1, 0])
SEEN = SeenItems(np.array([1, 1, 2]), np.array([2, 3, 4]))  # user 1 had items 2 and 3, user 2 item 4


class Scores:
    """A model whose scores are given: (R, N), for rows that name theirs as their only item of history.

    The state of row r is the r-th unit vector, so that a row's scores are a row of the transposed output layer.
    """

    def __init__(self, scores: Any) -> None:
        weight = torch.tensor(np.asarray(scores), dtype=torch.float64).T.contiguous()
        self.output = SimpleNamespace(weight=weight, bias=torch.zeros(len(weight), dtype=torch.float64))
        self.states = torch.eye(weight.shape[1], dtype=torch.float64)

    def eval(self) -> None:
        """Nothing to switch."""

    def __call__(self, item: torch.Tensor, length: torch.Tensor) -> torch.Tensor:
        """The states of the rows."""
        return self.states[item[:, 0] - 1]


def windows(user: Any, position: Any, target: Any) -> Windows:
    """Rows 0, 1, ...: the history of row r is [r + 1]."""
    rows = np.arange(len(target))
    item, length = pad(rows + 1, rows, rows + 1, 3)
    return Windows(item, length, np.asarray(target), np.asarray(user), np.asarray(position))


def ranked(
    scores: list[float], target: int, *, user: int = 3, position: int = 0, mask: Any = "seen"
) -> tuple[int, int, int]:
    """(rank, candidates, ties) of one row; user 3 has had nothing."""
    rows = windows([user], [position], [target])
    found = ranking.rank_windows(Scores([scores]), rows, Protocol(6, SEEN, mask, 0, TITLE_ID))  # type: ignore[arg-type]
    return int(found.rank[0]), int(found.candidates[0]), int(found.ties[0])


def test_a_title_has_the_score_of_its_best_item() -> None:
    """Scores 1 to 6 by item: titles 0 (items 1 and 6) 6, 1 (items 2 and 5) 5, 2 3, 3 4.

    Of four titles the target's, 2, is last; as items it would have been fourth of six. Whichever of its items is the
    target, title 0 is first.
    """
    scores = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert ranked(scores, target=3) == (3, 4, 0)
    assert ranked(scores, target=1) == ranked(scores, target=6) == (0, 4, 0)
    assert ranked(scores, target=2) == ranked(scores, target=5) == (1, 4, 0)


def test_items_of_one_title_count_once_before_the_target_and_do_not_tie_with_it() -> None:
    """Items 2 and 5 both score higher than the target, item 4: one title, so rank 1 of 4.

    With equal scores of its two items the target's title has no tie with itself.
    """
    assert ranked([0.0, 9.0, 0.0, 5.0, 8.0, 0.0], target=4) == (1, 4, 0)
    assert ranked([7.0, 0.0, 1.0, 2.0, 3.0, 7.0], target=1) == (0, 4, 0)


def test_a_title_is_masked_if_any_of_its_items_was_seen() -> None:
    """User 1 had items 2 and 3: titles 1 and 2.

    Item 5, unseen and best, is of title 1: the target is first of two. Before item 2 nothing was out, and title 1 was
    ahead.
    """
    assert ranked([1.0, 2.0, 3.0, 4.0, 9.0, 0.0], target=4, user=1, position=2) == (0, 2, 0)
    assert ranked([1.0, 2.0, 3.0, 4.0, 9.0, 0.0], target=4, user=1, position=0) == (1, 4, 0)


def test_the_targets_title_is_never_masked() -> None:
    """User 1 had item 2, of the title of the target, item 5: it stays, with the score of item 2, its best."""
    assert ranked([1.0, 9.0, 3.0, 4.0, 0.0, 2.0], target=5, user=1, position=2) == (0, 3, 0)


def test_masks_of_the_window_and_none() -> None:
    """The history of the row is item 1, so `window` takes out title 0, item 6 with it; `none` nothing."""
    scores = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert ranked(scores, target=4, user=1, position=2, mask="window") == (1, 3, 0)
    assert ranked(scores, target=4, user=1, position=2, mask="none") == (2, 4, 0)


@pytest.mark.parametrize("item", range(1, 7))
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_no_score_that_is_not_finite_is_hidden_by_a_better_one(item: int, bad: float) -> None:
    """Of an item that shares its title too: the best of -inf and 1 would be 1."""
    scores = [1.0] * 6
    scores[item - 1] = bad
    with pytest.raises(SoftrecError, match="a score of row 0 is not finite"):
        ranked(scores, target=4)


def world(titles: int, items: int, rows: int) -> tuple[np.ndarray, SeenItems, Windows]:
    """`items` items of `titles` titles, numbered by their first item, and rows of users of two kinds of past."""
    rng = np.random.default_rng(titles)
    drawn = np.concatenate([rng.permutation(titles), rng.integers(0, titles, items - titles)])
    _, first, of = np.unique(drawn, return_index=True, return_inverse=True)
    title_id = np.concatenate([[-1], np.argsort(np.argsort(first))[of]])
    seen = SeenItems(np.repeat(np.arange(rows), 12), rng.integers(1, items + 1, 12 * rows))
    rows_of = windows(np.arange(rows), rng.choice([2, 12], rows), rng.integers(1, items + 1, rows))
    return title_id, seen, rows_of


def by_hand(scores: np.ndarray, rows: Windows, protocol: Protocol) -> Ranks:
    """Every rank by loops over titles."""
    of = protocol.title_id[1:]
    order = ranking.Titles(protocol).candidates.order
    found = []
    for row, own_scores in enumerate(scores):
        best = {title: max(own_scores[of == title]) for title in range(of.max() + 1)}
        own = of[rows.target[row] - 1]
        past = protocol.seen.before(int(rows.user[row]), int(rows.position[row]))
        out = {of[item - 1] for item in past} - {own}
        left = [title for title in best if title not in out]
        nearer = sum(best[t] > best[own] for t in left)
        equal = [t for t in left if best[t] == best[own] and t != own]
        found.append((nearer + sum(order[t] < order[own] for t in equal), len(left), len(equal)))
    return Ranks(*np.array(found).T)


@pytest.mark.parametrize(("titles", "items"), [(40, 40), (37, 40), (20, 60), (12, 40)])
@pytest.mark.parametrize("at_once", [1, 7, 256])
def test_ranks_are_those_of_brute_force(monkeypatch: pytest.MonkeyPatch, titles: int, items: int, at_once: int) -> None:
    """Without shared titles, with few, with many and with nothing else; scores of few values, so that many tie."""
    monkeypatch.setattr(ranking, "ROWS_AT_ONCE", at_once)
    title_id, seen, rows = world(titles, items, 50)
    scores = np.random.default_rng(1).integers(0, 9, (50, items)).astype(float)
    protocol = Protocol(items, seen, "seen", 5, title_id)
    found, expected = ranking.rank_windows(Scores(scores), rows, protocol), by_hand(scores, rows, protocol)  # type: ignore[arg-type]
    assert expected.ties.sum() > 20
    for column, right in zip(found, expected, strict=True):
        np.testing.assert_array_equal(column, right)


@pytest.mark.parametrize("mask", ["seen", "window", "none"])
def test_both_kinds_of_rows_are_ranked_alike(mask: Any) -> None:
    """A model whose scores of items are those of their titles has the ranks of grounding with the same distances.

    Candidates, masks and the permutation that breaks ties are the same. Texts and titles are whole numbers on a line,
    so that distances tie, and squares and their products are exact in float64.
    """
    title_id, seen, rows = world(30, 50, 50)
    rng = np.random.default_rng(2)
    titles, z = (rng.integers(0, 9, (n, 1)).astype(np.float32) for n in (30, 50))
    distance = np.stack([squared_distances(text, titles) for text in z])
    scores = -distance[:, title_id[1:]]
    of_items = ranking.rank_windows(Scores(scores), rows, Protocol(50, seen, mask, 42, title_id))  # type: ignore[arg-type]
    history = [item[:length].tolist() for item, length in zip(rows.item, rows.length, strict=True)]
    columns = {"user": rows.user, "position": rows.position, "history": history, "target": rows.target}
    of_texts = Grounding(titles, title_id, seen, GroundingSettings(mask, 42)).rank(z, columns)
    assert of_texts.ties.sum() > 100
    for column, right in zip(of_items, of_texts, strict=True):
        np.testing.assert_array_equal(column, right)


def test_places_by_hand() -> None:
    """Titles 2 and 3 have one item each, 3 and 4, in columns 2 and 3; title 0 has columns 0 and 5, title 1 1 and 4."""
    titles = ranking.Titles(Protocol(6, SEEN, "seen", 0, TITLE_ID))
    assert titles.places.single.tolist() == [2, 3]
    assert titles.places.shared.tolist() == [0, 5, 1, 4]
    assert titles.places.start.tolist() == [0, 2]
    assert titles.item.tolist() == [-1, 2, 3, 0, 1, 3, 2]
    assert titles.places.order.tolist() == titles.candidates.order[[2, 3, 0, 1]].tolist()


def test_without_title_ids_every_item_is_a_candidate() -> None:
    """As with title ids 0..5."""
    for title_id in (None, np.arange(-1, 6)):
        titles = ranking.Titles(Protocol(6, SEEN, "seen", 0, title_id))
        assert titles.places.single.tolist() == [0, 1, 2, 3, 4, 5]
        assert not len(titles.places.shared)
        assert titles.item.tolist() == [-1, 0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("block", [1, 7, 2048])
@pytest.mark.parametrize(("titles", "items"), [(300, 300), (280, 300), (100, 300)])
def test_close_scores_are_compared_in_float64(
    monkeypatch: pytest.MonkeyPatch, titles: int, items: int, block: int
) -> None:
    """A float32 model with states and weights of size 1 whose 300 scores lie within 1e-6: float32 cannot tell most.

    Expected is a count over float64 scores by loops; in float32 more than a tenth of the ranks would be others.
    """
    monkeypatch.setattr(score_counting, "TITLES_AT_ONCE", block)
    title_id, seen, rows = world(titles, items, 50)
    rng = np.random.default_rng(3)
    state = torch.tensor(rng.normal(size=(50, 16)), dtype=torch.float32)
    weight = torch.tensor(rng.normal(size=16) + 1e-7 * rng.normal(size=(items, 16)), dtype=torch.float32)
    model = Scores(np.zeros((1, 1)))
    model.output, model.states = SimpleNamespace(weight=weight, bias=torch.zeros(items)), state
    protocol = Protocol(items, seen, "seen", 5, title_id)
    found = ranking.rank_windows(model, rows, protocol)  # type: ignore[arg-type]
    expected = by_hand((state.double() @ weight.double().T).numpy(), rows, protocol)
    inexact = by_hand((state @ weight.T).numpy(), rows, protocol)
    assert (inexact.rank != expected.rank).mean() > 0.1
    for column, right in zip(found, expected, strict=True):
        np.testing.assert_array_equal(column, right)
