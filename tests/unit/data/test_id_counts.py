"""Counting of ids by their hashes."""

import numpy as np
import polars as pl
import pytest

from softrec.data.filter_counts import Size
from softrec.data.id_counts import Reviews, at_least_k, drop_rare_ids, tally


@pytest.mark.parametrize("k", [1, 2, 3, 5, 7])
def test_enough_counts_keys_of_any_size(k: int) -> None:
    """Two rows of 2^60, three of 2^64 - 1, one of 7, in any order; 7 is more than there are rows."""
    key = np.array([1 << 60, 2**64 - 1, 1 << 60, 7, 2**64 - 1, 2**64 - 1], dtype=np.uint64)
    assert at_least_k(key, k).tolist() == [k <= 2, k <= 3, k <= 2, k <= 1, k <= 3, k <= 3]


def test_no_keys_at_all_are_no_fault() -> None:
    """No rows, no mask."""
    assert at_least_k(np.array([], dtype=np.uint64), 1).tolist() == []


def test_tally_by_hand() -> None:
    """5 2 5 9 5 2: three numbers, of which two rows have 2 and three have 5."""
    key = pl.Series([5, 2, 5, 9, 5, 2], dtype=pl.UInt64)
    found = [(t.distinct, t.often.to_list()) for t in (tally(key, k) for k in (1, 2, 3, 4))]
    assert found == [(3, [2, 5, 9]), (3, [2, 5]), (3, [5]), (3, [])]
    empty = tally(key.head(0), 2)
    assert (empty.distinct, len(empty.often)) == (0, 0)


def reviews(rows: list[str], k: int) -> Reviews:
    """Reviews written as "ux": user u, item x."""
    return Reviews(pl.DataFrame({"user_id": [row[0] for row in rows], "item_id": [row[1] for row in rows]}), k)


def test_a_round_drops_rare_users_and_items_at_once() -> None:
    """K = 2: users a, b have two rows each, c one; items x three, y and z one each.

    A round leaves ax and bx; the next one none, since a and b have one row each.
    """
    all_rows = reviews(["ax", "ay", "bx", "bz", "cx"], 2)
    left = all_rows.frequent()
    assert left["row"].to_list() == [0, 2]
    assert len(drop_rare_ids(left, 2)) == 0
    assert (all_rows.size(), all_rows.pairs()) == (Size(3, 3, 5), 5)


def test_rows_left_out_are_not_counted() -> None:
    """Without row 0, of ax ax ay bx: two users, two items, three rows, three pairs; a has two rows still, x too."""
    some = reviews(["ax", "ax", "ay", "bx"], 2).where(pl.Series([False, True, True, True]))
    assert (some.size(), some.pairs()) == (Size(2, 2, 3), 3)
    assert some.frequent()["row"].to_list() == [1]
    assert some.mask().to_list() == [False, True, True, True]
    fewer = some.where(pl.Series([True, True, True, False]))
    assert fewer.mask().to_list() == [False, True, True, False]


def test_rows_that_all_stay_are_not_counted_again() -> None:
    """The same object, whose counts are there."""
    rows = reviews(["ax", "ay"], 1)
    assert rows.where(pl.Series([True, True])) is rows


def test_repeated_pairs_are_one() -> None:
    """Ax three times, ay, bx: three pairs."""
    assert reviews(["ax", "ay", "ax", "bx", "ax"], 1).pairs() == 3
