"""The simulated power of a run's tests, against cases with a known answer."""

from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest

from run_script import run_script
from softrec.core import seeds
from softrec.evaluation.ranking import RANK_TYPES
from softrec.io import csv_files
from softrec.io.tables import write_table
from softrec.reporting import power_table
from softrec.results.runs import Run
from softrec.stats import power, resampling, student_t, variance_components, variance_pooling
from softrec.stats.method_comparison import Tally
from softrec.stats.power import Experiments, PowerRow, PowerSettings, Seeds
from softrec.stats.variance_components import Spread

NAMES = [("SFT", "BIGRec"), ("SOFT", "BIGRec")]
ALONE = Seeds(0.0, [])  # one seed
SETTINGS = PowerSettings([Run("D", "BIGRec", "SOFT", 1)], [], ["H@5"], [1000, 8000], 42)


def noncentral(delta: float, users: int) -> float:
    """The power of a two-sided t test of a mean `delta` of `users` normal values of variance 1, at 0.05.

    P(|T| > t) = E over s of Phi(delta sqrt(n) - t s) + Phi(-delta sqrt(n) - t s), with f s^2 chi-squared and f = n - 1.
    """
    t, normal = student_t.quantile(0.95, users - 1), NormalDist()
    s = np.sqrt(np.random.default_rng(1).chisquare(users - 1, 20_000) / (users - 1))
    shift = delta * users**0.5
    return float(np.mean([normal.cdf(shift - t * one) + normal.cdf(-shift - t * one) for one in s.tolist()]))


def standard(users: int) -> np.ndarray:
    """Normal values with mean 0 and variance 1 exactly, one row per user."""
    value = np.random.default_rng(users).normal(size=users)
    return (value - value.mean()) / value.std(ddof=1)


def simulated(value: np.ndarray, drawn: int, runs: Seeds = ALONE) -> Experiments:
    """Experiments that draw users of one row each with these differences."""
    sums = power.user_sums([value], np.ones(len(value), dtype=int), drawn, seeds.stream(3, "test"))[0]
    return power.experiments(sums, float(value.mean()), drawn, runs, seeds.stream(4, "test"))


@pytest.mark.parametrize("times", [1, 4])
def test_normal_differences_have_the_power_of_a_t_test(times: int) -> None:
    """200 users, and four times as many: power at five differences, and the size of 5 % without one.

    The standard error of a share of 10,000 is at most 0.005; resampling has the variance (n - 1) / n of the users.
    """
    found, drawn = simulated(standard(200), 200 * times), 200 * times
    for delta in (0.0, 0.05, 0.1, 0.2, 0.3):
        assert found.power(delta) == pytest.approx(noncentral(delta, drawn), abs=0.02), delta
    assert found.power(0.0) == pytest.approx(0.05, abs=0.01)
    assert noncentral(found.detectable(1.0), drawn) == pytest.approx(0.8, abs=0.02)
    assert found.detectable(-1.0) == pytest.approx(-found.detectable(1.0), rel=0.05)


def test_few_differing_users_find_nothing() -> None:
    """Of 1,000 users three differ: 92 % of draws have fewer than six of them (Poisson with mean 3: 0.916)."""
    value = np.zeros(1000)
    value[:3] = 1.0
    found = simulated(value, 1000)
    assert np.isinf(found.half).mean() == pytest.approx(0.916, abs=0.01)
    assert np.isinf(found.detectable(1.0))


def test_interpolated_quantiles() -> None:
    """Against `student_t.quantile`."""
    freedom = np.exp(np.linspace(np.log(0.5), np.log(1e5), 50))
    exact = [student_t.quantile(0.95, one) for one in freedom.tolist()]
    assert power.quantiles(freedom) == pytest.approx(exact, rel=1e-5)


def made(rng: np.random.Generator, users: int) -> np.ndarray:
    """(2, 5, U) results of five seeds: users, methods, runs (0.1) and chance vary; SOFT is 0.25 better."""
    user = rng.normal(size=users) / 2
    runs = [rng.normal(size=(5, 1)) / 10 + rng.normal(size=(5, users)) * 0.7 for _ in NAMES]
    return np.stack(
        [gain + user + rng.normal(size=users) / 2 + run for gain, run in zip((0.0, 0.25), runs, strict=True)]
    )


def spread_of(value: np.ndarray, rows: np.ndarray) -> Spread:
    """How seeds vary, as a run estimates it."""
    return variance_pooling.settle({"D": variance_components.varied(value, rows)}, {"D": NAMES})["D"]


def test_seeds_are_simulated_as_they_vary(monkeypatch: pytest.MonkeyPatch) -> None:
    """The power that 30 made runs predict is on average the share of 400 others that the project's test finds.

    Five seeds whose runs differ by 0.1, one method 0.25 better: about 0.75 are found. Both shares have a standard
    error of about 0.02.
    """
    monkeypatch.setattr(power, "EXPERIMENTS", 500)
    rng, rows = np.random.default_rng(7), np.ones(200, dtype=int)
    found = []
    for _ in range(400):
        value = made(rng, 200)
        of = variance_components.estimate(value[1] - value[0], rows, spread_of(value, rows), [1, 0])
        found.append(resampling.p_value(of, 200) < 0.05)
    predicted, none = [], []
    for _ in range(30):
        value = made(rng, 200)
        apart = value[1] - value[0]
        sums = power.user_sums([apart.mean(axis=0)], rows, 200, rng)[0]
        runs = power.seeds_of(spread_of(value, rows), (1, 0), 1.0)
        simulation = power.experiments(sums, float(apart.mean()), 200, runs, rng)
        predicted.append(simulation.power(0.25))
        none.append(simulation.power(0.0))
    assert np.mean(predicted) == pytest.approx(np.mean(found), abs=0.07)
    assert np.mean(none) == pytest.approx(0.05, abs=0.02)


def test_seeds_in_more_rows_by_hand() -> None:
    """Noise 0.04 and ratio 3 with 2 seeds: runs truly add 2 x 0.04 / 2 = 0.04 for each of two methods, at any size.

    With four times the rows noise / S is 0.02 / 4 = 0.005, and 1 + 0.04 / 0.005 = 9 is the ratio.
    """
    spread = Spread(2, np.array([0.04, 0.04]), np.array([3.0, 3.0]), np.array([2.0, 2.0]), ("pooled", "pooled"))
    true, parts = power.seeds_of(spread, (0, 1), 4.0)
    assert true == pytest.approx(0.08)
    ((freedom, methods),) = parts
    assert freedom == 2
    assert [number for method in methods for number in method] == pytest.approx([9, 0.005, 9, 0.005])


def tally(names: list[tuple[str, str]], users: int = 300) -> dict[str, Tally]:
    """One seed of hits, by method with its own share of hits."""
    value = np.stack([np.random.default_rng(at).random((1, users)) < 0.05 * (1 + at) for at in range(len(names))])
    none = np.zeros(len(names))
    spread = Spread(1, none, none, none, ("none",) * len(names))
    return {"D": Tally(names, {"H@5": value.astype(float)}, np.ones(users, dtype=int), {"H@5": spread})}


def test_a_comparison_does_not_depend_on_the_others() -> None:
    """SOFT is method 0, so that its hits are the same with two rivals and with one; twice gives the same bits."""
    names = [("SOFT", "BIGRec"), ("SFT", "BIGRec"), ("SASRec", "")]
    three, two = power.measure(tally(names), SETTINGS), power.measure(tally(names[:2]), SETTINGS)
    assert [row for row in three if row.other == "SFT"] == two == power.measure(tally(names[:2]), SETTINGS)
    assert [(row.other, row.rows) for row in three] == [
        (name, n) for name in ("SFT", "SASRec") for n in (300, 1000, 8000)
    ]


def test_the_page_says_what_the_rows_say() -> None:
    """A sentence for each comparison within a backbone at the first metric, a line for each comparison."""
    own = PowerRow("D", "BIGRec", "H@5", "SFT", "BIGRec", 0.008, 400, 94, 20, 2, 400, 0.05, 0.031)
    few = own._replace(other="SDPO", difference=0.0, differing=1, power="", detectable="")
    rows = [one._replace(rows=n, power=share and one.power and share) for one in (own, few) for n, share in SHARES]
    page = power_table.format_power(rows, [1000, 8000])
    assert (
        "- D, BIGRec SOFT against SFT: with 400 rows, 5% of experiments find a difference of +0.0080 in H@5; "
        "with 1,000 rows, 12%; with 8,000 rows, 80%.\n"
    ) in page
    assert "- D, BIGRec SOFT against SDPO: 1 user differs in H@5, too few to say.\n" in page
    assert "| D | BIGRec | H@5 | BIGRec SFT | +0.0080 | 400 | +0.0310 | 5% | 12% | 80% |\n" in page
    assert "| D | BIGRec | H@5 | BIGRec SDPO | +0.0000 | 400 | – | – | – | – |\n" in page
    assert "1 line has no numbers" in page
    assert power_table.format_power([], [1000]) == "No comparison: SOFT did not run.\n"


SHARES = ((400, 0.05), (1000, 0.12), (8000, 0.8))


def test_the_script_writes_both_tables(tmp_path: Path) -> None:
    """60 rows of 30 users: SOFT hits every second row, SFT every third, and one seed is enough."""
    cells = [{"method": m, "backbone": "BIGRec", "dataset": "Game", "seed": 1} for m in ("SFT", "SOFT")]
    settings = {"cells": cells[1:], "choices": [], "metrics": ["H@5"], "rows": [60, 600], "seed": 1}
    ranks = {"row": range(60), "target": [1] * 60, "candidates": [9] * 60, "ties": [0] * 60, "paper": [True] * 60}
    users, hits = [1 + i // 2 for i in range(60)], [0 if i % 2 else 8 for i in range(60)]
    write_table(tmp_path / "ranks", {**ranks, "user": users, "rank": hits}, RANK_TYPES)
    flags = {f"--{name}": tmp_path / name for name in ("ranks", "csv", "markdown")}
    done = run_script("measure_power.py", settings, flags)
    assert done.returncode == 0, done.stderr
    assert list(csv_files.read_csv(tmp_path / "csv", PowerRow._fields)) == []
    done = run_script("measure_power.py", {**settings, "cells": cells}, flags)
    assert done.returncode == 1
    assert "1 ranks files are given for 2 cells" in done.stderr
