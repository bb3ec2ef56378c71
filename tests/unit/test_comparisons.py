"""From ranks to tests, from tests to marks, and ours beside the paper's."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from softrec import compare, comparisons, csvfiles, noise, tables
from softrec.choice_files import Setting
from softrec.collect import Run
from softrec.comparisons import Comparison, IntervalRow, SignificanceSettings
from softrec.errors import SoftrecError
from softrec.files import write_table
from softrec.results import LongRow
from softrec.significance import Resampling

RUNS = [
    Run("SFT", "BIGRec", "D", 1, None, None),
    Run("SFT", "BIGRec", "D", 2, None, None),
    Run("SOFT", "BIGRec", "D", 1, Setting("alpha", 1.0), 0),
    Run("SOFT", "BIGRec", "D", 2, Setting("alpha", 1.0), 0),
    Run("SOFT", "BIGRec", "D", 1, Setting("alpha", 10.0), 0),
    Run("SOFT", "BIGRec", "D", 2, Setting("alpha", 10.0), 0),
]
SETTINGS = SignificanceSettings(RUNS, ["H@5", "NG@5"], 1, Resampling(500, 3))
USERS = np.repeat(np.arange(1, 21), 2)


def write_ranks(folder: Path, ranks: list[int]) -> list[Path]:
    """For each run a file of 40 rows of 20 users, all of the given rank."""
    paths = [folder / f"{i}.parquet" for i in range(len(ranks))]
    for path, rank in zip(paths, ranks, strict=True):
        write_table(path, {"user": USERS, "rank": [rank] * 40}, {"user": "int32", "rank": "int32"})
    return paths


def test_the_chosen_setting_is_tested_against_the_others(tmp_path: Path) -> None:
    """SFT ranks 9th (no hit at 5), SOFT with alpha 10 first: the difference is 1, its interval [1, 1], and of 500
    permutations of 20 users none reaches it: p = 1/501, and 2/501 after Holm for two tests. McNemar: 20 users."""
    ranked = comparisons.read_ranked(RUNS, write_ranks(tmp_path, [9, 9, 9, 9, 0, 0]), [Setting("alpha", 10.0)])
    assert ranked["D", "SOFT", "BIGRec"].seeds == [1, 2]
    hits, gains = comparisons.tests(ranked, SETTINGS)
    assert hits[:9] == ("D", "BIGRec", "H@5", "SFT", "BIGRec", 1.0, 1.0, 1.0, 1 / 501)
    assert hits.p_holm == pytest.approx(2 / 501)
    assert (hits.rows, hits.users, hits.seeds) == (40, 20, 2)
    assert hits[-3:] == (20, 0, 2 / 2**20)
    assert gains[-3:] == ("", "", "")
    cells = comparisons.intervals(ranked, SETTINGS)
    assert cells[0] == IntervalRow("SFT", "BIGRec", "D", "H@5", 0.0, 0.0, 0.0, 40, 20, 2)
    assert "40 rows of 20 users, 2 seed(s)" in comparisons.described([hits, gains])
    assert "Two seeds can show that runs agree" in comparisons.described([hits, gains])


def test_what_seeds_can_say() -> None:
    """One says nothing of others; the mean of five has a t with four degrees of freedom; data sets with as many seeds
    share the sentence."""
    assert comparisons.about_seeds(1).startswith("One seed: intervals and p say what other users would give, not")
    assert "Student's t with 4 degrees of freedom. p is about" in comparisons.about_seeds(5)
    two = [row("SFT", "H@5", 0.5), row("SFT", "H@5", 0.5)._replace(dataset="E")]
    assert comparisons.described(two).count("One seed:") == 1


def test_an_interval_stays_within_what_is_possible(tmp_path: Path) -> None:
    """Seed 1 hits always, seed 2 never: 0.5 + 12.7 * 0.5 would be 6.9; a hit ratio ends at 0 and 1, a difference at
    -1 and 1."""
    ranked = comparisons.read_ranked(RUNS, write_ranks(tmp_path, [9, 9, 9, 9, 0, 9]), [Setting("alpha", 10.0)])
    soft = next(cell for cell in comparisons.intervals(ranked, SETTINGS) if cell.method == "SOFT")
    assert (soft.value, soft.low, soft.high) == (0.5, 0.0, 1.0)
    hits = comparisons.tests(ranked, SETTINGS)[0]
    assert (hits.difference, hits.low, hits.high) == (0.5, -1.0, 1.0)


def test_runs_on_other_rows_are_refused(tmp_path: Path) -> None:
    """Paired tests need the same rows in the same order."""
    paths = write_ranks(tmp_path, [9, 9, 9, 9, 0, 0])
    write_table(paths[1], {"user": USERS[::-1], "rank": [1] * 40}, {"user": "int32", "rank": "int32"})
    with pytest.raises(SoftrecError, match=r"1\.parquet and .*0\.parquet do not rank the same rows"):
        comparisons.read_ranked(RUNS, paths, [Setting("alpha", 10.0)])


def test_methods_with_other_seeds_are_refused(tmp_path: Path) -> None:
    """SOFT with seeds 1 and 3, SFT with 1 and 2."""
    runs = [*RUNS[:5], replace(RUNS[5], seed=3)]
    ranked = comparisons.read_ranked(runs, write_ranks(tmp_path, [9, 9, 9, 9, 0, 0]), [Setting("alpha", 10.0)])
    with pytest.raises(SoftrecError, match="ran with seeds"):
        comparisons.tests(ranked, SETTINGS)


def test_without_soft_there_is_no_comparison(tmp_path: Path) -> None:
    """The file says so instead of staying empty."""
    ranked = comparisons.read_ranked(RUNS[:2], write_ranks(tmp_path, [9, 9]), [])
    assert comparisons.tests(ranked, SETTINGS) == []
    assert "No comparison: SOFT did not run" in comparisons.described([])


def row(other: str, metric: str, p: float, low: float = 0.05) -> Comparison:
    """A test of SOFT against `other` on D: a difference of 0.1, at least `low`."""
    return Comparison("D", "BIGRec", metric, other, "BIGRec", 0.1, low, 0.2, p, p, 40, 20, 1, 1, 0, 1.0)


def test_a_gain_is_marked_by_the_test_against_its_own_rival(tmp_path: Path) -> None:
    """On H@5 SDPO is the better of the two: its p of 0.01 counts, not the 0.5 of SFT; on NG@5 SFT with 0.2."""
    values = {"SFT": (0.1, 0.3), "SDPO": (0.2, 0.2), "SOFT": (0.4, 0.4)}
    long = [LongRow(m, "BIGRec", "D", k, 1, v[i]) for m, v in values.items() for i, k in enumerate(("H@5", "NG@5"))]
    means = tables.average(long)
    tests = [row("SFT", "H@5", 0.5), row("SDPO", "H@5", 0.01), row("SFT", "NG@5", 0.2), row("SDPO", "NG@5", 0.01)]
    csvfiles.write_text(tmp_path / "tests.csv", csvfiles.csv_text([Comparison._fields, *tests]))
    marked, sentence = noise.beyond_noise(tmp_path / "tests.csv", means)
    assert marked == {("SOFT", "BIGRec", "D", "H@5")}
    assert "† marks a Gain beyond noise" in sentence and "40 rows of 20 users" in sentence
    shape = tables.Table2Settings(tables.shape_of(long).rows, ["D"], ["H@5", "NG@5"])
    gains = tables.table2(means, shape, marked).sections[0].rows[-1]
    assert [cell.mark for cell in gains.cells[0]] == ["†", ""]


@pytest.mark.parametrize(("low", "beyond"), [(0.001, True), (0.0, False), (-0.3, False)])
def test_a_gain_within_the_interval_of_seeds_is_noise(tmp_path: Path, low: float, beyond: bool) -> None:
    """Users alone say p = 0.01; if other seeds could make it nothing or a loss, it is not marked."""
    long = [LongRow(m, "BIGRec", "D", "H@5", seed, v) for m, v in {"SFT": 0.1, "SOFT": 0.2}.items() for seed in (1, 2)]
    csvfiles.write_text(tmp_path / "tests.csv", csvfiles.csv_text([Comparison._fields, row("SFT", "H@5", 0.01, low)]))
    marked, sentence = noise.beyond_noise(tmp_path / "tests.csv", tables.average(long))
    assert bool(marked) == beyond
    assert sentence.startswith("† marks a Gain" if beyond else "No Gain is beyond noise")


def test_ours_beside_the_papers() -> None:
    """0.03 lies in [0.02, 0.04], 0.05 does not; a data set that the paper lacks and H@1 are not compared."""
    ours = [
        IntervalRow("SFT", "BIGRec", "Game", "H@5", 0.031, 0.02, 0.04, 1000, 500, 5),
        IntervalRow("SFT", "BIGRec", "Game", "H@20", 0.031, 0.02, 0.04, 1000, 500, 5),
        IntervalRow("SFT", "BIGRec", "Game", "H@1", 0.031, 0.02, 0.04, 1000, 500, 5),
        IntervalRow("SFT", "BIGRec", "ML-100K", "H@5", 0.031, 0.02, 0.04, 1000, 500, 5),
    ]
    paper = {("SFT", "BIGRec", "Game", "H@5"): 0.03, ("SFT", "BIGRec", "Game", "H@20"): 0.05}
    paper["SFT", "BIGRec", "Game", "H@1"] = 0.03
    rows = compare.compare(ours, paper, compare.CompareSettings(["H@5", "H@20"]))
    assert [(r.metric, r.verdict) for r in rows] == [("H@5", "inside"), ("H@20", "outside")]
    assert "1 of 2" in compare.described(rows)
    assert "nothing to compare" in compare.described([])
