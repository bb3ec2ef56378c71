"""Reviews as published -> (user_id, item_id, timestamp): every review is a positive, ratings are not read.

Three formats: `movielens` (the `.inter` file of RecBole, seconds), `reviews` (Amazon Reviews 2023, JSON lines) and
`ratings` (the benchmark files of Amazon Reviews 2023, comma-separated). Each may be plain or gzipped; the bytes decide,
not the name.
"""

import math
import re
from pathlib import Path
from typing import Any, Literal

import polars as pl

from softrec import streams
from softrec.errors import SoftrecError

Format = Literal["movielens", "reviews", "ratings"]
ItemKey = Literal["parent_asin", "asin"]

COLUMNS = ["user_id", "item_id", "timestamp"]
MOVIELENS = ["user_id:token", "item_id:token", "timestamp:float"]
RATINGS = ["user_id", "parent_asin", "timestamp"]
# What polars reads as a number: it takes no blanks after it, no underscores, and no digits but these.
WHOLE = re.compile(r"\s*[+-]?[0-9]{1,99}")
NUMBER = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def read_reviews(
    path: Path, source: Format, item_key: ItemKey = "parent_asin", max_rows: int | None = None
) -> pl.DataFrame:
    """Read reviews in file order: user_id (string), item_id (string), timestamp (int64, milliseconds).

    Args:
        source: the format of the file.
        item_key: which field of `reviews` names the item. With `asin`, a variant, there is a fourth column, parent_id:
            its `parent_asin`, by which metadata are keyed, or the variant itself if it names none.
        max_rows: read no more than this many reviews.

    Raises:
        SoftrecError: names the file and the line that is cut off, is not JSON, lacks a field or has no usable time.
    """
    if source == "reviews":
        frame = read_json(path, item_key, max_rows)
    elif source == "ratings":
        frame = read_delimited(path, ",", RATINGS, seconds=False, max_rows=max_rows)
    else:
        frame = read_delimited(path, "\t", MOVIELENS, seconds=True, max_rows=max_rows)
    if frame.is_empty():
        raise SoftrecError(f"{path} holds no review", where=str(path), remedy="fetch it again, or give another file")
    return frame


def read_json(path: Path, item_key: ItemKey, max_rows: int | None) -> pl.DataFrame:
    """Read Amazon review JSON lines a block at a time; only the fields that are needed are kept."""
    names = ["user_id", item_key, "timestamp"]
    schema = dict(zip([*names, "parent_asin"], [pl.String, pl.String, pl.Int64, pl.String], strict=True))

    def check(value: dict[str, Any]) -> str | None:
        gone = streams.missing(value, names)
        if gone and item_key == "asin" and value.get("parent_asin"):
            return f"{gone}, but it has a parent_asin: set item_key to parent_asin"
        return gone or time_fault(value.get("timestamp"))

    frames, rows = [pl.DataFrame(schema=schema)], 0
    for frame in streams.json_frames(path, schema, check, names):
        frames.append(frame)
        rows += len(frame)
        if max_rows is not None and rows >= max_rows:
            break
    read = pl.concat(frames).head(rows if max_rows is None else max_rows)
    if item_key == "parent_asin":
        return read.rename({item_key: "item_id"})
    parent = pl.when(pl.col("parent_asin") != "").then("parent_asin").otherwise("asin")
    return read.select("user_id", pl.col("asin").alias("item_id"), "timestamp", parent.alias("parent_id"))


def read_delimited(
    path: Path, separator: str, names: list[str], *, seconds: bool, max_rows: int | None
) -> pl.DataFrame:
    """Read the columns `names` (user, item, time) of a delimited file with a header; blank lines are skipped.

    All columns are parsed, though three are kept: where some are left out, polars takes a line of too many fields.
    """
    header = read_header(path, separator)
    absent = [name for name in names if name not in header]
    if absent:
        raise SoftrecError(
            f"{path} has no column {' and no '.join(absent)}: its header is {separator.join(header)!r}",
            where=f"{path}, line 1",
            remedy=f"give a file with the columns {', '.join(names)}, or correct the key `format`",
        )
    types = {names[2]: pl.Float64 if seconds else pl.Int64}
    options: dict[str, Any] = {"separator": separator, "quote_char": None, "n_rows": max_rows, "infer_schema": False}
    lines = pl.scan_csv(path, schema_overrides=types, **options)
    kept = [pl.col(name).alias(ours) for name, ours in zip(names, COLUMNS, strict=True)]
    blank, short = pl.all_horizontal(pl.all().is_null()), pl.col(header[-1]).is_null().alias("short")
    try:
        frame = lines.filter(~blank).select(*kept, short).collect(engine="streaming")
        if seconds:
            frame = frame.with_columns((pl.col("timestamp") * 1000).round().cast(pl.Int64))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise first_fault(path, separator, header, names) or unreadable(path, str(error)) from None
    if streams.has_gaps(frame, COLUMNS):
        raise first_fault(path, separator, header, names) or unreadable(path, "a field is empty")
    if frame["short"].any() and (fault := first_fault(path, separator, header, names)):
        raise fault  # a line of too few fields, unless the last one is just empty
    return frame.drop("short")


def read_header(path: Path, separator: str) -> list[str]:
    """The column names in a file's first line."""
    with streams.open_text(path) as stream:
        try:
            first = stream.readline()
        except streams.BROKEN_GZIP as error:
            raise streams.broken_gzip(path, 0, error) from error
    return first.decode("utf-8-sig", "replace").rstrip("\r\n").split(separator)


def first_fault(path: Path, separator: str, header: list[str], names: list[str]) -> SoftrecError | None:
    """The sentence for the first line that cannot be used, read line by line, or None."""
    for first, text in streams.blocks(path):
        for line, content in enumerate(text.split(b"\n"), start=first):
            if line > 1 and content.strip():
                fault = row_fault(content, separator, header, names)
                if fault:
                    return streams.bad_line(path, line, fault)
    return None


def unreadable(path: Path, why: str) -> SoftrecError:
    """The sentence for a file with a fault that no line of it has."""
    return SoftrecError(f"{path} cannot be read: {why}", where=str(path), remedy="fetch the file again")


def row_fault(content: bytes, separator: str, header: list[str], names: list[str]) -> str | None:
    """What is wrong with one line of a delimited file, or None."""
    try:
        values = content.decode().rstrip("\r").split(separator)
    except UnicodeDecodeError as error:
        return f"is not UTF-8: {error}"
    if len(values) != len(header):
        return f"has {len(values)} fields, the header has {len(header)}"
    row = dict(zip(header, values, strict=True))
    stamp = row[names[2]]
    return streams.missing(row, names) or (seconds_fault(stamp) if names == MOVIELENS else whole_fault(stamp))


def whole_fault(text: str) -> str | None:
    """What is wrong with the text of a time in milliseconds, or None."""
    return time_fault(int(text) if WHOLE.fullmatch(text) else text)


def seconds_fault(text: str) -> str | None:
    """What is wrong with the text of a time in seconds, or None."""
    stamp = float(text) * 1000 if NUMBER.fullmatch(text) else math.nan
    return time_fault(round(stamp)) if math.isfinite(stamp) else f"has the timestamp {text!r}, not a number of seconds"


def time_fault(stamp: object) -> str | None:
    """What is wrong with a time in milliseconds, or None: it is a whole number that 64 bits hold."""
    if isinstance(stamp, bool) or not isinstance(stamp, int):
        return f"has the timestamp {stamp!r}, not a whole number of milliseconds"
    return None if -(2**63) <= stamp < 2**63 else f"has the timestamp {stamp}, which 64 bits do not hold"
