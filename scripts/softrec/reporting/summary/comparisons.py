"""Tests of what SOFT adds in words: each comparison as a line, what its columns mean, and what the seeds can say."""

from collections.abc import Sequence

from softrec.reporting.markdown import count
from softrec.stats import variance_pooling
from softrec.stats.table_rows import Comparison


def described(rows: Sequence[Comparison]) -> str:
    """The comparisons as Markdown, a line each, and what the columns mean."""
    lines = ["| Data set | Backbone | Metric | SOFT against | Difference | 95 % interval | p | p (Holm) | McNemar p |"]
    lines.append("|:--|:--|:--|:--|--:|:-:|--:|--:|--:|")
    for row in rows:
        other = f"{row.other_backbone} {row.other}".strip()
        mcnemar = f"{row.mcnemar_p:.4f}" if isinstance(row.mcnemar_p, float) else "–"
        lines.append(
            f"| {row.dataset} | {row.backbone} | {row.metric} | {other} | {row.difference:+.4f} "
            f"| {row.low:+.4f} to {row.high:+.4f} | {row.p:.2g} | {row.p_holm:.2g} | {mcnemar} |"
        )
    sizes = dict.fromkeys((row.dataset, row.rows, row.users, row.seeds) for row in rows)
    counts = "; ".join(f"{name}: {n} rows of {users} users, {s} seed(s)" for name, n, users, s in sizes)
    note = (
        f"{counts or 'No comparison: SOFT did not run'}. The unit is the user. Interval and p are of one t test over "
        "users and seeds together; the interval is of its comparison alone. McNemar: one seed, one row of each user."
    )
    said = [family(rows)] if rows else []
    said += dict.fromkeys(about_seeds(row.seeds) for row in rows)
    said += [about_pooling(rows)] if any(row.seeds > 1 for row in rows) else []
    return "\n".join([*lines, "", note, "", *(f"{line}\n" for line in said)])


def family(rows: Sequence[Comparison]) -> str:
    """Which tests Holm's correction is for."""
    sets, metrics = (len({getattr(row, name) for row in rows}) for name in ("dataset", "metric"))
    return (
        f"Family of Holm's correction: all {len(rows)} lines above, which are SOFT of each backbone against every "
        f"other row of it and every row without one, on {count(sets, 'data set')}, at {count(metrics, 'metric')}. "
        "p (Holm) below 0.05 is made to mark something false in at most one of twenty such families; where SOFT's runs "
        "alone vary far more than all others', few seeds cannot show that: it is one of 17 with three, of 9 with two."
    )


def about_seeds(count: int) -> str:
    """What so many seeds can and cannot say."""
    if count == 1:
        return "One seed: intervals and p say what other users would give, not what another training run would."
    return (
        f"{count} seeds: intervals and p are about other users and other training runs. Seeds add to the variance what "
        "they vary beyond which rows a run happens to hit."
    )


def about_pooling(rows: Sequence[Comparison]) -> str:
    """What the seeds' variance is estimated from: where it is not one estimate for all methods, that is said."""
    text = "The seeds' variance is pooled over the methods of a data set and metric"
    apart = dict.fromkeys((row.dataset, row.metric) for row in rows if own(row))
    if not apart:
        return f"{text}: nothing in this run contradicts that they vary alike."
    where = ", ".join(f"{dataset} {metric}" for dataset, metric in apart)
    return f"{text}, but not for all of them where the run's seeds speak against that (column seeds_from): {where}."


def own(row: Comparison) -> bool:
    """Whether a method of a comparison keeps an estimate of its own."""
    return bool({variance_pooling.FACTOR, variance_pooling.OWN} & set(row.seeds_from.split("; ")))
