"""Equal times: no id decides on their order, anywhere."""

import dataclasses
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest

from filter_settings import settings
from softrec.data import filtering, ties
from softrec.splits import sequences

USERS = [f"u{n:03d}" for n in range(400)]
ITEMS = ["10", "20", "30"]
"""Of 400 users with the same three items at one time the later of two neighbours has the higher id in about 400 of 800
cases; the variance of such a number in a random order of m items is (m + 1) / 12, a third here: 400 +- 11.5."""


def orders(users: list[str], items: list[str], chance: int | None = None, **changes: Any) -> dict[str, list[str]]:
    """Each user's items, all of time 0, in the order that the filter gives them; reviews in the order of a file."""
    rows = [(user, item, 0) for user in users for item in items]
    frame = pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp"], orient="row")
    if chance is not None:
        frame = frame.sample(fraction=1.0, shuffle=True, seed=chance)
    kept, _ = filtering.filter_interactions(frame, pl.Series(items), settings(k=1, **changes))
    found: dict[str, list[str]] = {user: [] for user in users}
    for user, item in zip(kept.user.tolist(), kept.item.tolist(), strict=True):
        found[sorted(users)[user - 1]].append(kept.item_ids[item - 1])
    return found


def test_equal_times_do_not_follow_item_ids() -> None:
    """Within five standard deviations of half of the cases: 343 to 457 of 800. In the order of ids it is all."""
    found = orders(USERS, ITEMS)
    assert all(sorted(own) == ITEMS for own in found.values())
    assert 343 <= sum(a < b for own in found.values() for a, b in pairwise(own)) <= 457


def test_each_user_has_an_order_of_its_own() -> None:
    """No order of items is common to users, since a model could learn it.

    Item 10 stands before 20 for half of 400 users (standard deviation 10), and each of the six orders is that of a
    sixth (66.7, standard deviation 7.5).
    """
    found = orders(USERS, ITEMS)
    assert 150 <= sum(own.index("10") < own.index("20") for own in found.values()) <= 250
    each = [list(found.values()).count(order) for order in map(list, {tuple(own) for own in found.values()})]
    assert len(each) == 6
    assert all(29 <= count <= 104 for count in each)


@pytest.mark.parametrize("chance", [1, 2])
def test_the_order_of_the_file_does_not_matter(chance: int) -> None:
    """Reviews shuffled: the same order of each user's items."""
    assert orders(USERS[:50], ITEMS, chance) == orders(USERS[:50], ITEMS)


def test_order_is_a_function_of_seed_user_and_item() -> None:
    """With users and items more, which changes all numbers, the items of a user stand as before.

    With another seed a sixth of 400 users keep their order by chance: 67, and five standard deviations of 7.5 more are
    104.
    """
    few, more = orders(USERS[10:], ITEMS), orders(["a", "zz", *USERS], ["05", "15", "25", *ITEMS, "35"])
    assert all([item for item in more[user] if item in ITEMS] == own for user, own in few.items())
    other = orders(USERS, ITEMS, tie_seed=7)
    assert sum(other[user] == own for user, own in orders(USERS, ITEMS).items()) <= 104


def test_ties_are_counted_by_hand() -> None:
    """User 1: times 5 5 5 8, two pairs of three neighbours, three rows; user 2: 8 9 9, one of two, two rows; user 3.

    One row at 9. The 8s and the 9s of two users are no ties. 5 of 8 rows, 3 of 5 pairs.
    """
    user, time = np.array([1, 1, 1, 1, 2, 2, 2, 3]), np.array([5, 5, 5, 8, 8, 9, 9, 9])
    assert ties.Ties.of(user, time) == ties.Ties(rows=5, share_of_rows=5 / 8, pairs=3, share_of_pairs=3 / 5)
    assert ties.Ties.of(user[:1], time[:1]) == ties.Ties(0, 0.0, 0, 0.0)


def test_counts_hold_the_share_of_ties() -> None:
    """All 6 interactions of two users are of one time: 6 of 6 rows, 4 of 4 pairs."""
    frame = pl.DataFrame({"user_id": list("aaabbb"), "item_id": list("xyzxyz"), "timestamp": [1, 1, 1, 2, 2, 2]})
    _, counts = filtering.filter_interactions(frame, pl.Series(list("xyz")), settings(k=1))
    assert counts.as_json()["ties"] == {"rows": 6, "share_of_rows": 1.0, "pairs": 4, "share_of_pairs": 1.0}
    assert "6 interactions (100.0%)" in counts.ties.sentence()


def test_mix_is_splitmix64() -> None:
    """The first three outputs of splitmix64 from the seed 1234567, as its authors' code prints them."""
    state = np.arange(1, 4, dtype=np.uint64) * np.uint64(ties.GAMMA) + np.uint64(1234567)
    assert ties.mix(state).tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_the_side_of_a_cut_does_not_follow_user_ids() -> None:
    """1,000 users of two items, all targets of one time: 800 go to train.

    In the order of ids the test split would have users 901 to 1,000, whose mean is 950.5; drawn at random it is 500.5
    with a standard deviation of 27.
    """
    user, item = np.repeat(np.arange(1, 1001), 2), np.tile([1, 2], 1000)
    parts = sequences.split(user, item, np.zeros(2000, np.int64), sequences.SplitSettings(10, [0.8, 0.1, 0.1]))
    assert abs(parts["test"]["user"].mean() - 500.5) < 5 * 27
    other = sequences.SplitSettings(10, [0.8, 0.1, 0.1], tie_seed=7)
    assert set(sequences.split(user, item, np.zeros(2000, np.int64), other)["test"]["user"]) != set(
        parts["test"]["user"]
    )


def test_a_users_own_equal_times_keep_the_order_of_the_interactions() -> None:
    """Items 9 8 7 ... of three users, all of one time: from split to split each user's positions rise one by one."""
    user, item = np.repeat([1, 2, 3], 9), np.tile(np.arange(9, 0, -1), 3)
    parts = sequences.split(user, item, np.zeros(27, np.int64), sequences.SplitSettings(2, [0.6, 0.2, 0.2]))
    for one in (1, 2, 3):
        rows = [
            (p, t)
            for part in parts.values()
            for u, p, t in zip(part["user"], part["position"], part["target"], strict=True)
            if u == one
        ]
        assert rows == [(position, 9 - position) for position in range(2, 9)]


def test_settings_have_the_seed_that_configurations_ship() -> None:
    """42, as the schema says."""
    assert {field.name: field.default for field in dataclasses.fields(filtering.FilterSettings)}["tie_seed"] == 42
    assert sequences.SplitSettings(10, [0.8, 0.1, 0.1]).tie_seed == 42
