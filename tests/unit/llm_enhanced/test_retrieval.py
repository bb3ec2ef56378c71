"""Retrieval of LLM-CF's in-context examples: it never looks ahead, and it takes memory by blocks."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import SoftrecError
from softrec.io import arrays
from softrec.llm_enhanced import retrieval
from softrec.llm_enhanced.decisions import Examples, mean_titles, with_examples
from softrec.llm_enhanced.retrieval import RetrievalSettings, find_examples, history_vectors, retrieve
from softrec.llm_enhanced.title_vectors import unit_rows
from softrec.sequential.windows import Windows

SETTINGS = RetrievalSettings(4, 2, False, 7)


def examples(label: list[int], time: list[int]) -> Examples:
    """Decisions of which only label and time matter."""
    n = len(label)
    ones = np.ones(n, np.int64)
    return Examples(np.ones((n, 1), np.int64), ones, ones, np.array(label), np.array(time))


def test_retrieval_by_hand() -> None:
    """Query (1, 0) at time 10.

    Similarities 0.9, 0.5, 0.7, 1.0, 0.2 of labels 1, 1, 0, 1, 0; example 3 is at time 10, not earlier: label 1 gives 0
    and 1, label 0 gives 2 and 4. At time 2 only example 2 (time 1) is known.
    """
    vectors = np.array([[0.9, 0], [0.5, 0], [0.7, 0], [1.0, 0], [0.2, 0]])
    known = examples([1, 1, 0, 1, 0], [5, 6, 1, 10, 8])
    query = np.array([[1.0, 0.0], [1.0, 0.0]])
    assert retrieve(query, np.array([10, 2]), vectors, known, 2).tolist() == [[0, 1, 2, 4], [-1, -1, 2, -1]]


@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 3))
def test_retrieval_never_looks_ahead_and_is_the_best_there_is(seed: int, count: int, per_label: int) -> None:
    """Every example found is strictly earlier than its query and has the label of its place.

    No earlier example of that label is more similar than the last one found.
    """
    rng = np.random.default_rng(seed)
    known = examples(rng.integers(0, 2, count).tolist(), rng.integers(0, 6, count).tolist())
    query, vectors = rng.normal(size=(5, 3)), rng.normal(size=(count, 3))
    time = rng.integers(0, 7, 5)
    found = retrieve(query, time, vectors, known, per_label)
    for row, places in enumerate(found.reshape(5, 2, per_label)):
        for label, chosen in zip((1, 0), places, strict=True):
            free = [e for e in range(count) if known.label[e] == label and known.time[e] < time[row]]
            best = sorted(free, key=lambda e: (-(query[row] @ vectors[e]), e))[:per_label]
            assert [e for e in chosen if e >= 0] == best


def test_history_vectors_are_centred_means_of_length_one() -> None:
    """Titles (0, 0), (2, 0), (1, 3) have the mean (1, 1). Items 1 and 2: mean of (-1, -1) and (1, -1) is (0, -1)."""
    titles = np.array([[0, 0], [0, 0], [2, 0], [1, 3]], np.float32)
    found = history_vectors(np.array([[1, 2], [3, 0]]), np.array([2, 1]), titles, np.ones(2, np.float32))
    assert found[0] == pytest.approx([0, -1])
    assert found[1] == pytest.approx([0, 1])


def test_mean_titles_by_hand() -> None:
    """Titles (2, 0), (4, 6) and (0, 9): items 1 and 2 have the mean (3, 3), item 3 alone (0, 9)."""
    titles = np.array([[0, 0], [2, 0], [4, 6], [0, 9]], np.float32)
    assert mean_titles(np.array([[1, 2], [3, 0]]), np.array([2, 1]), titles).tolist() == [[3, 3], [0, 9]]


def a_case(rows: int, items: int, width: int, decisions: int) -> tuple[Windows, np.ndarray, np.ndarray, Examples]:
    """Random windows of one to four items, when they are made, titles of length 1, and decisions as early."""
    rng = np.random.default_rng(5)

    def some(count: int) -> tuple[np.ndarray, np.ndarray]:
        length = rng.integers(1, 5, count)
        return np.where(np.arange(4) < length[:, None], rng.integers(1, items + 1, (count, 4)), 0), length

    titles = rng.normal(0.5, 1, (items + 1, width)).astype(np.float32)
    titles[0] = 0
    unit_rows(titles, "item", Path("titles.npy"))
    known = Examples(
        *some(decisions), *rng.integers((1, 0), (items + 1, 2), (decisions, 2)).T, rng.integers(0, 90, decisions)
    )
    ones = np.ones(rows, np.int64)
    return Windows(*some(rows), ones, ones, ones), rng.integers(0, 99, rows), titles, known


@pytest.mark.parametrize("centred", [False, True])
def test_blocks_find_what_all_rows_at_once_find(centred: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 7 rows against (R, L, D) of all 50, similarities in float64: the same examples, in whatever order."""
    monkeypatch.setattr(retrieval, "BLOCK", 7)
    windows, time, titles, known = a_case(50, 30, 12, 40)
    found = find_examples(windows, time, titles, known, RetrievalSettings(4, 2, centred, 7))
    z = titles.astype(np.float64)
    if centred:
        z[1:] -= titles[1:].astype(np.float64).mean(axis=0)
    query, example = (
        z[one.item if one is windows else one.window].sum(axis=1) / one.length[:, None] for one in (windows, known)
    )
    if centred:
        query, example = (vector / np.linalg.norm(vector, axis=1, keepdims=True) for vector in (query, example))
    wanted = retrieve(query, time, example, known, 2)
    assert np.array_equal(np.sort(found, axis=1), np.sort(wanted, axis=1))
    assert (found >= 0).any()
    assert (found < 0).any()


def test_examples_are_shuffled_and_twice_the_same() -> None:
    """Four examples of 300 rows: each stands first in about a quarter (75, 5.6 standard deviations are 42)."""
    windows, _, titles, known = a_case(300, 30, 12, 40)
    time = np.full(300, 100)
    found, again = (find_examples(windows, time, titles, known, SETTINGS) for _ in range(2))
    assert np.array_equal(found, again)
    wanted = retrieve(
        mean_titles(windows.item, windows.length, titles),
        time,
        mean_titles(known.window, known.length, titles),
        known,
        2,
    )
    first = (found[:, :1] == wanted).sum(axis=0)
    assert first.sum() == 300
    assert (abs(first - 75) < 42).all()


def test_memory_beside_the_arguments_is_a_block_s() -> None:
    """20,000 windows of width 256 would be 20 MB as vectors and 82 MB as (R, 4, D).

    Similarities to 2,000 decisions 160 MB. A block of 1,024 has two vectors (1 MB each), similarities to half of the
    decisions (4 MB), a mask of them (1 MB) and those decisions (1 MB); the decisions' vectors are 2 MB twice, the
    result 0.3 MB twice.
    """
    windows, time, titles, known = a_case(20_000, 500, 256, 2_000)
    tracemalloc.start()
    find_examples(windows, time, titles, known, SETTINGS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16e6


def test_examples_stand_behind_the_history(tmp_path: Path) -> None:
    """Example 3 and none: columns 4 and 0."""
    windows, _, _, known = a_case(1, 5, 3, 4)
    arrays.write_array(tmp_path / "x.npy", np.array([[3, -1]], np.int32))
    found = with_examples(windows, tmp_path / "x.npy", known).item
    assert found.tolist() == [[*windows.item[0].tolist(), 4, 0]]
    assert found.dtype == np.int64


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (np.zeros((2, 2), np.int32), r"has shape \(2, 2\); there are 1 windows"),
        (np.array([[0, 4]], np.int32), "names examples from 0 to 4; there are 4"),
        (np.array([[0, -2]], np.int32), "names examples from -2 to 0; there are 4"),
    ],
)
def test_examples_of_other_rows_are_refused(found: np.ndarray, said: str, tmp_path: Path) -> None:
    """One window and four decisions."""
    windows, _, _, known = a_case(1, 5, 3, 4)
    arrays.write_array(tmp_path / "x.npy", found)
    with pytest.raises(SoftrecError, match=said):
        with_examples(windows, tmp_path / "x.npy", known)


def test_rows_get_length_one_and_what_is_not_finite_is_named() -> None:
    """(3, 4) has length 5; a row of zeros stays; a NaN in row 1 is said to be item 1's."""
    z = np.array([[0, 0], [3, 4]], np.float32)
    assert unit_rows(z, "item", Path("z.npy")) is z
    assert z[1] == pytest.approx([0.6, 0.8])
    assert z[0].tolist() == [0, 0]
    with pytest.raises(SoftrecError, match=r"embedding of item 1 in z\.npy holds a value that is not finite"):
        unit_rows(np.array([[0, 1], [np.nan, 1]], np.float32), "item", Path("z.npy"))
