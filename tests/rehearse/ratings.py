"""The ratings file as published, `user_id,parent_asin,rating,timestamp`, at its true size to the byte."""

from collections.abc import Iterator

import numpy as np

from rehearse.graph import Rows, rows
from rehearse.shapes import Shape

HEADER = b"user_id,parent_asin,rating,timestamp\n"
LINE = 58  # bytes: 28 of a user, 10 of an item, 3 of a rating, 13 of a time, and four separators
LETTERS = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", np.uint8)
AT_ONCE = 1_000_000
BEGIN, END = 1_200_000_000_000, 1_694_000_000_000  # milliseconds: 2008 to 2023
OLD = (990_000_000_000, 999_999_999_999)  # 2001: times of twelve digits
TIED = 0.02  # share of a user's rows that have the time of the row before
RATINGS = np.frombuffer(b"12344555555", np.uint8)


def total_rows(shape: Shape) -> int:
    """Rows of the file: as published, or as many as its bytes hold."""
    return shape.ratings_rows or -(-(shape.ratings_bytes - len(HEADER)) // LINE)


def names(number: np.ndarray, start: bytes, more: np.ndarray | None = None) -> np.ndarray:
    """(n, length) letters: `start`, eight that no other number has, and the letters `more`.

    Numbers below 2**40 are mixed by an odd factor, which sends no two to one.
    """
    mixed = (number.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) & np.uint64(2**40 - 1)
    digits = (mixed[:, None] >> np.arange(0, 40, 5, dtype=np.uint64)) & np.uint64(31)
    parts = [np.tile(np.frombuffer(start, np.uint8), (len(number), 1)), LETTERS[digits.astype(np.intp)]]
    return np.hstack(parts if more is None else [*parts, more])


def user_names(chance: np.random.Generator, count: int) -> np.ndarray:
    """(count, 28) ids of users."""
    return names(np.arange(count), b"A", LETTERS[chance.integers(0, 32, (count, 19), dtype=np.uint8)])


def item_names(number: np.ndarray) -> np.ndarray:
    """(n, 10) ids of items."""
    return names(number, b"B0")


def times(chance: np.random.Generator, found: Rows, users: int) -> np.ndarray:
    """(rows,) milliseconds: each user has a first day and some years; ties inside users; repeats come later."""
    # Few began early, as the shop has grown.
    start = BEGIN + (END - BEGIN) * 0.95 * np.sqrt(chance.random(users))
    span = np.minimum(9e10 * np.exp(chance.standard_normal(users)), END - start)
    stamp = (start[found.user] + span[found.user] * chance.random(len(found.user))).astype(np.int64)
    user = found.user[: found.core]
    tied = 1 + np.flatnonzero((user[1:] == user[:-1]) & (chance.random(len(user) - 1) < TIED))
    stamp[tied] = stamp[tied - 1]
    stamp[len(stamp) - len(found.repeats) :] = stamp[found.repeats] + chance.integers(1, 10**9, len(found.repeats))
    return stamp


def lines(chance: np.random.Generator, shape: Shape) -> Iterator[bytes]:
    """The whole file in pieces: rows in random order, times of twelve digits where the bytes ask for them."""
    total = total_rows(shape)
    short = len(HEADER) + LINE * total - shape.ratings_bytes
    found = rows(chance, shape, total)
    stamp = times(chance, found, shape.all_users)
    stamp[found.core : found.core + short] = chance.integers(*OLD, short)
    users, items = user_names(chance, shape.all_users), item_names(np.arange(shape.all_items))
    order = chance.permutation(total)
    yield HEADER
    for begin in range(0, total, AT_ONCE):
        chosen = order[begin : begin + AT_ONCE]
        yield block(chance, users[found.user[chosen]], items[found.item[chosen]], stamp[chosen])


def block(chance: np.random.Generator, user: np.ndarray, item: np.ndarray, stamp: np.ndarray) -> bytes:
    """Lines of so many rows."""
    comma, end = (np.full((len(stamp), 1), ord(letter), np.uint8) for letter in ",\n")
    rating = np.tile(np.frombuffer(b"0.0", np.uint8), (len(stamp), 1))
    rating[:, 0] = RATINGS[chance.integers(0, len(RATINGS), len(stamp))]
    digits = stamp.astype("S13").view(np.uint8).reshape(-1, 13)
    text = np.hstack([user, comma, item, comma, rating, comma, digits, end]).ravel()
    return text[text != 0].tobytes()  # numpy fills up twelve digits with a zero byte
