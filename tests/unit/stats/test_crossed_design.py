"""Variance components of crossed seeds and samples: by hand, and intervals on made results with known components."""

from pathlib import Path

import numpy as np
import pytest

from common.errors import SoftrecError
from run_script import run_script
from softrec.evaluation.ranking import RANK_TYPES
from softrec.io import csv_files
from softrec.io.tables import write_table
from softrec.reporting import variance_table
from softrec.results.runs import Run
from softrec.stats import crossed_design
from softrec.stats.crossed_design import (
    BOTH,
    CHANCE,
    SAMPLE,
    SEED,
    SOURCES,
    USER_SAMPLE,
    USERS,
    ComponentRow,
    VarianceSettings,
)
from softrec.stats.method_comparison import Ranked

TRUE = {"u": 1.0, "s": 0.01, "t": 0.02, "st": 0.005, "us": 0.2, "ut": 0.3, "rest": 0.5}
COUNT = 200  # users


def made(rng: np.random.Generator, seeds: int = 3, samples: int = 3) -> np.ndarray:
    """(A, B, U) results with the components TRUE, all normal."""
    shapes = {
        "u": (1, 1, COUNT),
        "s": (seeds, 1, 1),
        "t": (1, samples, 1),
        "st": (seeds, samples, 1),
        "us": (seeds, 1, COUNT),
        "ut": (1, samples, COUNT),
        "rest": (seeds, samples, COUNT),
    }
    found = np.zeros((seeds, samples, COUNT))
    for name, shape in shapes.items():
        found = found + TRUE[name] ** 0.5 * rng.normal(size=shape)
    return found


def estimates(value: np.ndarray, rows: np.ndarray | None = None) -> dict[str, float]:
    """The variance of each source."""
    rows = np.ones(value.shape[-1], dtype=int) if rows is None else rows
    found = crossed_design.analyse(value, rows, np.random.default_rng(1))
    return {name: variance for name, (variance, _, _) in found.items()}


@pytest.mark.parametrize(("source", "effect"), [(USERS, (1, 1, 4)), (SEED, (3, 1, 1)), (SAMPLE, (1, 3, 1))])
def test_a_single_effect_is_its_own_component(source: str, effect: tuple[int, int, int]) -> None:
    """Values 1, 2, ... of one factor alone: the variance of 1, 2, 3 is 1; of four users 5/3, over four users 5/12."""
    value = np.broadcast_to(np.arange(1.0, 1 + max(effect)).reshape(effect), (3, 3, 4))
    found = estimates(value)
    assert found == pytest.approx({**dict.fromkeys(SOURCES, 0.0), source: 5 / 12 if source == USERS else 1.0})


def test_an_interaction_is_seed_x_sample() -> None:
    """The table [[1, -1], [-1, 1]] has no main effect and a mean square of 4 per user: 4 is its component.

    The main effects are estimated as 0 - 4 over two levels, -2 each: a method of moments may be negative.
    """
    value = np.array([[1.0, -1.0], [-1.0, 1.0]])[:, :, None] * np.ones(5)
    assert estimates(value) == pytest.approx({USERS: 0, SEED: -2, SAMPLE: -2, BOTH: 4, USER_SAMPLE: 0, CHANCE: 0})


def test_users_that_a_sample_suits_are_no_chance() -> None:
    """The table [[1, -1], [-1, 1]] of samples and users, the same for each of three seeds: 4, over two users 2.

    Other seeds do not change it, so that it is no chance of a run; main effects are 0 - 4 over two levels, and the
    users' part -2 again over two users.
    """
    value = np.ones(3)[:, None, None] * np.array([[1.0, -1.0], [-1.0, 1.0]])
    assert estimates(value) == pytest.approx({USERS: -1, SEED: 0, SAMPLE: -2, BOTH: 0, USER_SAMPLE: 2, CHANCE: 0})


def test_users_count_by_their_rows() -> None:
    """A hit for each row of every user is 1 with any numbers of rows: nothing varies."""
    rows = np.array([1, 2, 7])
    assert estimates(np.broadcast_to(rows, (2, 2, 3)).astype(float), rows) == pytest.approx(dict.fromkeys(SOURCES, 0.0))


def test_no_deviation_is_larger_than_that_of_shares() -> None:
    """Two seeds with 0 and 1: the interval of one degree of freedom would go on to 22, and a share's ends at 0.5."""
    value = np.stack([np.zeros((2, 3)), np.ones((2, 3))])
    for name, most in (("", 0.5), ("SFT", 1.0)):
        rows = crossed_design.rows_of(["A", "B"], ("BIGRec", "SOFT", name), "H@5", value, np.ones(3, dtype=int), 1)
        assert {row.source: row.high for row in rows}[SEED] == most


def test_known_components_are_estimated_and_covered(monkeypatch: pytest.MonkeyPatch) -> None:
    """300 made designs of 3 x 3: the mean of each estimate, and the share of intervals that contain the truth.

    The variance of an estimate with two degrees of freedom is its square, so the mean of 300 has a standard error of
    about 6 %; the share of 0.95 one of 0.013.
    """
    monkeypatch.setattr(crossed_design, "DRAWS", 1000)
    true = {USERS: TRUE["u"] / COUNT, SEED: TRUE["s"], SAMPLE: TRUE["t"], BOTH: TRUE["st"]}
    true |= {USER_SAMPLE: TRUE["ut"] / COUNT, CHANCE: (TRUE["us"] + TRUE["rest"]) / COUNT}
    rng, rows = np.random.default_rng(3), np.ones(COUNT, dtype=int)
    found = [crossed_design.analyse(made(rng), rows, rng) for _ in range(300)]
    for name, variance in true.items():
        assert np.mean([one[name][0] for one in found]) == pytest.approx(variance, rel=0.25), name
        inside = np.mean([one[name][1] <= variance <= one[name][2] for one in found])
        assert inside == pytest.approx(0.95, abs=0.04), name


def ranked(user: list[int], seeds: list[int] = [1, 2]) -> Ranked:  # noqa: B006
    """Runs that hit nothing."""
    return Ranked(seeds, np.full((len(seeds), len(user)), 9), np.array(user), np.ones(len(user), dtype=bool))


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (ranked([1, 2, 4]), "not tested on the same rows"),
        (ranked([1, 2, 3], [1, 3]), "did not run with the same seeds"),
        (None, "did not run with the same seeds"),
    ],
)
def test_runs_that_are_not_crossed_are_refused(other: Ranked | None, said: str) -> None:
    """Other rows, other seeds, or a sample without runs."""
    found = {("A", "SFT", "BIGRec"): ranked([1, 2, 3])} | ({("B", "SFT", "BIGRec"): other} if other else {})
    with pytest.raises(SoftrecError, match=said):
        crossed_design.measure(found, VarianceSettings(metrics=["H@5"], groups=[["A", "B"]]))


def test_the_page_says_what_five_seeds_leave_out() -> None:
    """Variances 4, 1 and 5 of seed, pair and chance: sqrt(10 / 5) = 1.4142 for a mean of five. The sample has 9.

    The 16 of users and sample do not count: all five seeds have the same sample.
    """
    variances = {USERS: 49.0, SEED: 4.0, SAMPLE: 9.0, BOTH: 1.0, USER_SAMPLE: 16.0, CHANCE: 5.0}
    size = ("A, B", "BIGRec", "SOFT", "SFT", "H@5", 0.5, 3, 3, 800, 400)
    rows = [ComponentRow(*size, name, v, v**0.5, v**0.5 / 2, 2 * v**0.5) for name, v in variances.items()]
    page = variance_table.format_variance(rows)
    assert "leaves their mean a standard deviation of 1.4142. They leave out another sample of training rows" in page
    assert "which adds one of 3.0000 (1.5000 to 6.0000) whatever the number of seeds" in page
    assert "Test users add 7.0000 (3.5000 to 14.0000), and users x sample 4.0000 (2.0000 to 8.0000)" in page
    line = "| A, B | BIGRec | SOFT minus SFT | H@5 | 0.5000 | 7.0000 (3.5000 to 14.0000) | 2.0000 (1.0000 to 4.0000) |"
    assert line in page
    assert "A, B: 3 seeds x 3 samples, 800 test rows of 400 users." in page


def test_the_script_refuses_what_is_not_crossed(tmp_path: Path) -> None:
    """One run on one of two samples: a sentence, status 1, no output; without groups nothing is asked of it."""
    columns = {"row": range(4), "target": [1] * 4, "candidates": [99] * 4, "ties": [0] * 4, "paper": [True] * 4}
    write_table(tmp_path / "ranks", {**columns, "user": [1, 1, 2, 3], "rank": [0, 9, 0, 9]}, RANK_TYPES)
    cell = vars(Run("A", "BIGRec", "SFT", 1))
    settings = {"cells": [cell], "choices": [], "metrics": ["H@5"], "groups": [["A", "B"]], "seed": 1}
    flags = {f"--{name}": tmp_path / name for name in ("ranks", "csv", "markdown")}
    done = run_script("measure_variance.py", settings, flags)
    assert done.returncode == 1
    assert "SFT BIGRec did not run with the same seeds on all of A, B" in done.stderr
    assert not (tmp_path / "csv").exists()
    assert run_script("measure_variance.py", {**settings, "groups": []}, flags).returncode == 0
    assert list(csv_files.read_csv(tmp_path / "csv", ComponentRow._fields)) == []
