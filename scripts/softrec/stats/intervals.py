"""Confidence intervals without resampling of users: of shares of rows, and of means over seeds."""

import math
from collections.abc import Sequence
from statistics import NormalDist, fmean, stdev

from softrec.stats import student_t
from softrec.stats.resampling import LEVEL, Interval
from softrec.stats.table_rows import IntervalRow


def wilson(hits: int, rows: int) -> Interval:
    """Return Wilson's interval of the share `hits` / `rows` of independent rows, at the level 0.95.

    The ends are the solutions p of (h - p)^2 = z^2 p (1 - p) / n, with h = `hits` / `rows` and n = `rows`.
    """
    share, spread = hits / rows, NormalDist().inv_cdf((1 + LEVEL) / 2) ** 2 / rows
    half = (spread * share * (1 - share) + spread**2 / 4) ** 0.5
    low, high = ((share + spread / 2 + sign * half) / (1 + spread) for sign in (-1, 1))
    return Interval(max(0.0, low), min(1.0, high))


def of_cell(row: IntervalRow) -> tuple[Interval, bool]:
    """Return the interval of a cell, and whether it is Wilson's, because no row or every row is a hit.

    All bootstrap resamples are equal there. Users, not rows, are independent, so Wilson's interval counts users.
    """
    if row.value not in (0.0, 1.0):
        return Interval(row.low, row.high), False
    return wilson(int(row.value) * row.users, row.users), True


def over_seeds(values: Sequence[float]) -> Interval | None:
    """Return the interval of a mean over S seeds by Student's t with S - 1 degrees of freedom; None for one seed."""
    if len(values) < 2:
        return None
    half = student_t.quantile(LEVEL, len(values) - 1) * stdev(values) / len(values) ** 0.5
    return Interval(fmean(values) - half, fmean(values) + half)


def format_interval(value: str, span: Interval | None) -> str:
    """Append the interval, with four decimals, to a printed number; without an interval return the number alone."""
    return value if span is None else f"{value} ({span.low:.4f} to {span.high:.4f})"


def format_mean(values: Sequence[float], least: float = 0.0, most: float = math.inf) -> str:
    """Format a mean over seeds with its interval; for one seed the number alone.

    Args:
        values: one value per seed.
        least: the least value that is possible; the interval is cut there.
        most: the largest value that is possible.
    """
    span = over_seeds(values)
    cut = None if span is None else Interval(max(least, span.low), min(most, span.high))
    return format_interval(f"{fmean(values):.4f}", cut)


def format_share(value: float, rows: int) -> str:
    """Format a share of rows with Wilson's interval."""
    return format_interval(f"{value:.4f}", wilson(round(value * rows), rows))
