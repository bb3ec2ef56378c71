"""The filter from all reviews to the paper's interactions (section 4.1, Table 1): titles, duplicates, 10-core.

Ids are counted as integers: by 64-bit hashes in the first rounds, by exact dense codes afterwards. Strings are sorted
only for the few rows that survive the first rounds.
"""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
import polars as pl

from common.errors import SoftrecError
from softrec.core.limits import Limits
from softrec.data import ties
from softrec.data.catalogue import LongTitles
from softrec.data.filter_counts import Counts, Size, StepRecorder
from softrec.data.id_counts import Reviews, at_least_k, drop_rare_ids
from softrec.data.source_format import Columns, Format, ItemKey, Source, TimeUnit
from softrec.io import tables

TYPES = tables.types("user", "item", "timestamp")


@dataclass(frozen=True)
class FilterSettings:
    """Settings of the filter; several are choices that the paper leaves open.

    Attributes:
        format, columns, timestamps, item_key, max_rows, limits: how the raw files are read (`source_format.Source`).
        since, until: keep reviews with since <= timestamp < until (milliseconds); null is no limit.
        untitled: drop items without a title `before` the k-core (as in the authors' code), `after` it, or `keep` them.
        title_words: maximum title length in words; null is no limit.
        long_titles: a longer title is `cut`, or its item counts as untitled (`drop`).
        duplicates: which review of a repeated (user, item) is kept: `earliest`, `latest`, or all (`none`).
        core: drop users and items with fewer than k interactions until there are none (`iterative`), or once
            (`single_pass`).
        k: minimum number of interactions per user and item (10 in the paper).
        expected: sizes to compare with (the paper's: Table 1), or null; a difference is reported, not an error.
        tie_seed: seed of the hash that orders a user's interactions with equal times.
    """

    format: Format
    item_key: ItemKey
    max_rows: int | None
    since: int | None
    until: int | None
    untitled: Literal["before", "after", "keep"]
    title_words: int | None
    long_titles: LongTitles
    duplicates: Literal["earliest", "latest", "none"]
    core: Literal["iterative", "single_pass"]
    k: int
    expected: Size | None
    tie_seed: int = 42
    limits: Limits = field(default_factory=Limits)
    columns: Columns = field(default_factory=Columns)
    timestamps: TimeUnit | None = None

    def __post_init__(self) -> None:
        """Raise `SoftrecError` for values out of range and contradictory combinations."""
        faults = {
            "k must be at least 1": self.k < 1,
            "max_rows must be at least 1": self.max_rows is not None and self.max_rows < 1,
            "title_words must be at least 1": self.title_words is not None and self.title_words < 1,
            "long_titles: drop needs untitled: before or after": self.title_words is not None
            and (self.long_titles, self.untitled) == ("drop", "keep"),
            "item_key: asin needs format: reviews": self.item_key == "asin" and self.format != "reviews",
            "since must be earlier than until": self.since is not None
            and self.until is not None
            and self.since >= self.until,
        }
        for fault, found in faults.items():
            if found:
                raise SoftrecError(fault, where="--settings", remedy="correct the key")

    def source(self) -> Source:
        """Return how the raw files are read."""
        return Source(self.format, self.columns, self.timestamps, self.item_key, self.max_rows, self.limits)


class Interactions(NamedTuple):
    """(n,) interactions with ids from 1, by (user, timestamp, hash of user and item), and source ids of items 1..N."""

    user: np.ndarray
    item: np.ndarray
    timestamp: np.ndarray
    item_ids: list[str]


def items_of(raw: pl.DataFrame) -> pl.Series:
    """Return the distinct item ids of the reviews, in order of first appearance."""
    return raw["item_id"].gather(raw["item_id"].hash().arg_unique().sort())


def parents_of(raw: pl.DataFrame, items: pl.Series) -> pl.Series:
    """Return the metadata key of each of `items`: the item itself, or the parent of a variant.

    A variant has one parent; if reviews name several, the alphabetically first is used, so row order does not matter.
    """
    if "parent_id" not in raw.columns:
        return items
    parents = raw.group_by("item_id").agg(pl.col("parent_id").min())
    return pl.DataFrame({"item_id": items}).join(parents, on="item_id", how="left", maintain_order="left")["parent_id"]


def filter_interactions(raw: pl.DataFrame, titled: pl.Series, settings: FilterSettings) -> tuple[Interactions, Counts]:
    """Filter reviews to the paper's interactions; users and items get ids 1, 2, ... in the order of their source ids.

    A user's interactions with equal times are in the order of a seeded hash, not of item ids (see `ties`).

    Order of the steps: negative time stamps (published files have some: they are dropped and counted), time window,
    untitled items, duplicates, k-core. An id with fewer than k rows before duplicates are removed has fewer afterwards
    too, so the iterative k-core starts before that step, with rounds that count duplicates; the result is the same.

    Args:
        raw: reviews with the columns user_id, item_id and timestamp, from `reviews.read_reviews`.
        titled: ids of the items that have a title.
        settings: settings of the filter.

    Raises:
        SoftrecError: no interaction is left after a step; names the step and the sizes before it.
    """
    trail, name = StepRecorder(), f"{settings.k}-core"
    mask, rounds = apply_prefilters(raw, titled, settings, trail)
    users, user = encode(raw["user_id"].filter(mask))
    items, item = encode(raw["item_id"].filter(mask))
    timestamp = raw["timestamp"].filter(mask).to_numpy()
    user, item, timestamp = drop_duplicates(user, item, timestamp, settings.duplicates)
    kept, more = iterative_k_core(user, item, settings.k, once=settings.core == "single_pass")
    user, item, timestamp = user[kept], item[kept], timestamp[kept]
    trail.note(name, codes_size(user, item), rounds + more)
    if settings.untitled == "after":
        kept = items.is_in(titled.implode()).to_numpy()[item]
        user, item, timestamp = user[kept], item[kept], timestamp[kept]
        trail.note("item has a title", codes_size(user, item))
    left = assign_ids((users, user), (items, item), timestamp, settings.tie_seed)
    return left, trail.counts(settings.expected, ties.Ties.of(left.user, left.timestamp))


def apply_prefilters(
    raw: pl.DataFrame, titled: pl.Series, settings: FilterSettings, trail: StepRecorder
) -> tuple[pl.Series, int]:
    """Apply all steps before the k-core, and the rounds of the iterative k-core that still count duplicates.

    Returns:
        Mask of the remaining rows of `raw`, including duplicates, and the number of rounds that dropped rows.
    """
    rows, time = Reviews(raw, settings.k), raw["timestamp"]
    trail.note("read", rows.size())
    rows = rows.where(time >= 0)
    trail.note("timestamp >= 0", rows.size())
    if settings.since is not None or settings.until is not None:
        rows = rows.where(in_time_range(time, settings.since, settings.until))
        trail.note("time window", rows.size())
    if settings.untitled == "before":
        rows = rows.where(raw["item_id"].hash().is_in(titled.hash().implode()))
        trail.note("item has a title", rows.size())
    if settings.duplicates != "none":
        trail.note_pairs(f"{settings.duplicates} of repeats", rows.pairs())
    if settings.core == "single_pass":
        return rows.mask(), 0
    mask, rounds = drop_rare(rows)
    if not mask.any():
        trail.refuse(f"{settings.k}-core", rounds)
    return mask, rounds


def drop_rare(rows: Reviews) -> tuple[pl.Series, int]:
    """Return the mask of the k-core of hashed rows, including duplicates, and the number of rounds that dropped rows.

    Two ids with the same hash could only leave rare rows in, which `iterative_k_core` drops later.
    """
    before, left, rounds = len(rows), rows.frequent(), 0
    while len(left) < before:
        before, rounds = len(left), rounds + 1
        left = drop_rare_ids(left, rows.k)
    mask = np.zeros(len(rows.raw), dtype=bool)
    mask[left["row"].to_numpy()] = True
    return pl.Series(mask), rounds


def in_time_range(timestamp: pl.Series, since: int | None, until: int | None) -> pl.Series:
    """Return the mask of since <= timestamp < until; None is no limit (negative time stamps were removed before)."""
    mask = timestamp >= (0 if since is None else since)
    return mask if until is None else mask & (timestamp < until)


def encode(ids: pl.Series) -> tuple[pl.Series, np.ndarray]:
    """Return the sorted distinct ids and each row's index into them, which do not depend on the order of rows."""
    names = ids.unique().sort()
    return names, ids.cast(pl.Enum(names)).to_physical().to_numpy().astype(np.int64)


def drop_duplicates(
    user: np.ndarray, item: np.ndarray, timestamp: np.ndarray, keep: Literal["earliest", "latest", "none"]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Keep one row per (user, item), with its earliest or latest time stamp; `none` keeps all rows."""
    if keep == "none":
        return user, item, timestamp
    span = int(item.max(initial=0)) + 1
    pair = user * span + item
    again = at_least_k(pair, 2)  # duplicates are few, and grouping only their rows is faster
    time = pl.col("timestamp").min() if keep == "earliest" else pl.col("timestamp").max()
    chosen = pl.DataFrame({"pair": pair[again], "timestamp": timestamp[again]}).group_by("pair").agg(time)
    pair = np.concatenate([pair[~again], chosen["pair"].to_numpy()])
    return pair // span, pair % span, np.concatenate([timestamp[~again], chosen["timestamp"].to_numpy()])


def iterative_k_core(user: np.ndarray, item: np.ndarray, k: int, *, once: bool = False) -> tuple[np.ndarray, int]:
    """Return the indices of the rows in the k-core, and the number of rounds.

    A round drops the rows of all users and all items that have fewer than k rows; the last round drops none. The k-core
    is the largest set of rows in which every user and every item has at least k rows; it does not depend on row order.
    `user` and `item` are (n,) dense codes from 0. With `once` it stops after the first round (`single_pass`).
    """
    kept, rounds = np.arange(len(user)), 0
    while True:
        u, i, rounds = user[kept], item[kept], rounds + 1
        mask = (np.bincount(u)[u] >= k) & (np.bincount(i)[i] >= k)
        kept = kept[mask]
        if once or mask.all():
            return kept, rounds


def codes_size(user: np.ndarray, item: np.ndarray) -> Size:
    """Count the users, items and rows of dense codes."""
    users, items = (int(np.count_nonzero(np.bincount(code))) for code in (user, item))
    return Size(users, items, len(user))


def assign_ids(
    users: tuple[pl.Series, np.ndarray], items: tuple[pl.Series, np.ndarray], timestamp: np.ndarray, tie_seed: int
) -> Interactions:
    """Assign ids 1, 2, ... to the remaining users and items in the order of their codes, and sort the rows.

    `users` and `items` are the sorted source ids and each row's index into them.
    """
    (user_ids, user), (item_ids, item) = compact(*users), compact(*items)
    of_user, of_item = (ties.hash_names(tie_seed, kind, ids) for kind, ids in (("user", user_ids), ("item", item_ids)))
    tie = ties.hash_pairs(of_user[user], of_item[item])
    # Two hashes are equal with probability 2^-64; the item id then decides, so that the order is always defined.
    order = np.lexsort((item, tie, timestamp, user))
    return Interactions(user[order] + 1, item[order] + 1, timestamp[order], item_ids.to_list())


def compact(ids: pl.Series, code: np.ndarray) -> tuple[pl.Series, np.ndarray]:
    """Drop the `ids` that no row has; return the others in their order, and each row's index into them."""
    left, place = np.unique(code, return_inverse=True)
    return ids.gather(left), place
