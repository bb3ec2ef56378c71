"""Check that no split leaks into an earlier one: every sequence is compared with the interactions it was made from.

Nothing from `sequences` is used here: the audit is an independent implementation of the rules.
"""

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, Literal, NoReturn

import numpy as np

from common.errors import SoftrecError


@dataclass(frozen=True)
class AuditSettings:
    """Settings of the filter and the split that the audit checks against.

    Attributes:
        history: maximum history length in items.
        fractions: shares of the three splits.
        duplicates: as in the filter; with `none`, targets that repeat an item of their history are counted, not errors.
    """

    history: int
    fractions: list[float]
    duplicates: Literal["earliest", "latest", "none"] = "earliest"


@dataclass(frozen=True)
class Interactions:
    """All interactions, sorted by (user, timestamp), as (n,) arrays."""

    user: np.ndarray
    item: np.ndarray
    timestamp: np.ndarray

    @classmethod
    def of(cls, table: Any) -> "Interactions":
        """Make interactions from a table with the columns of interactions.parquet."""
        return cls(*(table[name].to_numpy() for name in ("user", "item", "timestamp")))


@dataclass(frozen=True)
class Part:
    """One split or sample: its name, its columns, and its histories, concatenated in `items` with their `length`s."""

    name: str
    user: np.ndarray
    target: np.ndarray
    timestamp: np.ndarray
    position: np.ndarray
    items: np.ndarray
    length: np.ndarray

    @classmethod
    def of(cls, name: str, table: Any) -> "Part":
        """Make a part from a table with the columns of sequences/*.parquet."""
        plain = {column: table[column].to_numpy() for column in ("user", "target", "timestamp", "position")}
        history = table["history"].combine_chunks()
        return cls(name, **plain, items=history.flatten().to_numpy(), length=history.value_lengths().to_numpy())

    def row(self, row: int) -> str:
        """Format a row for an error message."""
        start = int(self.length[:row].sum())
        history = self.items[start : start + int(self.length[row])].tolist()
        return (
            f"row {row} of {self.name}: user {self.user[row]}, position {self.position[row]}, "
            f"target {self.target[row]}, timestamp {self.timestamp[row]}, history {history}"
        )


def audit(interactions: Interactions, splits: list[Part], settings: AuditSettings) -> dict[str, Any]:
    """Run all checks of the splits; return the checks with the number of rows checked, and facts about each split.

    Args:
        interactions: all interactions.
        splits: train, valid and test, in this order.
        settings: settings of the filter and the split.

    Raises:
        SoftrecError: a check fails; names the check and the first offending row.
    """
    equal_times = check_sorted(interactions)
    for part in splits:
        require_rows(part)
        check_origin(interactions, part, settings.history)
    repeats = {part.name: check_target_is_new(part, settings.duplicates == "none") for part in splits}
    check_time(splits)
    check_once(splits)
    check_complete(interactions, splits, settings.history)
    check_shares(splits, settings.fractions)
    rows = sum(len(part.user) for part in splits)
    return {
        "checks": [
            {"check": "interactions are sorted by user and timestamp, never by item"} | equal_times,
            {"check": "history, target and timestamp are the user's own at that position", "rows": rows},
            {"check": "a target is not in its own history", "rows": rows, "repeated": sum(repeats.values())},
            {"check": "no train target is later than a valid one, no valid one than a test one", "rows": rows},
            {"check": "no (user, position) occurs twice in the splits", "rows": rows},
            {"check": "every sequence of every user is in a split", "rows": rows},
            {"check": "the splits have their shares of all sequences", "rows": rows},
        ],
        "splits": {part.name: facts(part, splits[0]) for part in splits},
    }


def require_rows(part: Part) -> None:
    """Raise `SoftrecError` for a split or sample without rows."""
    if not len(part.user):
        leak("a split or sample has no rows, so it cannot be checked", part.name)


def facts(part: Part, train: Part) -> dict[str, Any]:
    """Return the size and time span of a split, and how many of its rows belong to users with training rows."""
    return {
        "rows": len(part.user),
        "users": len(np.unique(part.user)),
        "first_timestamp": int(part.timestamp.min()),
        "last_timestamp": int(part.timestamp.max()),
        "rows_of_training_users": int(np.isin(part.user, train.user).sum()),
    }


def leak(rule: str, row: str) -> NoReturn:
    """Raise the `SoftrecError` for a broken rule."""
    raise SoftrecError(
        f"leakage: {rule}",
        where=row,
        remedy="remove the files of this split and make them again; no result from it counts",
    )


def refuse_first(bad: np.ndarray, rule: str, part: Part) -> None:
    """Raise `SoftrecError` for the first row in which `bad` is true, if any."""
    if bad.any():
        leak(rule, part.row(int(np.flatnonzero(bad)[0])))


def check_sorted(interactions: Interactions) -> dict[str, int]:
    """Check that interactions are sorted by (user, timestamp), and that equal times are not sorted by item id.

    In random order, the later of two neighbours has the higher id in half of the cases, and the number of such cases
    varies no more than the heads of a fair coin; six standard deviations are not chance.
    """
    bad = np.flatnonzero(np.lexsort((interactions.timestamp, interactions.user)) != np.arange(len(interactions.user)))
    if len(bad):
        leak("interactions are not sorted by user and timestamp", f"row {int(bad[0])} of the interactions")
    step = np.diff(interactions.item)[(np.diff(interactions.user) == 0) & (np.diff(interactions.timestamp) == 0)]
    pairs, higher = int(np.count_nonzero(step)), int(np.count_nonzero(step > 0))
    if abs(2 * higher - pairs) > 6 * pairs**0.5:
        leak(
            f"of two items with equal times, the later has the higher id in {higher} of {pairs} cases",
            "the interactions",
        )
    return {"rows": len(interactions.user), "neighbours_of_one_time": pairs, "later_has_higher_id": higher}


def check_origin(interactions: Interactions, part: Part, longest: int) -> None:
    """Check that each target is the user's item at `position`, and its history the up to `longest` items before it."""
    start = np.searchsorted(interactions.user, part.user, side="left")
    end = np.searchsorted(interactions.user, part.user, side="right")
    outside = (part.position < 1) | (part.position >= end - start)
    refuse_first(outside, "a position is not one of the user's interactions", part)
    row = start + part.position
    refuse_first(interactions.item[row] != part.target, "a target is not the user's item at its position", part)
    refuse_first(interactions.timestamp[row] != part.timestamp, "a timestamp is not its target's", part)
    wrong = part.length != np.minimum(part.position, longest)
    refuse_first(wrong, f"a history does not have min(position, {longest}) items", part)
    owner = np.repeat(np.arange(len(row)), part.length)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(part.length) - part.length, part.length)
    differs = interactions.item[row[owner] - part.length[owner] + place] != part.items
    refuse_first(any_in_row(differs, owner, len(row)), "a history is not the user's items just before the target", part)


def any_in_row(flag: np.ndarray, owner: np.ndarray, rows: int) -> np.ndarray:
    """Return the (rows,) mask of rows with a flagged element; `owner` is each element's row."""
    return np.bincount(owner, weights=flag, minlength=rows) > 0


def check_target_is_new(part: Part, repeats_allowed: bool) -> int:
    """Check that no target is in its own history; if duplicates are kept on purpose, count such targets instead."""
    owner = np.repeat(np.arange(len(part.target)), part.length)
    repeated = any_in_row(part.items == part.target[owner], owner, len(part.target))
    if not repeats_allowed:
        refuse_first(repeated, "a target is in its own history", part)
    return int(repeated.sum())


def check_time(splits: list[Part]) -> None:
    """Check that no target is later than one of the next split, also by position within a user, for equal times."""
    for earlier, later in pairwise(splits):
        limit = later.timestamp.min()
        rule = f"a {earlier.name} target is later than the first {later.name} target ({limit})"
        refuse_first(earlier.timestamp > limit, rule, earlier)
    latest = np.zeros(1 + max(int(part.user.max()) for part in splits), np.int64)
    for part in splits:
        refuse_first(part.position < latest[part.user], "an earlier split holds a later position of the user", part)
        np.maximum.at(latest, part.user, part.position)


def keys_of(part: Part) -> np.ndarray:
    """Encode (user, position) of each row as one integer."""
    return (part.user.astype(np.int64) << 32) | part.position.astype(np.int64)


def check_once(splits: list[Part]) -> None:
    """Check that no (user, position) occurs twice, within or across splits."""
    keys = np.concatenate([keys_of(part) for part in splits])
    first = np.zeros(len(keys), dtype=bool)
    first[np.unique(keys, return_index=True)[1]] = True
    for part, again in zip(splits, np.split(~first, np.cumsum([len(p.user) for p in splits])[:-1]), strict=True):
        refuse_first(again, "a (user, position) occurs twice in the splits", part)


def check_complete(interactions: Interactions, splits: list[Part], longest: int) -> None:
    """Check the number of sequences in all splits: max(1, L - longest) for each user with L > 1 items."""
    _, length = np.unique(interactions.user, return_counts=True)
    due = int(np.maximum(length - longest, 1)[length > 1].sum())
    there = sum(len(part.user) for part in splits)
    if there != due:
        leak(f"the splits hold {there} sequences, but the interactions yield {due}", ", ".join(p.name for p in splits))


def check_shares(splits: list[Part], fractions: list[float]) -> None:
    """Check that every split has its share of the sequences, up to less than one for rounding both ends down."""
    total = sum(len(part.user) for part in splits)
    for part, share in zip(splits, fractions, strict=True):
        if abs(len(part.user) - total * Fraction(str(share))) >= 1:
            leak(f"{part.name} holds {len(part.user)} of {total} sequences, not its share of {share}", part.name)
