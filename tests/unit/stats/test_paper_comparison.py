"""Our cells beside the paper's: differences with the intervals of both sides."""

import pytest

from softrec.stats import paper_comparison
from softrec.stats.table_rows import IntervalRow


def cell(dataset: str, metric: str, value: float, seeds: int = 1) -> IntervalRow:
    """A cell of SFT on 1,000 rows of 1,000 users: 1 / 1000 of h as variance over users, no part of the seeds."""
    error = (value / 1000) ** 0.5
    size = (1000, 1000, seeds, error, 999.0)
    return IntervalRow("SFT", "BIGRec", dataset, metric, value, 0, 1, *size, error, 0.0, 0.0, 999.0, 0.0)


def test_ours_beside_the_papers() -> None:
    """Ours 0.030, theirs 0.020, both of one run on 1,000 rows.

    The difference of 0.010 has a standard error of sqrt((0.030 + 0.020) / 1000) = 0.00707, so that 1.96 of them hold 0;
    theirs 0.012 is 0.018 away, with 1.96 * sqrt(0.042 / 1000) = 0.0127. Our own interval alone, 1.96 sqrt(0.03 / 1000)
    = 0.0107, would leave 0.019 outside. A data set that the paper lacks and H@1 are not compared.
    """
    ours = [cell("Game", metric, 0.03) for metric in ("H@5", "H@20", "H@1")] + [cell("ML-100K", "H@5", 0.03)]
    paper = {("SFT", "BIGRec", "Game", metric): at for metric, at in (("H@5", 0.019), ("H@20", 0.012), ("H@1", 0.03))}
    rows = paper_comparison.compare(ours, paper, paper_comparison.CompareSettings(["H@5", "H@20"], 1000))
    assert [(r.metric, r.verdict) for r in rows] == [("H@5", "inside"), ("H@20", "outside")]
    assert rows[1][6:9] == pytest.approx((0.018, 0.018 - 0.01271, 0.018 + 0.01271), abs=2e-5)
    assert "1 of 2" in paper_comparison.format_comparison(rows, 5, 1000)
    assert "One seed" not in paper_comparison.format_comparison(rows, 5, 1000)
    assert "One seed cannot show" in paper_comparison.format_comparison(rows, 1, 1000)


def test_a_run_that_shares_no_cell_with_the_paper() -> None:
    """It says which data sets, or methods of a data set that both have, there are."""
    paper = {("SFT", "BIGRec", "Game", "H@5"): 0.019}
    assert "data sets are Game, those of this run ML-100K" in paper_comparison.disjoint(
        [cell("ML-100K", "H@5", 0.03)], paper
    )
    own = [cell("Game", "H@5", 0.03)._replace(method="sft")]
    assert "of Game the paper has none of BIGRec sft" in paper_comparison.disjoint(own, paper)


def test_seeds_widen_the_interval_of_ours_less_the_papers() -> None:
    """A run varies by 0.005 beyond its users.

    Our mean of four by a quarter of that variance, the paper's run by all of it: 0.005^2 (1 + 1/4) = 3.125e-5. Users:
    0.03 / 1000 for either. The root of 9.125e-5 is 0.009552. The seeds' 8 degrees of freedom are of how runs' means
    vary, with noise of 0.003: (0.005^2 + 0.003^2) (1 + 1/4) = 4.25e-5; 999 are of each of the users' parts.
    Satterthwaite: 9.125^2 / (4.25^2 / 8 + 2 * 3^2 / 999) = 36.6, whose t is 2.027.
    """
    users, run = 0.03 / 1000, 0.005
    varying = {"run_seeds": run, "run_noise": 0.003, "seeds_freedom": 8.0}
    ours = cell("Game", "H@5", 0.03, 4)._replace(error=(users + run**2 / 4) ** 0.5, **varying)
    (row,) = paper_comparison.compare(
        [ours], {("SFT", "BIGRec", "Game", "H@5"): 0.03}, paper_comparison.CompareSettings(["H@5"], 1000)
    )
    assert row.high == pytest.approx(2.027 * 0.009552, abs=1e-5)


def test_no_hits_of_ours_do_not_make_the_papers_exact() -> None:
    """None of 1,000 rows beside the paper's 0.003: 0.003 is 1.73 times sqrt(0.003 / 1000), inside; 0.005 is outside."""
    for printed, verdict in ((0.003, "inside"), (0.005, "outside")):
        paper = {("SFT", "BIGRec", "Game", "H@5"): printed}
        (row,) = paper_comparison.compare(
            [cell("Game", "H@5", 0.0)], paper, paper_comparison.CompareSettings(["H@5"], 1000)
        )
        assert row.verdict == verdict
