"""The test rows of a run in words and tables: each row with its interval, SOFT against the others, and every alpha."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from softrec.io import csv_files
from softrec.io.choice_file import Setting
from softrec.reporting import gain_marks
from softrec.reporting.markdown import count, side, table
from softrec.stats import method_comparison
from softrec.stats.intervals import wilson
from softrec.stats.method_comparison import SignificanceSettings
from softrec.stats.resampling import Interval
from softrec.stats.table_rows import Comparison, IntervalRow

UNIT = "Intervals resample users with all their rows; several seeds add what other training runs would vary."
STAR = " * No hit, or nothing but hits: resamples do not differ, so the interval is Wilson's, of so many users."


class Contrast(NamedTuple):
    """A line of significance.csv: SOFT of a backbone less another row, at a metric of a data set."""

    dataset: str
    backbone: str
    metric: str
    other: str
    difference: float
    span: Interval
    p: float

    def beyond_noise(self) -> bool:
        """As Table 2 means it: a corrected p below 0.05."""
        return self.p < gain_marks.LEVEL


def read_tests(path: Path, metrics: Sequence[str]) -> list[Contrast]:
    """The comparisons of significance.csv at `metrics`."""
    found = []
    for line, fields in csv_files.read_csv(path, Comparison._fields):
        if fields["metric"] in metrics:
            names = ("difference", "low", "high")
            value, low, high = (csv_files.number(fields, name, path, line, -1, 1) for name in names)
            p = csv_files.number(fields, "p_holm", path, line, 0, 1)
            other = f"{fields['other_backbone']} {fields['other']}".strip()
            cell = {name: fields[name] for name in ("dataset", "backbone", "metric")}
            found.append(Contrast(**cell, other=other, difference=value, span=Interval(low, high), p=p))
    return found


def format_interval(row: IntervalRow) -> tuple[str, str]:
    """A value and its interval. Where no row hits, or every row, all resamples are equal, and Wilson's stands in."""
    if row.value not in (0.0, 1.0):
        return f"{row.value:.4f}", f"{row.low:.4f} to {row.high:.4f}"
    span = wilson(int(row.value) * row.users, row.users)
    return f"{row.value:.4f}", f"{span.low:.4f} to {span.high:.4f} *"


def cells(intervals: Sequence[IntervalRow], metrics: Sequence[str], what: str) -> str:
    """Every row with its intervals, two columns a metric; `what` is the heading of the rows' names."""
    rows: dict[tuple[str, str, str], dict[str, IntervalRow]] = {}
    for row in intervals:
        rows.setdefault((row.dataset, row.backbone, row.method), {})[row.metric] = row
    head = ["Data set", "Backbone", what, *(name for metric in metrics for name in (metric, "95 % interval"))]
    lines = []
    for place, of in rows.items():
        lines.append([*place, *(text for metric in metrics for text in format_interval(of[metric]))])
    text = table(head, lines)
    return f"{text}{UNIT}{STAR if '*' in text else ''}"


def test_rows(intervals: Sequence[IntervalRow], tests: Sequence[Contrast], metrics: Sequence[str]) -> str:
    """Each row of Table 2, and SOFT less every other."""
    found = f"## {metrics[0]} of each row\n{cells(intervals, metrics, 'Method')}\n"
    if not tests:
        return found
    head = ["Data set", "Backbone", "Metric", "SOFT less", "Difference", "95 % interval", "p (Holm)"]
    lines = [[*t[:4], f"{t.difference:+.4f}", f"{t.span.low:+.4f} to {t.span.high:+.4f}", f"{t.p:.4f}"] for t in tests]
    return f"{found}{table(head, lines)}{said_of(tests)}\n"


def said_of(tests: Sequence[Contrast]) -> str:
    """Which differences are beyond noise."""
    rule = f"p below {gain_marks.LEVEL} after Holm's correction for all of significance.csv"
    beyond = [
        f"; {t.backbone} SOFT is {side(t.span, 0.0)} {t.other} at {t.metric} on {t.dataset}"
        for t in tests
        if t.beyond_noise()
    ]
    return f"Beyond noise ({rule}): {len(beyond) or 'none'} of {count(len(tests), 'difference')}{''.join(beyond)}."


def by_alpha(ranks: Sequence[Path], alphas: SignificanceSettings, chosen: Mapping[tuple[str, str], Setting]) -> str:
    """SOFT with every alpha (Figure 5), and which alpha validation has chosen for a data set and backbone."""
    ranked = method_comparison.read_ranked(alphas.cells, ranks, [])
    intervals = method_comparison.intervals(ranked, method_comparison.tallied(ranked, alphas.metrics), alphas)
    said = "; ".join(f"{alpha.label()} on {dataset} with {name}" for (dataset, name), alpha in chosen.items())
    table_of_alphas = cells(intervals, alphas.metrics, "SOFT")
    return f"## SOFT by alpha (Figure 5)\n{table_of_alphas}\nChosen on validation: {said}.\n"
