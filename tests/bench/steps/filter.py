"""The 10-core filter at the scale of Games: ours beside plain Python, pandas, and inflating the file alone."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import made_ratings
from filtering import RATINGS, K, import_arrow, inflating, interactions, numpy_features, numpy_path, ours, write
from harness import Measured, MismatchError, Row, amount, median, versus

__all__ = ["inflating", "ours"]
TITLE = "10-core filter: 4.6 M generated ratings, csv.gz -> parquet"
SIDES = ["ours", "ours_baseline", "python", "pandas", "inflating"]
PAIRS = 5
ENVIRONMENT = {"ours_baseline": {"NPY_DISABLE_CPU_FEATURES": " ".join(numpy_features())}}
NOTE = (
    "CPU time of one thread, after imports, until interactions.parquet is written. Ours also reads metadata (one item: "
    "untitled items stay), counts users and items after each step, and writes the catalogue."
)
Review = tuple[str, str, float, int]


def prepare(folder: Path) -> None:
    """The file."""
    made_ratings.write(folder / RATINGS, made_ratings.GAMES)


def ours_baseline(folder: Path) -> Iterator[None]:
    """Ours, with numpy told to use no vector instructions beyond its baseline: its sort is the slowest then."""
    yield from ours(folder, "ours_baseline")


def python(folder: Path) -> Iterator[None]:
    """As the script published with the data set works: tuples in lists, dictionaries and sets."""
    import gzip

    import_arrow()
    yield
    reviews: list[Review] = []
    with gzip.open(folder / RATINGS, "rt") as stream:
        next(stream)
        for line in stream:
            user, item, rating, time = line.rstrip("\n").split(",")
            reviews.append((user, item, float(rating), int(time)))
    reviews = core(earliest(reviews))
    numbers = [{name: n for n, name in enumerate(sorted({r[side] for r in reviews}), 1)} for side in (0, 1)]
    rows = sorted((numbers[0][user], time, numbers[1][item]) for user, item, _, time in reviews)
    write(folder, "python", [[row[column] for row in rows] for column in (0, 2, 1)])
    yield


def earliest(reviews: list[Review]) -> list[Review]:
    """Each user's reviews by time, the first of each item."""
    users: defaultdict[str, list[Review]] = defaultdict(list)
    for review in reviews:
        users[review[0]].append(review)
    kept = []
    for own in users.values():
        seen: set[str] = set()
        for review in sorted(own, key=lambda review: review[3]):
            if review[1] not in seen:
                seen.add(review[1])
                kept.append(review)
    return kept


def core(reviews: list[Review]) -> list[Review]:
    """Rounds: count, keep reviews of users and items with at least K, until none goes."""
    while True:
        users, items = (Counter(review[side] for review in reviews) for side in (0, 1))
        kept = [review for review in reviews if users[review[0]] >= K and items[review[1]] >= K]
        if len(kept) == len(reviews):
            return kept
        reviews = kept


def pandas(folder: Path) -> Iterator[None]:
    """Strings turned into whole numbers once, rare ones dropped before anything is sorted."""
    import numpy as np
    import pandas as pd

    import_arrow()
    yield
    table = pd.read_csv(folder / RATINGS, usecols=["user_id", "parent_asin", "timestamp"])
    user, users = pd.factorize(table["user_id"])
    item, items = pd.factorize(table["parent_asin"])
    often = (np.bincount(user)[user] >= K) & (np.bincount(item)[item] >= K)
    left = pd.DataFrame({"user": user, "item": item, "timestamp": table["timestamp"].to_numpy()})[often]
    left = left.sort_values("timestamp").drop_duplicates(["user", "item"])
    while True:
        u, i = left["user"].to_numpy(), left["item"].to_numpy()
        often = (np.bincount(u)[u] >= K) & (np.bincount(i)[i] >= K)
        if often.all():
            break
        left = left[often]
    left = pd.DataFrame({"user": ranks(users, u), "item": ranks(items, i), "timestamp": left["timestamp"].to_numpy()})
    left = left.sort_values(["user", "timestamp", "item"])
    write(folder, "pandas", [left[name].to_numpy() for name in left])
    yield


def ranks(names: Any, codes: Any) -> Any:
    """The place, from 1, of each code's name among the names that are left."""
    import numpy as np

    left, place = np.unique(codes, return_inverse=True)
    return np.argsort(np.argsort(names.take(left)))[place] + 1


def check(folder: Path, sides: list[str]) -> str:
    """All rows by their hash, equal times by item (ours order them by a hash of their own); inflating has none."""
    tables = {side: interactions(folder, side) for side in sides if side != "inflating"}
    hashes = {}
    for side, table in tables.items():
        table = table.sort_by([(name, "ascending") for name in ("user", "timestamp", "item")])
        raw = b"".join(table[name].to_numpy().tobytes() for name in ("user", "item", "timestamp"))
        hashes[side] = hashlib.sha256(raw).hexdigest()
    if len(set(hashes.values())) > 1:
        raise MismatchError(f"rows differ: {hashes}, {[len(table) for table in tables.values()]}")
    table = tables["ours"]
    users, items = (len(table[name].unique()) for name in ("user", "item"))
    return f"{len(table):,} rows of {users:,} users and {items:,} items, by sha256"


def rows(measured: Measured) -> list[Row]:
    """Time and memory, with numpy as it is here and without its vector instructions."""
    path, without = numpy_path(), ENVIRONMENT["ours_baseline"]["NPY_DISABLE_CPU_FEATURES"] or "nothing"
    told = f"The same with numpy told not to use {without}, so that it sorts by its baseline."
    return [
        *beside(measured, "ours", "", f"numpy sorts by {path} here. {NOTE}"),
        *beside(measured, "ours_baseline", ", no AVX", told),
    ]


def beside(measured: Measured, ours: str, mark: str, note: str) -> list[Row]:
    """One path of ours beside its peers; `mark` goes behind their names."""
    floor = amount(median(measured, "inflating", "cpu"), "cpu")
    cpu: dict[str, Any] = {"ours": ours, "of": "cpu", "floor": floor}
    return [
        *versus(measured, "python", name=f"plain Python{mark}", at_least=8, note=note, **cpu),
        *versus(measured, "python", name=f"  its memory{mark}", ours=ours, of="peak", at_most=0.4),
        *versus(measured, "pandas", name=f"pandas{mark}", at_least=1.8, **cpu),
        *versus(measured, "inflating", name=f"inflating{mark}", at_most=2.5, **cpu),
    ]
