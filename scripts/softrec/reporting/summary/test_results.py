"""Test results of a run as Markdown: each method with its interval, SOFT against the others, and every alpha."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from softrec.io import csv_files
from softrec.reporting.markdown import count, side, table
from softrec.results.runs import Selected
from softrec.stats import method_comparison
from softrec.stats.intervals import of_cell
from softrec.stats.method_comparison import SignificanceSettings
from softrec.stats.resampling import Interval
from softrec.stats.table_rows import SIGNIFICANT, Comparison, IntervalRow

UNIT = "Intervals resample users with all their rows; with several seeds they also cover variation between runs."
STAR = " * No hits, or only hits: all resamples are equal, so this is Wilson's interval for the number of users."


class Contrast(NamedTuple):
    """A line of significance.csv: SOFT with a backbone minus another method, at a metric on a data set."""

    dataset: str
    backbone: str
    metric: str
    other: str
    difference: float
    span: Interval
    p: float

    def beyond_noise(self) -> bool:
        """Whether p after Holm's correction is below 0.05, the criterion of the marks in Table 2."""
        return self.p < SIGNIFICANT


def read_tests(path: Path, metrics: Sequence[str]) -> list[Contrast]:
    """Read the comparisons of significance.csv at `metrics`."""
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
    """Format a value and its interval; Wilson's, with a star, where no row or every row is a hit."""
    span, starred = of_cell(row)
    return f"{row.value:.4f}", f"{span.low:.4f} to {span.high:.4f}{' *' if starred else ''}"


def cells(intervals: Sequence[IntervalRow], metrics: Sequence[str], what: str) -> str:
    """Return the table of all rows with intervals, two columns per metric; `what` heads the column of row names."""
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
    """Return each row of Table 2 with intervals, and the differences of SOFT to the other rows."""
    found = f"## {metrics[0]} of each row\n{cells(intervals, metrics, 'Method')}\n"
    if not tests:
        return found
    head = ["Data set", "Backbone", "Metric", "SOFT minus", "Difference", "95 % interval", "p (Holm)"]
    lines = [[*t[:4], f"{t.difference:+.4f}", f"{t.span.low:+.4f} to {t.span.high:+.4f}", f"{t.p:.2g}"] for t in tests]
    return f"{found}{table(head, lines)}{summarize_differences(tests)}\n"


def summarize_differences(tests: Sequence[Contrast]) -> str:
    """Return the sentence that names the differences beyond noise."""
    rule = f"p below {SIGNIFICANT} after Holm's correction for all of significance.csv"
    beyond = [
        f"; {t.backbone} SOFT is {side(t.span, 0.0)} {t.other} at {t.metric} on {t.dataset}"
        for t in tests
        if t.beyond_noise()
    ]
    return f"Beyond noise ({rule}): {len(beyond) or 'none'} of {count(len(tests), 'difference')}{''.join(beyond)}."


def by_alpha(ranks: Sequence[Path], alphas: SignificanceSettings, selected: Selected) -> str:
    """Return the table of SOFT with every alpha (Figure 5), and the alpha selected on validation."""
    ranked = method_comparison.read_ranked(alphas.cells, ranks, {})
    intervals = method_comparison.intervals(ranked, method_comparison.tallied(ranked, alphas.metrics), alphas)
    said = "; ".join(f"{alpha.label()} on {row.dataset} with {row.backbone}" for row, alpha in selected.items())
    table_of_alphas = cells(intervals, alphas.metrics, "SOFT")
    return f"## SOFT by alpha (Figure 5)\n{table_of_alphas}\nChosen on validation: {said}.\n"
