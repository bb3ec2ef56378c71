"""Ratings as Amazon Reviews 2023 publishes them (user_id, parent_asin, rating, timestamp), made up by seed."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HEADER = b"user_id,parent_asin,rating,timestamp\n"
LETTERS = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", np.uint8)
CHUNK = 1_000_000
START = 1_400_000_000_000  # milliseconds: 13 digits, so that all lines are of one length
SPAN = 280_000_000_000


@dataclass(frozen=True)
class Scale:
    """Rows, users and items of a made-up category."""

    rows: int
    users: int
    items: int


GAMES = Scale(4_606_634, 2_800_000, 137_000)
KINDLE = Scale(25_600_000, 5_580_000, 1_570_000)


def names(chance: np.random.Generator, count: int, first: bytes, length: int) -> np.ndarray:
    """`count` random ids of base-32 letters after `first`, one a row of bytes."""
    random = LETTERS[chance.integers(0, 32, (count, length - len(first)), dtype=np.uint8)]
    return np.hstack([np.tile(np.frombuffer(first, np.uint8), (count, 1)), random])


def pairs(chance: np.random.Generator, scale: Scale) -> tuple[np.ndarray, np.ndarray]:
    """User and item of each row: each user has one, the rest goes to few of them; 2 % of rows repeat another's pair."""
    more = (scale.users * chance.random(scale.rows - scale.users) ** 4).astype(np.int64)
    user = chance.permutation(np.concatenate([np.arange(scale.users), more]))
    item = (scale.items * chance.random(scale.rows) ** 3).astype(np.int64)
    to, of = chance.integers(0, scale.rows, (2, scale.rows // 50))
    user[to], item[to] = user[of], item[of]
    return user, item


def lines(seed: int, scale: Scale) -> Iterator[bytes]:
    """The file without its header, in chunks of whole lines."""
    chance = np.random.default_rng(seed)
    users, items = names(chance, scale.users, b"A", 28), names(chance, scale.items, b"B0", 10)
    user, item = pairs(chance, scale)
    for start in range(0, scale.rows, CHUNK):
        who, what = user[start : start + CHUNK], item[start : start + CHUNK]
        comma, end = (np.full((len(who), 1), ord(letter), np.uint8) for letter in ",\n")
        rating = np.tile(np.frombuffer(b"0.0", np.uint8), (len(who), 1))
        rating[:, 0] += chance.integers(1, 6, len(who), dtype=np.uint8)
        stamp = (START + chance.integers(0, SPAN, len(who))).astype("S13").view(np.uint8).reshape(-1, 13)
        yield np.hstack([users[who], comma, items[what], comma, rating, comma, stamp, end]).tobytes()


def write(path: Path, scale: Scale, seed: int = 1) -> None:
    """Write the gzipped file."""
    with gzip.open(path, "wb", compresslevel=6) as stream:
        stream.write(HEADER)
        for chunk in lines(seed, scale):
            stream.write(chunk)
