"""From ranks to tests, and from tests to marks."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from common.errors import SoftrecError
from softrec.evaluation.ranking import RANK_TYPES
from softrec.io import csv_files
from softrec.io.choice_file import Setting
from softrec.io.tables import write_table
from softrec.reporting import gain_marks, table2
from softrec.reporting.means import average
from softrec.reporting.summary import comparisons
from softrec.results.long_table import LongRow
from softrec.results.runs import Run
from softrec.stats import method_comparison
from softrec.stats.method_comparison import Key, Ranked, SignificanceSettings
from softrec.stats.resampling import Resampling
from softrec.stats.table_rows import Comparison, IntervalRow

RUNS = [
    Run("D", "BIGRec", "SFT", 1),
    Run("D", "BIGRec", "SFT", 2),
    Run("D", "BIGRec", "SOFT", 1, "alpha=1"),
    Run("D", "BIGRec", "SOFT", 2, "alpha=1"),
    Run("D", "BIGRec", "SOFT", 1, "alpha=10"),
    Run("D", "BIGRec", "SOFT", 2, "alpha=10"),
]
ROW = Run("D", "BIGRec", "SOFT")
SELECTED = {ROW: Setting("alpha", 10.0)}
SETTINGS = SignificanceSettings(RUNS, [ROW], ["H@5", "NG@5"], 1, Resampling(500, 3))
USERS = np.repeat(np.arange(1, 21), 2)
PAPER = USERS > 5


def write_rows(path: Path, user: Sequence[int], rank: Sequence[int], paper: Sequence[bool]) -> None:
    """A file of ranks among 1,000 candidates, without ties."""
    rows = len(user)
    others = {"row": range(rows), "target": [1] * rows, "candidates": [1000] * rows, "ties": [0] * rows}
    write_table(path, {**others, "user": user, "rank": rank, "paper": paper}, RANK_TYPES)


def write_ranks(folder: Path, ranks: list[int]) -> list[Path]:
    """For each run a file of 40 rows of 20 users, all of the given rank."""
    paths = [folder / f"{i}.parquet" for i in range(len(ranks))]
    for path, rank in zip(paths, ranks, strict=True):
        write_rows(path, USERS, [rank] * 40, PAPER)
    return paths


def comparisons_of(ranked: dict[Key, Ranked], settings: SignificanceSettings = SETTINGS) -> list[Comparison]:
    """Every comparison."""
    return method_comparison.tests(ranked, method_comparison.tallied(ranked, settings.metrics), settings)


def intervals_of(ranked: dict[Key, Ranked]) -> list[IntervalRow]:
    """Every cell."""
    return method_comparison.intervals(ranked, method_comparison.tallied(ranked, SETTINGS.metrics), SETTINGS)


def test_the_chosen_setting_is_tested_against_the_others(tmp_path: Path) -> None:
    """SFT ranks 9th (no hit at 5), SOFT with alpha 10 first.

    The difference is 1, its interval [1, 1], and p the least that 20 users can show: 2^-19, after Holm for two tests
    2^-18. McNemar: 20 users.
    """
    ranked = method_comparison.read_ranked(RUNS, write_ranks(tmp_path, [9, 9, 9, 9, 0, 0]), SELECTED)
    assert ranked["D", "SOFT", "BIGRec"].seeds == [1, 2]
    hits, gains = comparisons_of(ranked)
    assert hits[:9] == ("D", "BIGRec", "H@5", "SFT", "BIGRec", 1.0, 1.0, 1.0, 2.0**-19)
    assert hits.p_holm == 2.0**-18
    assert (hits.rows, hits.users, hits.seeds) == (40, 20, 2)
    assert hits[-3:] == (20, 0, 2 / 2**20)
    assert gains[-3:] == ("", "", "")
    cells = intervals_of(ranked)
    assert cells[0][:10] == ("SFT", "BIGRec", "D", "H@5", 0.0, 0.0, 0.0, 40, 20, 2)
    told = comparisons.format_comparisons([hits, gains])
    assert "40 rows of 20 users, 2 seed(s)" in told
    assert "Family of Holm's correction: all 2 lines above" in told
    assert "on 1 data set, at 2 metrics" in told
    assert told.startswith("Each line is SOFT minus another method")
    assert "2 of 2 differences are beyond noise" in told
    assert "SOFT is better in 2, worse in 0. No difference is left" in told


def test_what_seeds_can_say() -> None:
    """One says nothing of others, five do; data sets with as many seeds share the sentence.

    Where an estimate is a method's own it is said, with the data set and metric.
    """
    assert comparisons.about_seeds(1).startswith("One seed: intervals and p cover variation between users only")
    assert "between users and between training runs" in comparisons.about_seeds(5)
    two = [row("SFT", "H@5", 0.5), row("SFT", "H@5", 0.5)._replace(dataset="E")]
    told = comparisons.format_comparisons(two)
    assert told.count("One seed:") == 1
    assert "pooled" not in told
    five = [one._replace(seeds=5, seeds_from="pooled") for one in two]
    assert "nothing in this run contradicts" in comparisons.format_comparisons(five)
    five[1] = five[1]._replace(seeds_from="pooled; own")
    assert comparisons.format_comparisons(five).rstrip().endswith("(column seeds_from): E H@5.")


def test_the_papers_rows_alone(tmp_path: Path) -> None:
    """Users 6 to 20 are the paper's, 30 rows.

    SOFT hits for users 1 to 5 alone, so its H@5 is 10/40 over all rows and 0 over the paper's.
    """
    paths = write_ranks(tmp_path, [9] * 6)
    for path in paths[4:]:
        write_rows(path, USERS, np.where(PAPER, 9, 0), PAPER)
    ranked = method_comparison.read_ranked(RUNS, paths, SELECTED)
    for found, value, size in ((ranked, 0.25, (40, 20, 2)), (method_comparison.of_paper(ranked), 0.0, (30, 15, 2))):
        soft = next(cell for cell in intervals_of(found) if cell.method == "SOFT")
        assert soft.value == value
        assert (soft.rows, soft.users, soft.seeds) == size


def test_ranks_without_the_papers_rows_are_refused(tmp_path: Path) -> None:
    """A file from before there was such a column, one whose rows are all others, and one without rows."""
    paths = write_ranks(tmp_path, [9] * 6)
    types = {name: kind for name, kind in RANK_TYPES.items() if name != "paper"}
    write_table(paths[0], {name: [9] * 40 for name in types}, types)
    with pytest.raises(SoftrecError, match=r"0\.parquet has no column 'paper'"):
        method_comparison.read_ranked(RUNS[:1], paths[:1], {})
    write_rows(paths[0], USERS, [9] * 40, [False] * 40)
    with pytest.raises(SoftrecError, match="no test row of D is of the paper's sample"):
        method_comparison.of_paper(method_comparison.read_ranked(RUNS[:1], paths[:1], {}))
    write_rows(paths[0], [], [], [])
    with pytest.raises(SoftrecError, match="has no rows"):
        method_comparison.read_ranked(RUNS[:1], paths[:1], {})


def test_runs_on_other_rows_are_refused(tmp_path: Path) -> None:
    """Paired tests need the same rows in the same order."""
    paths = write_ranks(tmp_path, [9, 9, 9, 9, 0, 0])
    write_rows(paths[1], USERS[::-1], [1] * 40, PAPER)
    with pytest.raises(SoftrecError, match=r"1\.parquet and .*0\.parquet do not rank the same rows"):
        method_comparison.read_ranked(RUNS, paths, SELECTED)


def test_methods_with_other_seeds_are_refused(tmp_path: Path) -> None:
    """SOFT with seeds 1 and 3, SFT with 1 and 2."""
    runs = [*RUNS[:5], replace(RUNS[5], seed=3)]
    ranked = method_comparison.read_ranked(runs, write_ranks(tmp_path, [9, 9, 9, 9, 0, 0]), SELECTED)
    with pytest.raises(SoftrecError, match="ran with seeds"):
        comparisons_of(ranked)


def test_without_soft_there_is_no_comparison(tmp_path: Path) -> None:
    """The file says so instead of staying empty."""
    ranked = method_comparison.read_ranked(RUNS[:2], write_ranks(tmp_path, [9, 9]), {})
    assert comparisons_of(ranked) == []
    assert "No comparison: SOFT did not run" in comparisons.format_comparisons([])


def row(other: str, metric: str, p: float, low: float = 0.05) -> Comparison:
    """A test of SOFT against `other` on D: a difference of 0.1, at least `low`."""
    of = (0.1, low, 0.2, p, p, 40, 20, 1, 0.03, 19.0, "none")
    return Comparison("D", "BIGRec", metric, other, "BIGRec", *of, 1, 0, 1.0)


def test_a_gain_is_marked_by_the_test_against_its_own_rival(tmp_path: Path) -> None:
    """On H@5 SDPO is the better of the two: its p of 0.01 counts, not the 0.5 of SFT; on NG@5 SFT with 0.2."""
    values = {"SFT": (0.1, 0.3), "SDPO": (0.2, 0.2), "SOFT": (0.4, 0.4)}
    long = [LongRow(m, "BIGRec", "D", k, 1, v[i]) for m, v in values.items() for i, k in enumerate(("H@5", "NG@5"))]
    means = average(long)
    tests = [row("SFT", "H@5", 0.5), row("SDPO", "H@5", 0.01), row("SFT", "NG@5", 0.2), row("SDPO", "NG@5", 0.01)]
    csv_files.write_text(tmp_path / "tests.csv", csv_files.csv_text([Comparison._fields, *tests]))
    marked, sentence = gain_marks.beyond_noise(tmp_path / "tests.csv", means)
    assert marked == {("SOFT", "BIGRec", "D", "H@5")}
    assert "† marks a Gain beyond noise" in sentence
    assert "40 rows of 20 users" in sentence
    shape = table2.Table2Settings(table2.shape_of(long).rows, ["D"], ["H@5", "NG@5"])
    gains = table2.table2(means, shape, marked).sections[0].rows[-1]
    assert [cell.mark for cell in gains.cells[0]] == ["†", ""]


@pytest.mark.parametrize(("luck", "beyond"), [(0, True), (12, False)])
def test_a_difference_that_other_seeds_would_turn_is_noise(tmp_path: Path, luck: int, beyond: bool) -> None:
    """400 users, five seeds.

    SFT hits a fifth of them, SOFT 25 more in each of seeds 1 to 5 where all runs are as good; else 25 + 12 * (-2, -1,
    0, 1, 2) more: the same mean, but single runs differ by half of what is gained, and SFT's the other way.
    """
    rng, paths = np.random.default_rng(3), []
    runs = [Run("D", "BIGRec", m, seed) for m in ("SFT", "SOFT") for seed in range(1, 6)]
    for run in runs:
        more = luck * (run.seed - 3)
        hits = 80 + 25 + more if run.method == "SOFT" else 80 - more
        rank = np.full(400, 9)
        rank[rng.permutation(400)[:hits]] = 0
        paths.append(tmp_path / f"{run.method}{run.seed}.parquet")
        write_rows(paths[-1], range(1, 401), rank, [True] * 400)
    settings = SignificanceSettings(runs, [], ["H@5"], 1, Resampling(100, 3))
    found = comparisons_of(method_comparison.read_ranked(runs, paths, {}), settings)
    csv_files.write_text(tmp_path / "tests.csv", csv_files.csv_text([Comparison._fields, *found]))
    long = [LongRow(m, "BIGRec", "D", "H@5", 1, v) for m, v in {"SFT": 0.2, "SOFT": 0.2625}.items()]
    marked, sentence = gain_marks.beyond_noise(tmp_path / "tests.csv", average(long))
    assert bool(marked) == beyond == (found[0].low > 0)
    assert sentence.startswith("† marks a Gain" if beyond else "No Gain is beyond noise")
    assert "(p < 0.05 over users and seeds together, Holm-corrected for 1 test; 400 rows of 400 users)" in sentence
