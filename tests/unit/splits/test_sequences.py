"""Sequences, the cut by time, and samples."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from common.errors import SoftrecError
from softrec.core import seeds
from softrec.splits import sequences

PAPER = sequences.SplitSettings(history=10, fractions=[0.8, 0.1, 0.1])


@pytest.mark.parametrize(
    ("items", "count", "first"), [(1, 0, None), (2, 1, 1), (10, 1, 9), (11, 1, 10), (12, 2, 10), (25, 15, 10)]
)
def test_number_of_windows(items: int, count: int, first: int | None) -> None:
    """max(1, L - 10) sequences; up to 11 items there is one, of all items, whose target is the last."""
    windows = sequences.make_windows(np.full(items, 5), 10)
    assert len(windows.row) == count
    if first is not None:
        assert windows.position.tolist() == list(range(first, items))
        assert windows.history.tolist() == [min(10, p) for p in range(first, items)]


def test_columns_of_two_users() -> None:
    """History 2. User 3 has items 7 8 9 6: (7 8 -> 9), (8 9 -> 6). User 4 has 5 1: (5 -> 1)."""
    user, item = np.array([3, 3, 3, 3, 4, 4]), np.array([7, 8, 9, 6, 5, 1])
    columns = sequences.columns(sequences.make_windows(user, 2), item, np.arange(10, 16))
    assert columns["history"].to_pylist() == [[7, 8], [8, 9], [5]]
    assert columns["target"].tolist() == [9, 6, 1]
    assert columns["position"].tolist() == [2, 3, 1]
    assert columns["timestamp"].tolist() == [12, 13, 15]
    assert columns["user"].tolist() == [3, 3, 4]


def shop(users: int, items: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Users 1.. who all bought items 1.. in turns: user u buys item i at 100 i + u."""
    user = np.repeat(np.arange(1, users + 1), items)
    item = np.tile(np.arange(1, items + 1), users)
    return user, item, 100 * item + user


def test_split_is_by_the_targets_time_over_all_users() -> None:
    """4 users of 15 items: 5 sequences each, 20 in all: 16, 2, 2; the last two targets are item 15 of users 3 and 4."""
    parts = sequences.split(*shop(4, 15), PAPER)
    assert [len(parts[name]["user"]) for name in sequences.SPLITS] == [16, 2, 2]
    assert parts["test"]["timestamp"].tolist() == [1503, 1504]
    assert parts["valid"]["timestamp"].tolist() == [1501, 1502]
    assert parts["test"]["user"].tolist() == [3, 4]
    assert parts["test"]["history"].to_pylist() == [list(range(5, 15))] * 2
    assert np.all(np.diff(parts["train"]["timestamp"]) >= 0)


def test_equal_times_stand_together_by_user() -> None:
    """Every interaction at time 0: user by user, and each user's sequences by position, here that of the items."""
    user, item, _ = shop(3, 14)
    parts = sequences.split(user, item, np.zeros(len(user), dtype=np.int64), PAPER)
    pairs = [
        (u, t) for name in sequences.SPLITS for u, t in zip(parts[name]["user"], parts[name]["target"], strict=True)
    ]
    users = [u for u, _ in pairs[::4]]
    assert sorted(users) == [1, 2, 3]
    assert pairs == [(u, t) for u in users for t in (11, 12, 13, 14)]


@pytest.mark.parametrize(
    ("total", "edges"), [(10, [0, 8, 9, 10]), (19, [0, 15, 17, 19]), (88523, [0, 70818, 79670, 88523])]
)
def test_cuts_are_exact(total: int, edges: list[int]) -> None:
    """19: 15.2 and 17.1 are rounded down. 0.8 + 0.1 is 9/10 here, not 0.9000000000000000222."""
    assert sequences.cuts(total, [0.8, 0.1, 0.1]) == edges


@pytest.mark.parametrize(
    ("user", "timestamp", "row"),
    [([1, 2, 1, 2], [1, 2, 3, 4], 2), ([1, 1, 2, 2], [5, 5, 9, 8], 3), ([2, 2, 1, 1], [1, 2, 1, 2], 2)],
)
def test_interactions_that_are_not_sorted(user: list[int], timestamp: list[int], row: int) -> None:
    """By time over all users, as tables often are, a history would be of several users."""
    with pytest.raises(SoftrecError, match=f"row {row} of own.parquet is of user") as caught:
        sequences.require_sorted(np.array(user), np.array(timestamp), Path("own.parquet"))
    assert "sort it by user and time" in str(caught.value.remedy)
    sequences.require_sorted(np.array([1, 1, 2]), np.array([5, 5, 1]), Path("own.parquet"))


def test_too_few_sequences_to_cut() -> None:
    """9 sequences: the tenth for validation is rounded down to none."""
    with pytest.raises(SoftrecError, match="9 sequences of 9 users are too few"):
        sequences.split(*shop(9, 10), sequences.SplitSettings(10, [0.9, 0.05, 0.05]))


@pytest.mark.parametrize("fractions", [[0.8, 0.1], [0.8, 0.1, 0.2], [1.0, 0.0, 0.0]])
def test_fractions_must_cut_a_whole(fractions: list[float]) -> None:
    """Two shares; a sum of 1.1; an empty share."""
    with pytest.raises(SoftrecError, match="not three positive shares that sum to 1"):
        sequences.SplitSettings(10, fractions)


def test_samples_are_seeded_nested_and_in_order() -> None:
    """Ascending distinct rows; the same for the same name and seed, others for another; the 5 are among the 20."""
    small, large = (sequences.draw(100, size, 42, "train") for size in (5, 20))
    assert np.all(np.diff(large) > 0)
    assert len(large) == 20
    assert len(small) == 5
    assert set(small) <= set(large)
    assert np.array_equal(large, sequences.draw(100, 20, 42, "train"))
    assert not np.array_equal(large, sequences.draw(100, 20, 42, "valid"))
    assert not np.array_equal(large, sequences.draw(100, 20, 43, "train"))


def test_the_papers_rows_are_those_that_it_alone_would_draw() -> None:
    """8,000 of 60,000 test rows hold the 1,000 that `rows: 1000` draws, and those are marked.

    The first of the permutation of the stream, not the first of the file, which is sorted by time.
    """
    settings = sequences.SampleSettings("test", 8000, 42, paper_rows=1000)
    rows = sequences.draw(60_000, settings.rows, settings.seed, settings.split)
    paper = sequences.of_paper(rows, 60_000, settings)
    assert np.array_equal(rows[paper], sequences.draw(60_000, 1000, 42, "test"))
    permuted = seeds.stream(42, "samples", "test").permutation(60_000)
    assert set(rows[paper]) == set(permuted[:1000])
    assert set(rows) == set(permuted[:8000])
    assert 50 < paper[:1000].sum() < 250  # about an eighth of any thousand rows


@pytest.mark.parametrize(
    ("asked", "total", "paper_rows", "marked"),
    [(10, 20, None, 10), (10, 20, 4, 4), ("all", 20, 4, 4), (10, 7, 4, 4), (10, 7, 8, 7), (10, 20, 10, 10)],
)
def test_how_many_rows_are_the_papers(asked: Any, total: int, paper_rows: int | None, marked: int) -> None:
    """All that are drawn, or as many as named; all of a split that holds fewer than that."""
    settings = sequences.SampleSettings("test", asked, 42, paper_rows)
    rows = sequences.draw(total, asked, 42, "test")
    assert sequences.of_paper(rows, total, settings).sum() == marked


def test_a_required_sample_of_the_paper_must_be_there() -> None:
    """A split of 7 rows cannot hold the paper's 8."""
    settings = sequences.SampleSettings("test", 10, 42, paper_rows=8, paper_rows_required=True)
    with pytest.raises(SoftrecError, match="7 rows of test are drawn, fewer than the 8 of the paper's sample") as error:
        sequences.of_paper(np.arange(7), 7, settings)
    assert error.value.remedy == "set samples.paper_test to at most 7"


@pytest.mark.parametrize("size", ["all", 7, 8])
def test_a_sample_of_all(size: Any) -> None:
    """7 rows: "all", 7 and 8 of them are all of them."""
    assert sequences.draw(7, size, 1, "test").tolist() == list(range(7))


def test_an_empty_sample_is_refused() -> None:
    """No validation rows would mean no early stopping."""
    with pytest.raises(SoftrecError, match="valid is 0"):
        sequences.SampleSettings("valid", 0, 42)
