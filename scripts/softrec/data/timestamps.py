"""Conversion of review times to whole milliseconds since 1970; the unit is inferred from the median.

Amazon's reviews begin in 1996. Another unit changes times by a factor of a thousand or more, so the median identifies
it: in the right unit it lies between 1979 and 2100. Small numbers are not dates but ranks in time, and are kept.
"""

import math
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from common.errors import SoftrecError
from common.log import info

# What polars parses as a number: leading spaces, but no trailing blanks, underscores or non-ASCII digits.
WHOLE = re.compile(r" *[+-]?[0-9]{1,99}")
NUMBER = re.compile(r" *[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")

DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)  # `fromisoformat` alone would take 20200913 for a day
EPOCH, MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)

FIRST, LAST = 300_000_000_000, 4_102_444_800_000  # 1979 and 2100 in milliseconds
UNITS = {"milliseconds": (1, 1), "seconds": (1000, 1), "microseconds": (1, 1000), "nanoseconds": (1, 1_000_000)}

NO_TIME = -1
STEPS = (10**3, 10**6, 10**9)  # factors between a unit and larger ones


def in_milliseconds(frame: pl.DataFrame, path: Path) -> pl.DataFrame:
    """Convert the column `timestamp` to milliseconds; a conversion is logged.

    Negative times are kept: published files have some, which the filter drops and counts. If times are dates, those
    from 1970 to 1979, such as 0 for an unknown time, become `NO_TIME`, which is negative too; the log says so.

    Raises:
        SoftrecError: most times are dates, and one is after 2100, before 1840 or a date in a larger unit; most times
            are small numbers, and one is a date; or the median is neither.
    """
    middle = middle_of(frame["timestamp"])
    if middle < FIRST // 1000:
        dates = frame.filter((pl.col("timestamp") >= FIRST // 1000) | (pl.col("timestamp") <= -FIRST // 1000))
        refuse_first(dates, path, "where most times are small numbers, which are not dates but an order")
        return frame
    fitting = [unit for unit, (factor, divisor) in UNITS.items() if FIRST <= middle * factor // divisor < LAST]
    if not fitting:
        raise SoftrecError(
            f"{path} has the median time {middle}, which is not a date in seconds, milliseconds or a smaller unit",
            where=str(path),
            remedy="give times in milliseconds since 1970",
        )
    unit, (factor, divisor) = fitting[0], UNITS[fitting[0]]
    time = pl.col("timestamp")
    late = frame.filter(time >= LAST * divisor // factor)
    refuse_first(late, path, f"{unit}, which is after 2100")
    first = FIRST * divisor // factor
    early = frame.filter(time < first)
    # Without this check, multiplying by the factor could overflow 64 bits and wrap around into valid dates.
    refuse_first(early.filter(time <= -LAST * divisor // factor), path, f"{unit}, which is before 1840")
    larger = [time.is_between(max(1, first // size), LAST * divisor // factor // size) for size in STEPS]
    refuse_first(early.filter(pl.any_horizontal(larger)), path, f"where most are {unit}: in a larger unit it is a date")
    if unknown := early.filter(time >= 0).height:
        info(f"{path}: {unknown:,} times before 1979 count as unknown and are left out, like negative ones")
        none = time.is_between(0, first, closed="left")
        frame = frame.with_columns(pl.when(none).then(NO_TIME).otherwise(time).alias("timestamp"))
    if unit == "milliseconds":
        return frame
    info(f"{path}: times are {unit}, by their median {middle}")
    return frame.with_columns(pl.col("timestamp") * factor // divisor)


def middle_of(stamps: pl.Series) -> int:
    """Return the absolute median, or `FIRST` if more than half of the times are dates in milliseconds.

    The shortcut is ten times faster than the median, and any date gives the caller the same answer.
    """
    if 2 * stamps.is_between(FIRST, LAST, closed="left").sum() > len(stamps):
        return FIRST
    median = stamps.median()
    return abs(int(median)) if isinstance(median, int | float) else 0


def refuse_first(wrong: pl.DataFrame, path: Path, why: str) -> None:
    """Raise `SoftrecError` for the first row of `wrong`, if any."""
    for user, item, stamp in wrong.head(1).select("user_id", "item_id", "timestamp").iter_rows():
        raise SoftrecError(
            f"{path} has the time {stamp} {why}",
            where=f"the review of {item} by {user}",
            remedy="correct it, or remove the review",
        )


def whole_fault(text: str) -> str | None:
    """Return the fault of a text as a time in milliseconds, or None."""
    return fault(int(text) if WHOLE.fullmatch(text) else text)


def seconds_fault(text: str) -> str | None:
    """Return the fault of a text as a time in seconds, or None."""
    stamp = float(text) * 1000 if NUMBER.fullmatch(text) else math.nan
    return fault(round(stamp)) if math.isfinite(stamp) else f"has the timestamp {text!r:.80}, not a number of seconds"


def date_fault(text: str) -> str | None:
    """Return the fault of a text as a date, or None."""
    if date_in_milliseconds(text) is None:
        return f"has the timestamp {text!r:.80}, not a date such as 2020-09-13 or 2020-09-13 12:26:40"
    return None


def date_in_milliseconds(text: str) -> int | None:
    """Convert an ISO 8601 date, with or without a time of day, to milliseconds since 1970; None if it is none.

    A date without an offset from UTC is in UTC.
    """
    try:
        moment = datetime.fromisoformat(text) if DAY.match(text) else None
    except ValueError:
        return None
    if moment is None:
        return None
    known = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (known - EPOCH) // MILLISECOND


def whole_milliseconds(frame: pl.DataFrame, times: str) -> pl.DataFrame:
    """Convert the column `timestamp` from "seconds" (numbers), "dates" (texts) or "milliseconds" to integers.

    A text that is no date becomes null.
    """
    if times == "seconds":
        return frame.with_columns((pl.col("timestamp") * 1000).round().cast(pl.Int64))
    if times == "dates":
        texts = frame["timestamp"].unique().drop_nulls()
        found = [date_in_milliseconds(text) for text in texts]  # each distinct date once
        stamps = frame["timestamp"].replace_strict(texts, pl.Series(found, dtype=pl.Int64), default=None)
        return frame.with_columns(stamps.alias("timestamp"))
    return frame


def fault(stamp: object, unit: str = "milliseconds") -> str | None:
    """Return the fault of a time in a unit, or None if it is a 64-bit integer."""
    if isinstance(stamp, bool) or not isinstance(stamp, int):
        return f"has the timestamp {stamp!r:.80}, not a whole number of {unit}"
    return None if -(2**63) <= stamp < 2**63 else f"has the timestamp {stamp!r:.80}, which does not fit in 64 bits"
