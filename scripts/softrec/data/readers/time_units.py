"""Check of times against the unit that the configuration states."""

from collections.abc import Callable
from pathlib import Path

import polars as pl

from common.errors import SoftrecError
from softrec.data import timestamps
from softrec.data.source_format import TimeUnit

WORDS = {"s": "seconds", "ms": "milliseconds", "order": "numbers that only order"}
KEYS = {word: key for key, word in WORDS.items()}
FORMS: dict[TimeUnit, Callable[[str], str | None]] = {
    "s": timestamps.seconds_fault,
    "ms": timestamps.whole_fault,
    "order": timestamps.whole_fault,
    "date": timestamps.date_fault,
}
SMALL = timestamps.FIRST // 1000  # below this, a number is not a date in any unit


def require_unit(frame: pl.DataFrame, path: Path, unit: TimeUnit) -> None:
    """Raise `SoftrecError` if the median of the column `timestamp` (in milliseconds) shows another unit than `unit`."""
    median = frame["timestamp"].median()
    if not isinstance(median, int | float):
        return
    if unit == "date":
        require_recent(int(median), path)
        return
    stated = abs(int(median)) // (1000 if unit == "s" else 1)
    found = looks_like(stated)
    if found == WORDS[unit]:
        return
    what = f"{path} has the median time {stated}, which is {found or 'not a date in any unit'}, not {WORDS[unit]}"
    remedy = f"set timestamps: {KEYS[found]}" if found in KEYS else "give times in seconds or milliseconds since 1970"
    raise SoftrecError(what, where=f"{path}; the key source.timestamps", remedy=remedy)


def require_recent(median: int, path: Path) -> None:
    """Raise `SoftrecError` if most dates are before 1979: such times count as unknown."""
    if median < timestamps.FIRST:
        day = (timestamps.EPOCH + median * timestamps.MILLISECOND).date()
        raise SoftrecError(
            f"{path} has the median date {day}, but dates before 1979 count as unknown",
            where=f"{path}; the key source.timestamps",
            remedy="correct the dates, or give their ranks and set timestamps: order",
        )


def require_form(text: str, path: Path, line: int, unit: TimeUnit) -> None:
    """Raise `SoftrecError` if a file's first time is written in another unit's form than that of `unit`.

    Otherwise this line would be called invalid, although all lines are like it and the key `timestamps` is wrong. A
    text that is no time in any form passes: the line itself is wrong.
    """
    fits = {key: is_fault(text) is None for key, is_fault in FORMS.items()}
    if fits[unit] or not any(fits.values()):
        return
    found = "date" if fits["date"] else "s, ms or order" if fits["ms"] else "s"
    what = "a date" if fits["date"] else "a number" if fits["ms"] else "a number with decimals"
    stated = "a date" if unit == "date" else "a number of seconds" if unit == "s" else "a whole number"
    raise SoftrecError(
        f"{path}, line {line}: the time {text!r:.80} is {what}, and the configuration states {stated}",
        where=f"{path}; the key source.timestamps, which is {unit}",
        remedy=f"set timestamps: {found}",
    )


def looks_like(number: int) -> str | None:
    """Return the unit in which a number is a date from 1979 to 2100; small numbers are an order."""
    if number < SMALL:
        return WORDS["order"]
    for unit, (factor, divisor) in timestamps.UNITS.items():
        if timestamps.FIRST <= number * factor // divisor < timestamps.LAST:
            return unit
    return None
