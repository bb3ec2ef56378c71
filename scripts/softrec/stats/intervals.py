"""Numbers with their intervals where there are no users to resample: shares of rows, and means over seeds."""

from collections.abc import Sequence
from statistics import NormalDist, fmean, stdev

from softrec.stats import student_t
from softrec.stats.resampling import LEVEL, Interval


def wilson(hits: int, rows: int) -> Interval:
    """Wilson's interval of a share of independent rows, at the level 0.95.

    Its ends are the shares p with (h - p)^2 = z^2 p (1 - p) / n, where h is `hits` / `rows` and n is `rows`.
    """
    share, spread = hits / rows, NormalDist().inv_cdf((1 + LEVEL) / 2) ** 2 / rows
    half = (spread * share * (1 - share) + spread**2 / 4) ** 0.5
    low, high = ((share + spread / 2 + sign * half) / (1 + spread) for sign in (-1, 1))
    return Interval(max(0.0, low), min(1.0, high))


def over_seeds(values: Sequence[float]) -> Interval | None:
    """The interval of a mean over S seeds: Student's t with S - 1 degrees of freedom. None for one seed."""
    if len(values) < 2:
        return None
    half = student_t.quantile(LEVEL, len(values) - 1) * stdev(values) / len(values) ** 0.5
    return Interval(fmean(values) - half, fmean(values) + half)


def format_interval(value: str, span: Interval | None) -> str:
    """A printed number, and its interval with four decimals if it has one."""
    return value if span is None else f"{value} ({span.low:.4f} to {span.high:.4f})"


def format_mean(values: Sequence[float]) -> str:
    """A mean over seeds with its interval; of one seed the number alone."""
    return format_interval(f"{fmean(values):.4f}", over_seeds(values))


def format_share(value: float, rows: int) -> str:
    """A share of rows with Wilson's interval."""
    return format_interval(f"{value:.4f}", wilson(round(value * rows), rows))
