"""Significance tests of SOFT as Markdown: what they show, one line per comparison, and notes on the tests."""

from collections.abc import Sequence

from softrec.reporting.markdown import count
from softrec.stats import variance_pooling
from softrec.stats.table_rows import SIGNIFICANT, Comparison


def format_comparisons(rows: Sequence[Comparison]) -> str:
    """Format the comparisons as Markdown: what they show, the table, and notes on its columns."""
    lines = [shown(rows), "", IN_STEP, ""] if rows else []
    lines += ["| Data set | Backbone | Metric | SOFT against | Difference | 95 % interval | p | p (Holm) | McNemar p |"]
    lines.append("|:--|:--|:--|:--|--:|:-:|--:|--:|--:|")
    for row in rows:
        other = f"{row.other_backbone} {row.other}".strip()
        mcnemar = f"{row.mcnemar_p:.2g}" if isinstance(row.mcnemar_p, float) else "–"
        lines.append(
            f"| {row.dataset} | {row.backbone} | {row.metric} | {other} | {row.difference:+.4f} "
            f"| {row.low:+.4f} to {row.high:+.4f} | {row.p:.2g} | {row.p_holm:.2g} | {mcnemar} |"
        )
    sizes = dict.fromkeys((row.dataset, row.rows, row.users, row.seeds) for row in rows)
    counts = "; ".join(f"{name}: {n} rows of {users} users, {s} seed(s)" for name, n, users, s in sizes)
    note = (
        f"{counts or 'No comparison: SOFT did not run'}. The unit is the user. Interval and p are from one t test over "
        "users and seeds together; the interval is not corrected for the number of comparisons. McNemar: one seed, one "
        "row of each user."
    )
    said = [family(rows)] if rows else []
    said += dict.fromkeys(about_seeds(row.seeds) for row in rows)
    said += [about_pooling(rows)] if any(row.seeds > 1 for row in rows) else []
    return "\n".join([*lines, "", note, "", *(f"{line}\n" for line in said)])


IN_STEP = (
    "The interval and p of a line come from one t test: p is below 0.05 only if the interval does not contain 0. "
    "Beside an interval that contains 0, only McNemar's p can be small: it is another test, of one seed and one row of "
    "each user, whereas the interval covers all rows, other users and other training runs. The reverse is common: an "
    "interval without 0 beside a large p (Holm), because only p (Holm) is corrected for the number of lines."
)


def shown(rows: Sequence[Comparison]) -> str:
    """Return three sentences: what a line is, how many differences are beyond noise, and what the others mean."""
    beyond = [row for row in rows if row.p_holm < SIGNIFICANT]
    better = sum(row.difference > 0 for row in beyond)
    found = (
        f"{len(beyond)} of {count(len(rows), 'difference')} {'is' if len(beyond) == 1 else 'are'} beyond noise, that "
        f"is, p (Holm) is below {SIGNIFICANT}: SOFT is better in {better}, worse in {len(beyond) - better}."
    )
    others = (
        f"The other {len(rows) - len(beyond)} may be 0 or not: their intervals say how large a difference the test "
        "rows leave possible."
        if len(beyond) < len(rows)
        else "No difference is left that chance alone could explain."
    )
    return (
        "Each line is SOFT minus another method on the same test rows, so a number above 0 means that SOFT is better. "
        f"{found} {others}"
    )


def family(rows: Sequence[Comparison]) -> str:
    """Return the note on the family of tests that Holm's correction covers."""
    sets, metrics = (len({getattr(row, name) for row in rows}) for name in ("dataset", "metric"))
    return (
        f"Family of Holm's correction: all {len(rows)} lines above, which are SOFT of each backbone against every "
        f"other row of that backbone and every row without a backbone, on {count(sets, 'data set')}, at "
        f"{count(metrics, 'metric')}. p (Holm) below 0.05 is meant to give a false mark in at most one of twenty such "
        "families. If SOFT's runs alone vary far more than those of all other methods, few seeds cannot show it: then "
        "it is one family in 17 with three seeds, and one in 9 with two."
    )


def about_seeds(count: int) -> str:
    """Return the note on the sources of variation that intervals and p cover with `count` seeds."""
    if count == 1:
        return "One seed: intervals and p cover variation between users only, not between training runs."
    return (
        f"{count} seeds: intervals and p cover variation between users and between training runs. Seeds add to the "
        "variance only what runs vary beyond the chance differences in which rows a run hits."
    )


def about_pooling(rows: Sequence[Comparison]) -> str:
    """Return the note on the estimate of the seeds' variance, naming where it is not pooled over all methods."""
    text = "The seeds' variance is pooled over the methods of a data set and metric"
    apart = dict.fromkeys((row.dataset, row.metric) for row in rows if own(row))
    if not apart:
        return f"{text}: nothing in this run contradicts equal variances."
    where = ", ".join(f"{dataset} {metric}" for dataset, metric in apart)
    return f"{text}, except where this run's seeds contradict equal variances (column seeds_from): {where}."


def own(row: Comparison) -> bool:
    """Whether a method of a comparison has an estimate of its own, not the pooled one."""
    return bool({variance_pooling.FACTOR, variance_pooling.OWN} & set(row.seeds_from.split("; ")))
