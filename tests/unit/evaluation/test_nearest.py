"""The items nearest to generated titles, against a sort of all distances."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import SoftrecError
from softrec.evaluation import grounding, nearest
from softrec.evaluation.grounding import Grounding, GroundingSettings, squared_distances
from softrec.evaluation.nearest import nearest_items
from softrec.splits.seen_items import SeenItems


def grounded(titles: np.ndarray, title_id: list[int], seen: list[int]) -> Grounding:
    """User 1 has had `seen`."""
    items = SeenItems(np.ones(len(seen), np.int64), np.asarray(seen))
    return Grounding(titles.astype(np.float32), np.asarray([-1, *title_id]), items, GroundingSettings("seen", 42))


def row(position: int) -> dict[str, list]:
    """One row of user 1."""
    return {"user": [1], "position": [position], "history": [[1]]}


def test_nearest_by_hand() -> None:
    """Titles at 0, 3 and 10 on a line; the text is at 4: distances 4, 1, 6. Items 2 and 4 share the title at 3."""
    known = grounded(np.array([[0.0], [3.0], [10.0]]), [0, 1, 2, 1], [3])
    found = nearest_items(known, np.array([[4.0]], np.float32), row(0), 4)
    assert found.items[0].tolist() in ([2, 4, 1, 3], [4, 2, 1, 3])
    assert found.distance[0] == pytest.approx([1, 1, 4, 6])


def test_items_of_one_title_do_not_stand_in_the_order_of_ids() -> None:
    """200 titles of two items each, i and i + 200: both are the first of about 100 titles (standard deviation 7)."""
    titles = np.arange(200.0)[:, None]
    known = grounded(titles, [*range(200), *range(200)], [1])
    z = titles.astype(np.float32)
    rows = {"user": [1] * 200, "position": [0] * 200, "history": [[1]] * 200}
    first = nearest_items(known, z, rows, 2).items
    assert (np.sort(first, axis=1) == np.stack([np.arange(1, 201), np.arange(201, 401)], axis=1)).all()
    assert abs((first[:, 0] < first[:, 1]).sum() - 100) < 35


def test_seen_items_are_left_out_and_too_few_are_an_error() -> None:
    """User 1 has had item 3 before position 1: only two titles are left."""
    known = grounded(np.array([[0.0], [3.0], [10.0]]), [0, 1, 2], [3])
    assert nearest_items(known, np.array([[9.0]], np.float32), row(1), 2).items.tolist() == [[2, 1]]
    with pytest.raises(SoftrecError, match="row 0 has only 2 items to rank, but 3 are required"):
        nearest_items(known, np.array([[9.0]], np.float32), row(1), 3)


@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 200))
def test_nearest_are_the_first_of_a_sort(seed: int, k: int, rows: int) -> None:
    """Whatever the block a row falls into: distances ascend, and equal those of a brute-force sort."""
    rng = np.random.default_rng(seed)
    titles, z = rng.normal(size=(30, 3)).astype(np.float32), rng.normal(size=(rows, 3)).astype(np.float32)
    known = grounded(titles, list(range(30)), [5])
    columns = {"user": [1] * rows, "position": [1] * rows, "history": [[5]] * rows}
    found = nearest_items(known, z, columns, k)
    distance = np.linalg.norm(z[:, None].astype(np.float64) - titles[None].astype(np.float64), axis=2)
    distance[:, 4] = np.inf
    assert found.distance == pytest.approx(np.sort(distance, axis=1)[:, :k], abs=1e-6)
    assert np.take_along_axis(distance, found.items - 1, axis=1) == pytest.approx(found.distance, abs=1e-6)


@pytest.mark.parametrize(("titles_at_once", "rows_at_once"), [(1, 9), (5, 1), (29, 4), (1024, 256)])
def test_nearest_do_not_depend_on_blocks(
    monkeypatch: pytest.MonkeyPatch, titles_at_once: int, rows_at_once: int
) -> None:
    """Each of 15 titles stands in the catalogue twice: of two that are equally near, the earlier in `order` is first.

    So the expected order is a sort of direct distances and, where they are equal, of `order`.
    """
    monkeypatch.setattr(grounding, "TITLES_AT_ONCE", titles_at_once)
    monkeypatch.setattr(nearest, "ROWS_AT_ONCE", rows_at_once)
    rng = np.random.default_rng(2)
    titles = np.tile(rng.normal(size=(15, 33)) + 30, (2, 1)).astype(np.float32)
    z = (rng.normal(size=(9, 33)) + 30).astype(np.float32)
    known = grounded(titles, list(range(30)), [1])
    found = nearest_items(known, z, {"user": [1] * 9, "position": [0] * 9, "history": [[]] * 9}, 7)
    for text, items, distance in zip(z, found.items, found.distance, strict=True):
        direct = squared_distances(text, titles)
        expected = np.lexsort((known.candidates.order, direct))[:7]
        assert items.tolist() == (expected + 1).tolist()
        assert distance.tolist() == np.sqrt(direct[expected]).tolist()


@pytest.mark.parametrize("at", [0, 3])
def test_a_text_that_is_not_finite_is_an_error(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """A NaN is near nothing; the text is named by its number among all, not in its block of two."""
    monkeypatch.setattr(nearest, "ROWS_AT_ONCE", 2)
    known = grounded(np.array([[0.0], [3.0]]), [0, 1], [1])
    z = np.zeros((5, 1), np.float32)
    z[at] = np.nan
    with pytest.raises(SoftrecError, match=f"the embedding of text {at} is not finite"):
        nearest_items(known, z, {"user": [1] * 5, "position": [0] * 5, "history": [[]] * 5}, 1)
