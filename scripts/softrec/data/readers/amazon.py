"""Readers of Amazon's reviews and metadata of 2014 and 2018 (those of 2023: `softrec.data.reviews`)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from common.errors import SoftrecError
from softrec.data import catalogue, json_lines, timestamps
from softrec.data.readers import literals
from softrec.data.readers.headerless import Places, read_headerless
from softrec.data.source_format import Source

NAMES = ["reviewerID", "asin", "unixReviewTime"]
REVIEW = dict(zip(NAMES, (pl.String, pl.String, pl.Int64), strict=True))
PATH = pl.List(pl.String)
ITEM = {"asin": pl.String, "title": pl.String, "category": PATH, "categories": pl.List(PATH)}
RATINGS = {"2014": Places(",", 4, user=0, item=1, timestamp=3), "2018": Places(",", 4, user=1, item=0, timestamp=3)}
ASIN = 10  # characters; user ids have more


def read_reviews(path: Path, source: Source) -> pl.DataFrame:
    """Read reviewerID, asin and unixReviewTime (seconds) of JSON lines, or of Python dictionaries.

    Raises `SoftrecError` if a line is neither, lacks a key, or has no whole number of seconds.
    """
    frames, rows = [pl.DataFrame(schema=REVIEW)], 0
    for frame in frames_of(path, REVIEW, review_fault, NAMES, source):
        frames.append(frame)
        rows += len(frame)
        if source.max_rows is not None and rows >= source.max_rows:
            break
    read = pl.concat(frames).head(rows if source.max_rows is None else source.max_rows)
    read = read.rename(dict(zip(NAMES, ("user_id", "item_id", "timestamp"), strict=True)))
    # Without this check, the factor could overflow 64 bits and wrap around into valid dates.
    far = read.filter((pl.col("timestamp") >= timestamps.LAST) | (pl.col("timestamp") <= -timestamps.LAST))
    timestamps.refuse_first(far, path, "seconds, which is after 2100 or before 1840")
    return read.with_columns(pl.col("timestamp") * 1000)


def review_fault(value: dict[str, Any]) -> str | None:
    """Return the fault of one review, or None."""
    gone = json_lines.missing(value, NAMES)
    stamp = value.get("unixReviewTime")
    wrong = timestamps.fault(stamp, "seconds")
    return gone or wrong or timestamps.fault(stamp * 1000 if isinstance(stamp, int) else stamp)


def frames_of(
    path: Path, schema: dict[str, Any], check: json_lines.Check, required: list[str], source: Source
) -> Iterator[pl.DataFrame]:
    """Yield the lines of a file, JSON or Python dictionaries by its first line, as frames."""
    if literals.are_literals(path, source.limits):
        return literals.literal_frames(path, schema, check, source.limits)
    return json_lines.json_frames(path, schema, check, required, source.limits)


def read_texts(path: Path, source: Source, wanted: pl.Series) -> pl.DataFrame:
    """Read titles and categories of the wanted items from a file of metadata.

    2014: `categories` is a list of paths, the first of which is used. 2018: `category` is one path. Labels of a path,
    from the broadest to the narrowest, are joined by " > ".
    """
    frames = [pl.DataFrame(schema=catalogue.TEXTS)]
    for frame in frames_of(path, ITEM, item_fault, ["asin"], source):
        kept = frame.filter(pl.col("asin").is_in(wanted.implode()))
        paths = kept.select(pl.coalesce("category", pl.col("categories").list.first()).alias("path"))["path"]
        titles = [catalogue.clean_text(title) for title in kept["title"]]
        labels = [catalogue.join(path, " > ") for path in paths.to_list()]
        frames.append(catalogue.frame_of(kept["asin"].to_list(), titles, labels))
    return pl.concat(frames)


def item_fault(value: dict[str, Any]) -> str | None:
    """Return the fault of one item's metadata, or None."""
    paths, labels = value.get("categories"), value.get("category")
    if paths is not None and not (isinstance(paths, list) and all(isinstance(path, list) for path in paths)):
        return f"has the categories {paths!r:.80}, not a list of lists"
    if labels is not None and not isinstance(labels, list):
        return f"has the category {labels!r:.80}, not a list"
    return json_lines.missing(value, ["asin"])


def read_ratings(path: Path, source: Source) -> pl.DataFrame:
    """Read "ratings only" files, without a header: user,item,rating,time in 2014, item,user,rating,time in 2018.

    Raises `SoftrecError` if users are where items should be, as in the file of the other year.
    """
    year, other = ("2014", "2018") if source.format == "amazon2014-ratings" else ("2018", "2014")
    frame = read_headerless(path, RATINGS[year], source.max_rows, source.limits)
    short = {name: (frame[name].str.len_chars() == ASIN).mean() or 0.0 for name in ("user_id", "item_id")}
    if float(str(short["user_id"])) > 0.5 > float(str(short["item_id"])):
        raise SoftrecError(
            f"{path} has items ({frame['user_id'][0]}) where format: {source.format} has users",
            where=f"{path}, line 1",
            remedy=f"set format: amazon{other}-ratings",
        )
    return frame
