"""The 10-core filter at the scale of Kindle: ours alone, its time and its memory."""

from pathlib import Path

import made_ratings
from filtering import RATINGS, K, inflating, interactions, ours
from harness import Measured, MismatchError, Row, amount, limit, median

__all__ = ["inflating", "ours"]
TITLE = "10-core filter: 25.6 M generated ratings, csv.gz -> parquet"
SIDES = ["ours", "inflating"]
PAIRS = 1
MEMORY = 3e9 / 2**20  # 3 GB: one path, with no switch, is within the bounded-memory path's goal


def prepare(folder: Path) -> None:
    """The file."""
    made_ratings.write(folder / RATINGS, made_ratings.KINDLE)


def check(folder: Path, sides: list[str]) -> str:
    """There is no peer's output: that the rows are a core is checked, and that none repeats."""
    table = interactions(folder, "ours")
    fewest = [min(table[name].value_counts().field("counts").to_pylist()) for name in ("user", "item")]
    pairs = len(table.group_by(["user", "item"]).aggregate([]))
    if min(fewest) < K or pairs != len(table):
        raise MismatchError(
            f"no {K}-core: fewest rows of a user and an item {fewest}, {pairs} pairs, {len(table)} rows"
        )
    return f"no peer; {len(table):,} rows, none twice, at least {K} of each user and item"


def rows(measured: Measured) -> list[Row]:
    """Time and memory."""
    floor = amount(median(measured, "inflating", "seconds"), "seconds")
    return [
        *limit(measured, "time", 60, floor=floor),
        *limit(measured, "peak memory", MEMORY, of="peak"),
    ]
