"""The power of the tests as Markdown: what it means, sentences on the first metric, and a line per comparison."""

from collections.abc import Sequence
from itertools import groupby

from softrec.reporting.markdown import count
from softrec.stats.power import EXPERIMENTS, GOAL, LEAST_DIFFERING, PowerRow
from softrec.stats.table_rows import SIGNIFICANT

NONE = "–"


def format_power(rows: Sequence[PowerRow], asked: Sequence[int]) -> str:
    """Format the power of each comparison at this run's rows and at the numbers of rows `asked`."""
    if not rows:
        return "No comparison: SOFT did not run.\n"
    lines = [meaning(rows), "", *sentences(rows)]
    names = ["Data set", "Backbone", "Metric", "SOFT against", "Difference", "Rows", f"Detectable at {GOAL:.0%}"]
    names += ["Power at these rows", *(f"at {number:,}" for number in asked)]
    lines += ["", f"| {' | '.join(names)} |", f"|{':--|' * 4}{'--:|' * (len(names) - 4)}"]
    lines += [line(of, asked) for of in comparisons(rows)]
    return "\n".join([*lines, "", notes(rows), ""])


def comparisons(rows: Sequence[PowerRow]) -> list[list[PowerRow]]:
    """Return the rows of each comparison, one per number of test rows."""
    return [list(group) for _, group in groupby(rows, lambda row: (row.dataset, row.backbone, row[2:5]))]


def sentences(rows: Sequence[PowerRow]) -> list[str]:
    """Return a list item for each comparison of SOFT with a row of its backbone, at the first metric."""
    own = [of for of in comparisons(rows) if of[0].backbone == of[0].other_backbone]
    return [f"- {sentence(of)}" for of in own if of[0].metric == rows[0].metric]


def meaning(rows: Sequence[PowerRow]) -> str:
    """Return what the numbers are."""
    return (
        "Each line is SOFT minus another method on the same test rows. Power is the share of repeated experiments "
        f"that would find a difference as large as the observed one (p < {SIGNIFICANT}, not corrected for the number "
        f"of lines). Detectable is the difference that {GOAL:.0%} of experiments with this run's rows would find. "
        "Power at the observed difference follows from p, so it is no further evidence. It says whether more test rows "
        "would help."
    )


def sentence(of: Sequence[PowerRow]) -> str:
    """Return the sentence on one comparison: what share of experiments finds the difference, by number of rows."""
    own = of[0]
    where = f"{own.dataset}, {own.backbone} SOFT against {own.other}"
    if own.power == "":
        differ = (
            f"{count(own.differing, 'user')} differ{'s' if own.differing == 1 else ''}"
            if own.differing
            else "no user differs"
        )
        return f"{where}: {differ} in {own.metric}, too few to say."
    shares = "".join(f"; with {row.rows:,} rows, {row.power:.0%}" for row in of[1:])
    said = f"with {own.rows:,} rows, {own.power:.0%} of experiments find a difference of {own.difference:+.4f}"
    return f"{where}: {said} in {own.metric}{shares}."


def line(of: Sequence[PowerRow], asked: Sequence[int]) -> str:
    """Return the line of one comparison, whose first row is that of this run's number of rows."""
    own, at = of[0], {row.rows: row.power for row in of}
    shares = [NONE if share == "" else f"{share:.0%}" for share in (own.power, *(at[number] for number in asked))]
    least = f"{own.detectable:+.4f}" if isinstance(own.detectable, float) else NONE
    other = f"{own.other_backbone} {own.other}".strip()
    cells = (
        own.dataset,
        own.backbone,
        own.metric,
        other,
        f"{own.difference:+.4f}",
        f"{own.run_rows:,}",
        least,
        *shares,
    )
    return f"| {' | '.join(cells)} |"


def notes(rows: Sequence[PowerRow]) -> str:
    """Return what is simulated, and what is not."""
    seeds = max(row.seeds for row in rows)
    runs = f"{seeds} new training runs of each method" if seeds > 1 else "users alone, because one seed ran"
    few = len({row[:5] for row in rows if row.power == ""})
    said = (
        f"{EXPERIMENTS:,} simulated experiments for each number of rows: users drawn with replacement, each with all "
        f"their rows and both methods' results, and {runs}; the test is that of significance.csv. The scatter of this "
        "run is taken as the truth and does not change with the difference. Other training samples, other "
        "hyperparameters and other items are not simulated."
    )
    if few:
        said += (
            f" {count(few, 'line')} {'has' if few == 1 else 'have'} no numbers: fewer than {LEAST_DIFFERING} users "
            "differ, which say too little of the scatter."
        )
    return said
