"""Reader of published reviews as (user_id, item_id, timestamp): every review is a positive, ratings are not read.

Three formats: `movielens` (the `.inter` file of RecBole, seconds), `reviews` (Amazon Reviews 2023, JSON lines) and
`ratings` (the benchmark files of Amazon Reviews 2023, comma-separated). Each may be plain or gzipped, recognised by
its first bytes, not by its name.
"""

from pathlib import Path
from typing import Any, Literal

import polars as pl

from common.errors import SoftrecError
from softrec.core.limits import Limits
from softrec.data import json_lines, timestamps
from softrec.data.delimited import Shape, read_delimited
from softrec.data.source_format import ItemKey

Format = Literal["movielens", "reviews", "ratings"]
PUBLISHED: dict[str, Format] = {"movielens": "movielens", "reviews": "reviews", "ratings": "ratings"}

MOVIELENS = Shape("\t", ("user_id:token", "item_id:token", "timestamp:float"), "seconds", quotes=False)
RATINGS = Shape(",", ("user_id", "parent_asin", "timestamp"), "milliseconds", quotes=True)


def read_reviews(
    path: Path,
    source: Format,
    item_key: ItemKey = "parent_asin",
    max_rows: int | None = None,
    limits: Limits | None = None,
) -> pl.DataFrame:
    """Read reviews in file order: user_id (string), item_id (string), timestamp (int64, milliseconds).

    Args:
        path: the file.
        source: the format of the file.
        item_key: which field of `reviews` identifies the item. With `asin` (a variant), there is a fourth column,
            parent_id: the variant's `parent_asin`, the key of its metadata, or the variant itself if it has none.
        max_rows: maximum number of reviews to read.
        limits: maximum sizes of the file and its lines.

    Times in seconds, micro- or nanoseconds are recognised and converted, and the log says so.

    Raises:
        SoftrecError: a line is cut off, is not JSON, lacks a field or has no valid time; names the file and the line.
    """
    if source == "reviews":
        frame = read_json(path, item_key, max_rows, limits)
    else:
        frame = read_delimited(path, RATINGS if source == "ratings" else MOVIELENS, max_rows, limits)
    if frame.is_empty():
        raise SoftrecError(f"{path} holds no review", where=str(path), remedy="fetch it again, or give another file")
    return timestamps.in_milliseconds(frame, path)


def read_json(path: Path, item_key: ItemKey, max_rows: int | None, limits: Limits | None = None) -> pl.DataFrame:
    """Read Amazon review JSON lines block by block, keeping only the required fields."""
    names = ["user_id", item_key, "timestamp"]
    schema = dict(zip([*names, "parent_asin"], [pl.String, pl.String, pl.Int64, pl.String], strict=True))

    def check(value: dict[str, Any]) -> str | None:
        gone = json_lines.missing(value, names)
        if gone and item_key == "asin" and value.get("parent_asin"):
            return f"{gone}, but it has a parent_asin: set item_key to parent_asin"
        return gone or timestamps.fault(value.get("timestamp"))

    frames, rows = [pl.DataFrame(schema=schema)], 0
    for frame in json_lines.json_frames(path, schema, check, names, limits):
        frames.append(frame)
        rows += len(frame)
        if max_rows is not None and rows >= max_rows:
            break
    read = pl.concat(frames).head(rows if max_rows is None else max_rows)
    if item_key == "parent_asin":
        return read.rename({item_key: "item_id"})
    parent = pl.when(pl.col("parent_asin") != "").then("parent_asin").otherwise("asin")
    return read.select("user_id", pl.col("asin").alias("item_id"), "timestamp", parent.alias("parent_id"))
