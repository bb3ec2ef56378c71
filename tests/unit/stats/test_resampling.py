"""Intervals and tests whose unit is the user: by hand where they can be counted, by simulation where they cannot."""

import math

import numpy as np
import pytest

from softrec.stats import resampling, variance_components
from softrec.stats.resampling import Resampling
from softrec.stats.variance_components import Estimate

HOW = Resampling(2000, 7)


def test_row_values() -> None:
    """Ranks 0, 4, 5: within 5 are the first two; 1 / log2(2) = 1 and 1 / log2(6)."""
    rank = np.array([[0, 4, 5]])
    assert resampling.row_values(rank, "H@5").tolist() == [[1, 1, 0]]
    assert resampling.row_values(rank, "NG@5")[0].tolist() == pytest.approx([1, 1 / math.log2(6), 0])


def test_values_by_user() -> None:
    """User 7 has rows 0 and 2, user 9 row 1. Seeds give 1, 0, 1 and 0, 1, 1: sums (2, 0) and (1, 1)."""
    sums = resampling.by_user(np.array([[1.0, 0, 1], [0, 1, 1]]), np.array([7, 9, 7]))
    assert sums.value.tolist() == [[2, 0], [1, 1]]
    assert sums.rows.tolist() == [2, 1]


def resampled(value: np.ndarray, rows: np.ndarray, how: Resampling = HOW) -> np.ndarray:
    """(B,) means of one metric of one cell."""
    return resampling.bootstrap([value[:, None]], rows, how, "D")[0][:, 0]


def test_bootstrap_of_two_users_by_hand() -> None:
    """User A: 1 row, hit. User B: 3 rows, none. Draws AA, AB, BA, BB are equally likely: 2/2, 1/4, 1/4, 0/6."""
    values, counts = np.unique(
        resampled(np.array([1.0, 0.0]), np.array([1, 3]), Resampling(4000, 3)), return_counts=True
    )
    assert values.tolist() == pytest.approx([0, 0.25, 1])
    # Standard deviation of a share of 4,000 draws: sqrt(0.25 * 0.75 / 4000) = 0.007; five of them are 0.035.
    assert (counts / 4000).tolist() == pytest.approx([0.25, 0.5, 0.25], abs=0.035)


def test_a_cell_is_resampled_as_if_it_were_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Users are drawn once a data set.

    To the last bit a cell's means are the same alone, in another place, among more; another data set has draws of its
    own. Weights that are drawn in blocks of 3 resamples are the same weights.
    """
    rng = np.random.default_rng(0)
    first, second, third = (rng.random((50, 4)) for _ in range(3))
    rows, how = rng.integers(1, 4, 50), Resampling(100, 7)
    alone = resampling.bootstrap([second], rows, how, "D")[0]
    among = resampling.bootstrap([first, third, second], rows, how, "D")
    assert np.array_equal(alone, among[2])
    assert not np.array_equal(alone, among[0])
    monkeypatch.setattr(resampling, "BLOCK", 150)
    assert resampling.bootstrap([second], rows, how, "D")[0] == pytest.approx(alone, rel=1e-12)
    assert not np.array_equal(alone, resampling.bootstrap([second], rows, how, "E")[0])


def test_users_are_drawn_once_for_all_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve cells ask for as many random numbers as one."""
    asked = []
    stream = resampling.seeds.stream

    class Counting:
        def __init__(self, *names: object) -> None:
            self.rng = stream(*names)

        def integers(self, low: int, high: int, size: tuple[int, int]) -> np.ndarray:
            asked.append(size)
            return self.rng.integers(low, high, size)

    monkeypatch.setattr(resampling.seeds, "stream", Counting)
    resampling.bootstrap([np.ones((20, 4))] * 12, np.ones(20, np.int64), Resampling(100, 7), "D")
    assert asked == [(100, 20)]


@pytest.mark.parametrize(("freedom", "t"), [(1, 12.706), (4, 2.776)])
def test_the_part_of_the_seeds_by_hand(freedom: int, t: float) -> None:
    """What seeds add has variance 0.04, so that the 97.5 % quantile is 0.5 + 0.2 t, Student's t as in tables.

    The standard error of a quantile of B = 40,000 is sqrt(0.975 * 0.025 / B) = 0.00078 over the density there: 0.00196
    of t_1 (1 / (pi (1 + 12.706^2))) makes 0.40, 0.0256 of t_4 (3/8 (1 + 2.776^2 / 4)^-2.5) 0.030. Five of them are 2.0
    and 0.15.
    """
    found = resampling.with_runs(np.full(40_000, 0.5), 0.04, freedom, np.random.default_rng(1))
    assert (np.quantile(found, 0.975) - 0.5) / 0.2 == pytest.approx(t, abs=2.0 if freedom == 1 else 0.15)
    assert resampling.with_runs(np.full(3, 0.5), 0.0, 0.0, np.random.default_rng(1)).tolist() == [0.5] * 3


def test_an_interval_stays_within_what_is_possible() -> None:
    """Percentiles of -1 to 2 end at 0 and 1."""
    assert resampling.interval(np.linspace(-1, 2, 1000)) == (0.0, 1.0)


def clustered(rng: np.random.Generator, users: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of users with 1 to 20 rows each, all of a user's rows hits with a probability of the user's own."""
    rows = rng.integers(1, 21, users)
    own = rng.beta(0.5, 1.5, users)  # mean 0.25
    user = np.repeat(np.arange(users), rows)
    return (rng.random(len(user)) < own[user]).astype(np.float64)[None], user


def coverage(by_row: bool) -> tuple[float, float]:
    """Shares of 200 simulated samples whose interval holds the true mean 0.25: by the bootstrap, by the t interval."""
    rng, held = np.random.default_rng(11), np.zeros(2)
    for trial in range(200):
        values, user = clustered(rng, 120)
        sums = resampling.by_user(values, np.arange(len(user)) if by_row else user)
        found = variance_components.estimate(
            sums.value, sums.rows, variance_components.Spread(1, *np.zeros((3, 1)), ("none",)), [0]
        )
        spans = (
            resampling.interval(resampled(sums.value[0], sums.rows, Resampling(400, trial))),
            resampling.t_interval(found),
        )
        held += [low <= 0.25 <= high for low, high in spans]
    return tuple(held / 200)


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """0.95 of 200: standard deviation sqrt(0.95 * 0.05 / 200) = 0.0154; four of them below 0.95 are 0.888."""
    assert min(coverage(by_row=False)) >= 0.888


def test_rows_as_the_unit_would_claim_far_too_much() -> None:
    """The same samples with rows as if they were independent: intervals miss the truth far too often."""
    assert max(coverage(by_row=True)) < 0.8


def test_t_test_by_hand() -> None:
    """0.02 with error 0.01 and 10 degrees of freedom: t = 2, whose two-sided p is 0.0734 in tables (f = 10.

    2.228 for 0.05), and the half width 2.228 * 0.01.
    """
    found = Estimate(0.02, 0.01, 10.0, 0, 0)
    assert resampling.p_value(found, 100) == pytest.approx(0.0734, abs=5e-5)
    assert resampling.t_interval(found) == pytest.approx((0.02 - 0.02228, 0.02 + 0.02228), abs=1e-5)


def test_few_users_who_differ_cannot_show_a_small_p() -> None:
    """Five users, all better: 2 of 2^5 arrangements reach it, p = 1/16, whatever t says.

    None who differs: p = 1. A single user has no degrees of freedom, and tells nothing of others.
    """
    assert resampling.p_value(Estimate(0.02, 0.001, 1000.0, 0, 0), 5) == 1 / 16
    for found, differing, span, p in (
        (Estimate(1.0, 0.0, 19.0, 0, 0), 20, (1.0, 1.0), 2.0**-19),
        (Estimate(0.0, 0.0, 19.0, 0, 0), 0, (0.0, 0.0), 1.0),
        (Estimate(1.0, 0.0, 0.0, 0, 0), 1, (-1.0, 1.0), 1.0),
    ):
        assert (resampling.t_interval(found), resampling.p_value(found, differing)) == (span, p)


def test_holm_by_hand() -> None:
    """P = 0.04, 0.01, 0.03: sorted 0.01 * 3, 0.03 * 2, 0.04 * 1 (never below 0.06)."""
    assert resampling.holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert resampling.holm([0.9, 0.8]) == [1.0, 1.0]
    assert resampling.holm([]) == []


def test_mcnemar_by_hand() -> None:
    """A alone hits 5 rows, b alone 1: 2 * (C(6,0) + C(6,1)) / 2^6 = 14/64. Without discordant rows p is 1."""
    a = np.array([1, 1, 1, 1, 1, 0, 1, 0], dtype=bool)
    b = np.array([0, 0, 0, 0, 0, 1, 1, 0], dtype=bool)
    assert resampling.mcnemar(a, b) == (5, 1, 14 / 64)
    assert resampling.mcnemar(a, a) == (0, 0, 1.0)


def test_one_row_of_each_user() -> None:
    """Users 3, 3, 5, 5, 5: one of the first two rows and one of the others; the seed decides."""
    user = np.array([3, 3, 5, 5, 5])
    drawn = {tuple(resampling.one_row_per_user(user, seed).tolist()) for seed in range(40)}
    assert drawn == {(i, j) for i in (0, 1) for j in (2, 3, 4)}


def test_pairs_are_ours_with_its_backbone_and_with_methods_without_one() -> None:
    """SOFT of LLaRA is not compared with rows of BIGRec."""
    methods = [("SASRec", ""), ("SFT", "BIGRec"), ("SOFT", "BIGRec"), ("SFT", "LLaRA"), ("SOFT", "LLaRA")]
    assert list(resampling.pairs(methods, "SOFT")) == [
        (("SOFT", "BIGRec"), ("SASRec", "")),
        (("SOFT", "BIGRec"), ("SFT", "BIGRec")),
        (("SOFT", "LLaRA"), ("SASRec", "")),
        (("SOFT", "LLaRA"), ("SFT", "LLaRA")),
    ]
