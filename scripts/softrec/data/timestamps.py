"""Times of reviews: whole milliseconds since 1970, whatever unit a file has.

Amazon's reviews begin in 1996. Times of another unit are off by a factor of a thousand or more, so the median tells:
read in the right unit it is between 1979 and 2100. Small numbers are no dates but an order, and are left as they are.
"""

import math
import re
from pathlib import Path

import polars as pl

from common.errors import SoftrecError
from common.log import say

# What polars reads as a number: before it spaces, no blanks after it, no underscores, and no digits but these.
WHOLE = re.compile(r" *[+-]?[0-9]{1,99}")
NUMBER = re.compile(r" *[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")

FIRST, LAST = 300_000_000_000, 4_102_444_800_000  # 1979 and 2100 in milliseconds
UNITS = {"milliseconds": (1, 1), "seconds": (1000, 1), "microseconds": (1, 1000), "nanoseconds": (1, 1_000_000)}

NO_TIME = -1
STEPS = (10**3, 10**6, 10**9)  # between a unit and the larger ones


def in_milliseconds(frame: pl.DataFrame, path: Path) -> pl.DataFrame:
    """The frame with its `timestamp` in milliseconds; a conversion is said in the log.

    Negative times stay: published files have some, which the filter drops and counts. Among dates, so are those from
    1970 to 1979, such as a 0 for a time that nobody knows: they become `NO_TIME`, and the log says so.

    Raises:
        SoftrecError: the times are dates, and one of them lies after 2100 or before 1840, or would be a date in a
            larger unit; or they are neither dates nor small numbers, or some of these are dates.
    """
    middle = middle_of(frame["timestamp"])
    if middle < FIRST // 1000:
        dates = frame.filter((pl.col("timestamp") >= FIRST // 1000) | (pl.col("timestamp") <= -FIRST // 1000))
        refuse_first(dates, path, "where most times are small numbers, which are an order and no dates")
        return frame
    fitting = [unit for unit, (factor, divisor) in UNITS.items() if FIRST <= middle * factor // divisor < LAST]
    if not fitting:
        raise SoftrecError(
            f"{path} has the time {middle} in its middle, which is no date in seconds, milliseconds or a smaller unit",
            where=str(path),
            remedy="give times in milliseconds since 1970",
        )
    unit, (factor, divisor) = fitting[0], UNITS[fitting[0]]
    time = pl.col("timestamp")
    late = frame.filter(time >= LAST * divisor // factor)
    refuse_first(late, path, f"{unit}, which is after 2100")
    first = FIRST * divisor // factor
    early = frame.filter(time < first)
    # A factor would carry them past 64 bits, into dates.
    refuse_first(early.filter(time <= -LAST * divisor // factor), path, f"{unit}, which is before 1840")
    larger = [time.is_between(max(1, first // size), LAST * divisor // factor // size) for size in STEPS]
    refuse_first(early.filter(pl.any_horizontal(larger)), path, f"where most are {unit}: in a larger unit it is a date")
    if unknown := early.filter(time >= 0).height:
        say(f"{path}: {unknown:,} times before 1979 are no dates: left out, as negative ones are")
        none = time.is_between(0, first, closed="left")
        frame = frame.with_columns(pl.when(none).then(NO_TIME).otherwise(time).alias("timestamp"))
    if unit == "milliseconds":
        return frame
    say(f"{path}: times are {unit}, by their median {middle}")
    return frame.with_columns(pl.col("timestamp") * factor // divisor)


def middle_of(stamps: pl.Series) -> int:
    """The size of the median; any date in milliseconds where the median is one (to find it takes ten times as long)."""
    if 2 * stamps.is_between(FIRST, LAST, closed="left").sum() > len(stamps):
        return FIRST
    median = stamps.median()
    return abs(int(median)) if isinstance(median, int | float) else 0


def refuse_first(wrong: pl.DataFrame, path: Path, why: str) -> None:
    """Raise `SoftrecError` for the first row, if there is one."""
    for user, item, stamp in wrong.head(1).select("user_id", "item_id", "timestamp").iter_rows():
        raise SoftrecError(
            f"{path} has the time {stamp} {why}",
            where=f"the review of {item} by {user}",
            remedy="correct it, or remove the review",
        )


def whole_fault(text: str) -> str | None:
    """What is wrong with the text of a time in milliseconds, or None."""
    return fault(int(text) if WHOLE.fullmatch(text) else text)


def seconds_fault(text: str) -> str | None:
    """What is wrong with the text of a time in seconds, or None."""
    stamp = float(text) * 1000 if NUMBER.fullmatch(text) else math.nan
    return fault(round(stamp)) if math.isfinite(stamp) else f"has the timestamp {text!r:.80}, not a number of seconds"


def fault(stamp: object) -> str | None:
    """What is wrong with a time in milliseconds, or None: it is a whole number that 64 bits hold."""
    if isinstance(stamp, bool) or not isinstance(stamp, int):
        return f"has the timestamp {stamp!r:.80}, not a whole number of milliseconds"
    return None if -(2**63) <= stamp < 2**63 else f"has the timestamp {stamp!r:.80}, which 64 bits do not hold"
