"""Variance components of crossed runs as Markdown: what five seeds on one sample leave out, and all components."""

from collections.abc import Sequence
from itertools import groupby

from softrec.stats.crossed_design import BOTH, CHANCE, SAMPLE, SEED, SOURCES, USER_SAMPLE, USERS, ComponentRow

PAPER_SEEDS = 5  # the paper's "five experiments"


def format_variance(rows: Sequence[ComponentRow]) -> str:
    """Format the components as Markdown: sentences on SOFT's differences at the first metric, then a line for each."""
    of = by_value(rows)
    names = ["Data sets", "Backbone", "Value", "Metric", "Mean", *SOURCES]
    lines = [MEANING, "", *differences(rows), ""]
    lines += [f"| {' | '.join(names)} |", f"|{':--|' * 4}{'--:|' * (len(names) - 4)}"]
    lines += [line(one) for one in of]
    sizes = dict.fromkeys(
        f"{row.datasets}: {row.seeds} seeds x {row.samples} samples, {row.rows:,} test rows of {row.users:,} users"
        for row in rows
    )
    return "\n".join([*lines, "", f"{'; '.join(sizes)}. {NOTES}", ""])


def by_value(rows: Sequence[ComponentRow]) -> list[dict[str, ComponentRow]]:
    """Return the components of each method's value and of each difference, by source."""
    return [{row.source: row for row in group} for _, group in groupby(rows, lambda row: row[:5])]


def differences(rows: Sequence[ComponentRow]) -> list[str]:
    """Return a list item for each difference of SOFT, at the first metric."""
    first = [one for one in by_value(rows) if one[SEED].other and one[SEED].metric == rows[0].metric]
    return [f"- {left_out(one)}" for one in first]


MEANING = (
    "How much the value of one training run would vary if only one thing changed: the test users, the training seed, "
    "the sample of training rows, or the pair of seed and sample. Users x sample is which users a sample suits, "
    "whatever the seed; chance is which rows a run happens to hit. Each number is a standard deviation with its 95 % "
    "interval; the variances of the six columns add up."
)
NOTES = (
    "Components are those of a crossed analysis of variance with random effects. An interval from 0 on means that this "
    "design cannot tell the component from none. Intervals assume normal effects of seeds and samples. They are wide "
    "with few of either: n seeds have n - 1 degrees of freedom. Alpha is chosen on validation for each sample anew, so "
    "its choice is part of the training sample's component."
)


def left_out(of: dict[str, ComponentRow]) -> str:
    """Return what an experiment of five seeds on one sample shows of its own variance, and what it leaves out."""
    row, variance = of[SEED], {source: max(0.0, one.variance) for source, one in of.items()}
    shown = ((variance[SEED] + variance[BOTH] + variance[CHANCE]) / PAPER_SEEDS) ** 0.5
    where = f"{row.datasets}, {row.backbone} {row.method} minus {row.other} in {row.metric}"
    return (
        f"{where}: {PAPER_SEEDS} seeds on one sample show the variance of seeds and chance, which leaves their mean a "
        f"standard deviation of {shown:.4f}. They leave out another sample of training rows, which adds one of "
        f"{spread(of[SAMPLE])} whatever the number of seeds. Test users add {spread(of[USERS])}, and users x sample "
        f"{spread(of[USER_SAMPLE])}; tests over users count both."
    )


def line(of: dict[str, ComponentRow]) -> str:
    """Return the line of one method, or of one difference."""
    row = of[SEED]
    value = f"{row.method} minus {row.other}" if row.other else row.method
    cells = (row.datasets, row.backbone, value, row.metric, f"{row.value:.4f}", *(spread(of[name]) for name in SOURCES))
    return f"| {' | '.join(cells)} |"


def spread(row: ComponentRow) -> str:
    """Format a standard deviation with its interval."""
    return f"{row.deviation:.4f} ({row.low:.4f} to {row.high:.4f})"
