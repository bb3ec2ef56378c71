"""Who rated what: a 10-core of exactly the wanted counts, and around it what the filter peels away, round by round.

Every user and item of the core has ten partners or more inside it, so the core survives. Every user and item outside
it stands in one of `LAYERS` layers and brings at most nine rows along, all to partners of later layers or of the core:
when the layers before it have gone, it has fewer than ten rows and goes too. So nothing else survives.
"""

from typing import NamedTuple

import numpy as np

from rehearse.shapes import Shape

LEAST = 10  # the k of the 10-core
LAYERS = 6
REPEATED = 0.01  # share of the core's rows that the file has a second time, later
USER_SPREAD, ITEM_SPREAD = 1.2, 1.4  # of the logarithm of what a user, an item has beyond ten rows
MOST = 4  # a user has at most a fourth of the items, and the other way round


class Rows(NamedTuple):
    """Rows of the ratings file (Kindle: 16 M).

    Attributes:
        user, item: int32, from 0; those of the core come first.
        core: how many of the first rows are the core's.
        repeats: the core's rows that the last rows of the file repeat.
    """

    user: np.ndarray
    item: np.ndarray
    core: int
    repeats: np.ndarray


def degrees(chance: np.random.Generator, count: int, total: int, spread: float, most: int) -> np.ndarray:
    """(count,) whole numbers from ten to `most` with a heavy tail, which sum to `total`."""
    weight = np.exp(spread * chance.standard_normal(count))
    more = np.floor(weight * ((total - LEAST * count) / weight.sum())).astype(np.int64)
    found = np.minimum(LEAST + more, most)
    while (missing := total - int(found.sum())) > 0:
        free = np.flatnonzero(found < most)
        found[chance.permutation(free)[:missing]] += 1
    return found


def core(chance: np.random.Generator, shape: Shape) -> tuple[np.ndarray, np.ndarray]:
    """User and item of each row of the core, by user; no pair twice (Kindle: 2.2 M rows)."""
    of_user = degrees(chance, shape.users, shape.rows, USER_SPREAD, shape.items // MOST)
    of_item = degrees(chance, shape.items, shape.rows, ITEM_SPREAD, shape.users // MOST)
    user = np.repeat(np.arange(shape.users), of_user)
    item = chance.permutation(np.repeat(np.arange(shape.items), of_item))
    return user, without_repeats(chance, user, item)


def without_repeats(chance: np.random.Generator, user: np.ndarray, item: np.ndarray) -> np.ndarray:
    """Items exchanged between rows until no user has one twice: all counts stay as they are."""
    span = int(item.max()) + 1
    while True:
        pair = user * span + item
        order = np.argsort(pair, kind="stable")
        again = order[1:][pair[order[1:]] == pair[order[:-1]]]
        if not len(again):
            return item
        partner = np.setdiff1d(chance.integers(0, len(item), 2 * len(again) + 8), again)
        partner = chance.permutation(partner)[: len(again)]
        again = again[: len(partner)]
        item[again], item[partner] = item[partner], item[again]


def charged(chance: np.random.Generator, layer: np.ndarray, partner_layer: np.ndarray, inside: int) -> np.ndarray:
    """A partner for each row that users (or items) bring along: of a later layer, or one of the core.

    Args:
        layer: of each row's user.
        partner_layer: of each item outside the core.
        inside: how many items the core has; they are numbered before all others.
    """
    by_layer = np.argsort(partner_layer, kind="stable")
    pool = np.concatenate([inside + by_layer, np.arange(inside)])  # later layers stand further back, the core last
    first = np.searchsorted(partner_layer[by_layer], layer, side="right")
    back = (len(pool) - first) * chance.random(len(layer)) ** 2  # the core is sought after
    return pool[len(pool) - 1 - back.astype(np.int64)]


def outskirts(chance: np.random.Generator, shape: Shape, titled: int) -> tuple[np.ndarray, np.ndarray]:
    """User and item of the rows outside the core, of items with a title: users and items below `titled`, core first."""
    user_layer = chance.integers(0, LAYERS, shape.all_users - shape.users)
    item_layer = chance.integers(0, LAYERS, titled - shape.items)
    low, high = shape.charge
    users = np.repeat(np.arange(len(user_layer)), chance.integers(low, high + 1, len(user_layer)))
    items = np.repeat(np.arange(len(item_layer)), chance.integers(low, high + 1, len(item_layer)))
    to_item = charged(chance, user_layer[users], item_layer, shape.items)
    to_user = charged(chance, item_layer[items], user_layer, shape.users)
    return np.concatenate([shape.users + users, to_user]), np.concatenate([to_item, shape.items + items])


def untitled_rows(chance: np.random.Generator, shape: Shape, titled: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """User and item of `count` rows of items without a title, each of which has one at least."""
    kinds = shape.all_items - titled
    if count < kinds:
        raise ValueError(f"{count} rows are left for {kinds} untitled items: lower `charge`")
    more = (kinds * chance.random(count - kinds) ** 2).astype(np.int64)
    return chance.integers(0, shape.all_users, count), titled + np.concatenate([np.arange(kinds), more])


def titled_items(shape: Shape) -> int:
    """How many items of the ratings file have a title: the first ones, those of the core before all others."""
    return shape.all_items - round(shape.untitled * shape.all_items)


def rows(chance: np.random.Generator, shape: Shape, total: int) -> Rows:
    """All rows of a ratings file of `total` rows."""
    titled = titled_items(shape)
    parts = [core(chance, shape), outskirts(chance, shape, titled)]
    repeats = np.sort(chance.permutation(shape.rows)[: round(REPEATED * shape.rows)])
    left = total - sum(len(user) for user, _ in parts) - len(repeats)
    parts.append(untitled_rows(chance, shape, titled, left))
    parts.append((parts[0][0][repeats], parts[0][1][repeats]))
    user, item = (np.concatenate(column).astype(np.int32) for column in zip(*parts, strict=True))
    return Rows(user, item, shape.rows, repeats)
