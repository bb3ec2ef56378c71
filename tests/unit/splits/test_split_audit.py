"""The audit passes an honest split and names the first row of a dishonest one."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from common.errors import SoftrecError
from softrec.splits import sequences
from softrec.splits.sample_audit import audit_sample
from softrec.splits.split_audit import AuditSettings, Interactions, Part, audit

SETTINGS = AuditSettings(history=3, fractions=[0.8, 0.1, 0.1])


class World:
    """8 users of 8 items with a history of 3: 5 sequences each, 40 in all: 32, 4 and 4; samples of 10, 2 and 4."""

    def __init__(self) -> None:
        user, item = np.repeat(np.arange(1, 9), 8), np.tile(np.arange(1, 9), 8)
        self.interactions = Interactions(user, item, 100 * item + user)
        settings = sequences.SplitSettings(SETTINGS.history, SETTINGS.fractions)
        parts = sequences.split(user, item, self.interactions.timestamp, settings)
        tables = {name: pa.table(columns) for name, columns in parts.items()}
        self.splits = [Part.of(name, table) for name, table in tables.items()]
        self.samples = [
            Part.of(f"{name}_sample", table.take(sequences.draw(len(table), size, 1, name)))
            for (name, table), size in zip(tables.items(), (10, 2, 4), strict=True)
        ]

    def set(self, kind: str, part: int, column: str, row: int, value: int) -> None:
        """Overwrite one number of a column of a split or sample."""
        parts = getattr(self, kind)
        changed = getattr(parts[part], column).copy()
        changed[row] = value
        parts[part] = dataclasses.replace(parts[part], **{column: changed})

    def rows(self, part: int, order: list[int]) -> Part:
        """Some rows of a split, in some order."""
        whole = self.splits[part]
        ends = np.cumsum(whole.length)
        items = [whole.items[ends[row] - whole.length[row] : ends[row]] for row in order]
        names = ("user", "target", "timestamp", "position", "length")
        columns = {name: getattr(whole, name)[order] for name in names}
        return dataclasses.replace(whole, items=np.concatenate(items), **columns)

    def swap_train_and_test(self) -> None:
        """Give train the last test row for its own last row."""
        train, test = self.rows(0, list(range(32))), self.rows(2, list(range(4)))
        for name in ("user", "target", "timestamp", "position"):
            getattr(train, name)[-1], getattr(test, name)[-1] = getattr(test, name)[-1], getattr(train, name)[-1]
        train.items[-3:], test.items[-3:] = test.items[-3:].copy(), train.items[-3:].copy()
        self.splits[0], self.splits[2] = train, test

    def check(self, settings: AuditSettings = SETTINGS) -> dict[str, Any]:
        """Run the audits of the splits and of each sample."""
        report = audit(self.interactions, self.splits, settings)
        for split, sample in zip(self.splits, self.samples, strict=True):
            drawn = audit_sample(split, sample)
            assert drawn["checks"][0]["rows"] == len(sample.user)
        return report


def test_an_honest_split_passes() -> None:
    """40 sequences; all users have training rows, so 4 of 4 test rows belong to training users."""
    report = World().check()
    assert [check["rows"] for check in report["checks"]] == [64, 40, 40, 40, 40, 40, 40]
    assert report["splits"]["test"] == {
        "rows": 4,
        "users": 4,
        "first_timestamp": 805,
        "last_timestamp": 808,
        "rows_of_training_users": 4,
    }


def future_history(world: World) -> None:
    """The first history of test (items 5 6 7 of user 5, whose target is 8) gets the target as its last item."""
    world.set("splits", 2, "items", 2, 8)


def sampled_elsewhere(world: World) -> None:
    """The test sample holds a training row."""
    world.samples[2] = dataclasses.replace(world.rows(0, [4]), name="test_sample")


def drawn_twice(world: World) -> None:
    """The training sample holds its split's row 3 twice."""
    world.samples[0] = dataclasses.replace(world.rows(0, [3, 3]), name="train_sample")


def one_row_less(world: World) -> None:
    """Train lacks its first row."""
    world.splits[0] = world.rows(0, list(range(1, 32)))


def same_row_in_two(world: World) -> None:
    """Valid's first row is also train's last, instead of train's own: times are in order still."""
    train, valid = world.rows(0, list(range(32))), world.splits[1]
    for name in ("user", "target", "timestamp", "position"):
        getattr(train, name)[-1] = getattr(valid, name)[0]
    train.items[-3:] = valid.items[:3]
    world.splits[0] = train


def moved_cut(world: World) -> None:
    """Train's last row counts as valid: 31, 5 and 4, no leak, but not the shares asked for."""
    last, valid = world.rows(0, [31]), world.splits[1]
    names = ("user", "target", "timestamp", "position", "items", "length")
    joined = {name: np.concatenate([getattr(last, name), getattr(valid, name)]) for name in names}
    world.splits[1] = dataclasses.replace(valid, **joined)
    world.splits[0] = world.rows(0, list(range(31)))


def by_item_ids(world: World) -> None:
    """All a user's interactions are of one time: 56 neighbours, of which the later has the higher id in all."""
    world.interactions.timestamp[:] = 100


def equal_times_swapped(world: World) -> None:
    """User 1 has items 7 and 8, positions 6 and 7, both at 750.

    Train, whose row 24 was the first, has the second, and valid the first. No time gives that away.
    """
    world.interactions.timestamp[6:8] = 750
    for part, row, position in ((0, 24, 7), (1, 0, 6)):
        for column, value in (("position", position), ("target", position + 1), ("timestamp", 750)):
            world.set("splits", part, column, row, value)
        for place in range(3):
            world.set("splits", part, "items", 3 * row + place, position - 2 + place)


def nothing_to_test(world: World) -> None:
    """The test split is empty."""
    world.splits[2] = Part.of(
        "test", pa.table(sequences.columns(sequences.make_windows(np.array([]), 3), *[np.array([])] * 2))
    )


@pytest.mark.parametrize(
    ("plant", "rule", "where"),
    [
        (World.swap_train_and_test, "a train target is later than the first valid target", "row 31 of train: user 8"),
        (future_history, "a history is not the user's items just before the target", "row 0 of test: user 5"),
        (
            lambda w: w.set("splits", 1, "target", 3, 2),
            "a target is not the user's item at its position",
            "row 3 of valid",
        ),
        (lambda w: w.set("splits", 1, "timestamp", 1, 0), "a timestamp is not its target's", "row 1 of valid"),
        (lambda w: w.set("splits", 0, "position", 7, 9), "a position is not one of the user's", "row 7 of train"),
        (lambda w: w.set("splits", 0, "position", 7, 0), "a position is not one of the user's", "row 7 of train"),
        (
            lambda w: w.set("splits", 0, "length", 0, 2),
            "a history does not have min(position, 3) items",
            "row 0 of train",
        ),
        (same_row_in_two, "a (user, position) occurs twice", "row 0 of valid"),
        (one_row_less, "the splits hold 39 sequences, but the interactions yield 40", "train"),
        (moved_cut, "train holds 31 of 40 sequences, not its share of 0.8", "train"),
        (sampled_elsewhere, "a sampled row is not in test", "row 0 of test_sample"),
        (drawn_twice, "a row was drawn twice", "row 1 of train_sample"),
        (lambda w: w.set("samples", 1, "target", 1, 2), "a sampled row differs from valid", "row 1 of valid_sample"),
        (lambda w: w.set("samples", 1, "items", 4, 1), "a sampled history differs from valid", "row 1 of valid_sample"),
        (lambda w: w.interactions.timestamp.__setitem__(3, 10**6), "interactions are not sorted", "row 3"),
        (nothing_to_test, "a split or sample has no rows", "test"),
        (
            by_item_ids,
            "of two items with equal times, the later has the higher id in 56 of 56 cases",
            "the interactions",
        ),
        (equal_times_swapped, "an earlier split holds a later position of the user", "row 0 of valid: user 1"),
    ],
)
def test_planted_leaks_are_found(plant: Callable[[World], None], rule: str, where: str) -> None:
    """One fault each, in a split that is honest otherwise: its rule is named, and the first row that breaks it."""
    world = World()
    plant(world)
    with pytest.raises(SoftrecError) as caught:
        world.check()
    assert rule in caught.value.what
    assert where in str(caught.value.where)


def replace_seven(part: Part) -> Part:
    """A split in which item 7 is 8."""
    items, target = (np.where(column == 7, 8, column) for column in (part.items, part.target))
    return dataclasses.replace(part, items=items, target=target)


def test_a_repeated_target_is_a_leak_unless_repeats_are_kept() -> None:
    """Item 7 of every user is item 8 as well: each user's last target, 8, is in its own history: 8 rows."""
    world = World()
    item = world.interactions.item
    item[item == 7] = 8
    for parts in (world.splits, world.samples):
        parts[:] = [replace_seven(part) for part in parts]
    with pytest.raises(SoftrecError, match="a target is in its own history"):
        world.check()
    report = world.check(dataclasses.replace(SETTINGS, duplicates="none"))
    assert report["checks"][2]["repeated"] == 8
