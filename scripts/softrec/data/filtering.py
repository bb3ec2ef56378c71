"""From all reviews to the interactions of the paper (section 4.1, Table 1): untitled items, repeats, 10-core.

Counting is done on whole numbers: 64-bit hashes of ids for the first count, exact dense codes afterwards. Strings are
sorted for the few rows that survive the first count, never for all.
"""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
import polars as pl

from common.errors import SoftrecError
from softrec.core.limits import Limits
from softrec.data import ties
from softrec.data.catalogue import LongTitles
from softrec.data.filter_counts import Counts, Size, Trail
from softrec.data.id_counts import Reviews, at_least_k, drop_rare_ids
from softrec.data.reviews import Format, ItemKey
from softrec.io import tables

TYPES = tables.types("user", "item", "timestamp")


@dataclass(frozen=True)
class FilterSettings:
    """What the paper leaves open about its data, each a switch.

    Attributes:
        format: of both files: `movielens`, `reviews` (Amazon 2023 JSON lines) or `ratings` (its CSV; JSON metadata).
        item_key: the field of `reviews` that names the item; a variant, `asin`, has the title of its `parent_asin`.
        max_rows: read no more reviews than this; null reads all.
        since, until: keep reviews with since <= timestamp < until (milliseconds); null is no limit.
        untitled: items without a title go `before` the k-core (as in the authors' code), `after` it, or stay (`keep`).
        title_words: longest title in words; null is no limit.
        long_titles: a longer title is `cut`, or its item counts as untitled (`drop`).
        duplicates: which review of a repeated (user, item) stays: `earliest`, `latest`, or all (`none`).
        core: users and items with fewer than k interactions go until there are none (`iterative`), or once
            (`single_pass`).
        k: 10 in the paper.
        expected: sizes to compare with (of the paper's sets: Table 1), or null; a difference is shown, not refused.
        tie_seed: of the hash that orders a user's interactions of one time.
        limits: what the raw files may hold at most.
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

    def __post_init__(self) -> None:
        """Refuse combinations that mean nothing."""
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


class Interactions(NamedTuple):
    """Numbered interactions by (user, timestamp, hash of user and item), and the source ids of items 1..N."""

    user: np.ndarray
    item: np.ndarray
    timestamp: np.ndarray
    item_ids: list[str]


def items_of(raw: pl.DataFrame) -> pl.Series:
    """The distinct item ids of the reviews, in order of appearance."""
    return raw["item_id"].gather(raw["item_id"].hash().arg_unique().sort())


def parents_of(raw: pl.DataFrame, items: pl.Series) -> pl.Series:
    """What the metadata of each of `items` are keyed by: the item itself, or a variant's parent.

    A variant has one parent; should reviews name two, the first by name counts, whatever their order.
    """
    if "parent_id" not in raw.columns:
        return items
    parents = raw.group_by("item_id").agg(pl.col("parent_id").min())
    return pl.DataFrame({"item_id": items}).join(parents, on="item_id", how="left", maintain_order="left")["parent_id"]


def filter_interactions(raw: pl.DataFrame, titled: pl.Series, settings: FilterSettings) -> tuple[Interactions, Counts]:
    """Filter reviews to the paper's interactions; number users and items 1, 2, ... by their sorted source ids.

    Interactions of a user at the same time stand in the order of a seeded hash, not of their items (`ties`).

    Order of the steps: negative time stamps (the published files have some: they are dropped and counted), time window,
    untitled items, repeats, k-core. What misses k before repeats are removed misses it afterwards too, so the iterative
    core drops it first: its first rounds count repeats, and the result is the same.

    Args:
        raw: user_id, item_id, timestamp, as `reviews.read_reviews` gives them.
        titled: ids of the items that have a title.

    Raises:
        SoftrecError: nothing is left after a step; names the step and the counts before it.
    """
    trail, name = Trail(), f"{settings.k}-core"
    mask, rounds = screen(raw, titled, settings, trail)
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


def screen(raw: pl.DataFrame, titled: pl.Series, settings: FilterSettings, trail: Trail) -> tuple[pl.Series, int]:
    """Every step before the k-core, each noted in `trail`, and the rounds of the k-core in which repeats count.

    Returns:
        Mask of the rows of `raw` that are left, repeats included, and how many rounds have dropped any.
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
    """Mask of the k-core of hashed rows, repeats included, and in how many rounds rows were dropped.

    Two ids of one hash would only leave rows that are rare, for `peel` to drop.
    """
    before, left, rounds = len(rows), rows.frequent(), 0
    while len(left) < before:
        before, rounds = len(left), rounds + 1
        left = drop_rare_ids(left, rows.k)
    mask = np.zeros(len(rows.raw), dtype=bool)
    mask[left["row"].to_numpy()] = True
    return pl.Series(mask), rounds


def in_time_range(timestamp: pl.Series, since: int | None, until: int | None) -> pl.Series:
    """Mask of since <= timestamp < until; None is no limit (negative ones are gone before)."""
    mask = timestamp >= (0 if since is None else since)
    return mask if until is None else mask & (timestamp < until)


def encode(ids: pl.Series) -> tuple[pl.Series, np.ndarray]:
    """The sorted distinct ids, and each row's place in them: exact, and free of file order."""
    names = ids.unique().sort()
    return names, ids.cast(pl.Enum(names)).to_physical().to_numpy().astype(np.int64)


def drop_duplicates(
    user: np.ndarray, item: np.ndarray, timestamp: np.ndarray, keep: Literal["earliest", "latest", "none"]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One row per (user, item), with its earliest or latest time stamp; `none` leaves all rows."""
    if keep == "none":
        return user, item, timestamp
    span = int(item.max(initial=0)) + 1
    pair = user * span + item
    again = at_least_k(pair, 2)  # few: only they are grouped
    time = pl.col("timestamp").min() if keep == "earliest" else pl.col("timestamp").max()
    chosen = pl.DataFrame({"pair": pair[again], "timestamp": timestamp[again]}).group_by("pair").agg(time)
    pair = np.concatenate([pair[~again], chosen["pair"].to_numpy()])
    return pair // span, pair % span, np.concatenate([timestamp[~again], chosen["timestamp"].to_numpy()])


def iterative_k_core(user: np.ndarray, item: np.ndarray, k: int, *, once: bool = False) -> tuple[np.ndarray, int]:
    """Which rows are in the k-core, and in how many rounds it was reached.

    A round drops, at the same time, the rows of all users and of all items that have fewer than k rows; the last round
    finds none to drop. The k-core is the largest set of rows in which every user and every item has at least k; it does
    not depend on the order of rows.

    Args:
        user, item: dense codes from 0.
        once: stop after the first round (`single_pass`).
    """
    kept, rounds = np.arange(len(user)), 0
    while True:
        u, i, rounds = user[kept], item[kept], rounds + 1
        mask = (np.bincount(u)[u] >= k) & (np.bincount(i)[i] >= k)
        kept = kept[mask]
        if once or mask.all():
            return kept, rounds


def codes_size(user: np.ndarray, item: np.ndarray) -> Size:
    """Users, items and rows of dense codes."""
    users, items = (int(np.count_nonzero(np.bincount(code))) for code in (user, item))
    return Size(users, items, len(user))


def assign_ids(
    users: tuple[pl.Series, np.ndarray], items: tuple[pl.Series, np.ndarray], timestamp: np.ndarray, tie_seed: int
) -> Interactions:
    """Number the users and items that are left 1, 2, ... in the order of their codes, and sort the rows.

    Args:
        users, items: their ids, and each row's code in them.
    """
    (user_ids, user), (item_ids, item) = compact(*users), compact(*items)
    of_user, of_item = (ties.hash_names(tie_seed, kind, ids) for kind, ids in (("user", user_ids), ("item", item_ids)))
    tie = ties.hash_pairs(of_user[user], of_item[item])
    # Should two hashes be equal, which happens to one pair in 2^64, the item decides: no order is left open.
    order = np.lexsort((item, tie, timestamp, user))
    return Interactions(user[order] + 1, item[order] + 1, timestamp[order], item_ids.to_list())


def compact(ids: pl.Series, code: np.ndarray) -> tuple[pl.Series, np.ndarray]:
    """Those of `ids` that some row has, in their order, and each row's place among them."""
    left, place = np.unique(code, return_inverse=True)
    return ids.gather(left), place
