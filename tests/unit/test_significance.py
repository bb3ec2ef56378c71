"""Intervals and tests whose unit is the user: by hand where they can be counted, by simulation where they cannot."""

import math

import numpy as np
import pytest
from softrec import significance
from softrec.significance import Resampling, Sums

HOW = Resampling(2000, 7)


def test_row_values() -> None:
    """Ranks 0, 4, 5: within 5 are the first two; 1 / log2(2) = 1 and 1 / log2(6)."""
    rank = np.array([[0, 4, 5]])
    assert significance.row_values(rank, "H@5").tolist() == [[1, 1, 0]]
    assert significance.row_values(rank, "NG@5")[0].tolist() == pytest.approx([1, 1 / math.log2(6), 0])


def test_values_by_user_and_their_mean() -> None:
    """User 7 has rows 0 and 2, user 9 row 1. Seeds give 1, 0, 1 and 0, 1, 1: sums (2, 0) and (1, 1), mean 4 of 6."""
    sums = significance.by_user(np.array([[1.0, 0, 1], [0, 1, 1]]), np.array([7, 9, 7]))
    assert sums.value.tolist() == [[2, 0], [1, 1]]
    assert sums.rows.tolist() == [2, 1]
    assert sums.mean() == pytest.approx(4 / 6)


def test_bootstrap_of_two_users_by_hand() -> None:
    """User A: 1 row, hit. User B: 3 rows, none. Draws AA, AB, BA, BB are equally likely: 2/2, 1/4, 1/4, 0/6."""
    found = significance.bootstrap([Sums(np.array([[1.0, 0.0]]), np.array([1, 3]))], Resampling(4000, 3))[:, 0]
    values, counts = np.unique(found, return_counts=True)
    assert values.tolist() == pytest.approx([0, 0.25, 1])
    # Standard deviation of a share of 4,000 draws: sqrt(0.25 * 0.75 / 4000) = 0.007; five of them are 0.035.
    assert (counts / 4000).tolist() == pytest.approx([0.25, 0.5, 0.25], abs=0.035)


def test_a_method_beside_itself_never_differs() -> None:
    """Paired: both columns see the same users and seeds in every replicate."""
    rng = np.random.default_rng(0)
    sums = Sums(rng.random((3, 20)), np.ones(20, np.int64))
    found = significance.bootstrap([sums, sums], HOW)
    assert np.array_equal(found[:, 0], found[:, 1])
    assert significance.permutation_p(sums, sums, HOW) == 1.0


@pytest.mark.parametrize(("count", "t"), [(2, 12.706), (5, 2.776)])
def test_the_part_of_the_seeds_by_hand(count: int, t: float) -> None:
    """One user, so all that varies are seeds. Values 0 and 1 (S = 2): s / sqrt(2) = 0.5. Values 0, 0, 0, 0, 1 (S = 5):
    s^2 = (4 * 0.2^2 + 0.8^2) / 4 = 0.2, s / sqrt(5) = 0.2. Replicates are mean + t s / sqrt(S), their 97.5 % quantile
    that of Student's t in tables: 12.706 with 1 degree of freedom, 2.776 with 4.

    The standard error of a quantile of B = 40,000 is sqrt(0.975 * 0.025 / B) = 0.00078 over the density there: 0.00196
    of t_1 (1 / (pi (1 + 12.706^2))) makes 0.40, 0.0256 of t_4 (3/8 (1 + 2.776^2 / 4)^-2.5) 0.030. Five of them are 2.0
    and 0.15.
    """
    values = np.eye(1, count, count - 1).T  # (S, 1): the last seed hits
    found = significance.bootstrap([Sums(values, np.array([1]))], Resampling(40_000, 3))[:, 0]
    error = 0.5 if count == 2 else 0.2
    assert (np.quantile(found, 0.975) - values.mean()) / error == pytest.approx(t, abs=2.0 if count == 2 else 0.15)
    assert np.median(found) == pytest.approx(values.mean(), abs=0.02)


def test_equal_seeds_and_a_single_one_add_nothing() -> None:
    """One user: with one seed, or four that agree, every replicate is the mean, 1/2 (one of the user's two rows)."""
    for count in (1, 4):
        found = significance.bootstrap([Sums(np.ones((count, 1)), np.array([2]))], HOW)
        assert np.array_equal(found, np.full((2000, 1), 0.5))


def clustered(rng: np.random.Generator, users: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of users with 1 to 20 rows each, all of a user's rows hits with a probability of the user's own."""
    rows = rng.integers(1, 21, users)
    own = rng.beta(0.5, 1.5, users)  # mean 0.25
    user = np.repeat(np.arange(users), rows)
    return (rng.random(len(user)) < own[user]).astype(np.float64)[None], user


def coverage(by_row: bool) -> float:
    """Share of 200 simulated samples whose interval holds the true mean 0.25."""
    rng, held = np.random.default_rng(11), 0
    for trial in range(200):
        values, user = clustered(rng, 120)
        unit = np.arange(len(user)) if by_row else user
        found = significance.bootstrap([significance.by_user(values, unit)], Resampling(400, trial))[:, 0]
        low, high = significance.interval(found)
        held += low <= 0.25 <= high
    return held / 200


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """0.95 of 200: standard deviation sqrt(0.95 * 0.05 / 200) = 0.0154; four of them below 0.95 are 0.888."""
    assert coverage(by_row=False) >= 0.888


def two_methods(rng: np.random.Generator, count: int, spread: float) -> list[Sums]:
    """Two equally good methods with `count` seeds on the same 120 users: logits of users (standard deviation 1, and
    0.5 for each method), and of the seeds of each method (`spread`), around -1."""
    rows = rng.integers(1, 21, 120)
    user, shared = np.repeat(np.arange(120), rows), rng.normal(-1, 1, 120)
    found = []
    for _ in range(2):
        logit = (shared + rng.normal(0, 0.5, 120))[user] + rng.normal(0, spread, (count, 1))
        found.append(significance.by_user((rng.random(logit.shape) < 1 / (1 + np.exp(-logit))) * 1.0, user))
    return found


@pytest.mark.parametrize(("count", "spread"), [(5, 0.0), (5, 0.3), (5, 1.0), (2, 0.3)])
def test_the_interval_of_a_paired_difference_covers_other_seeds(count: int, spread: float) -> None:
    """The truth is 0, whatever seeds do. 0.95 of 400: standard deviation 0.0109; four of them below 0.95 are 0.906.

    Seeds drawn with replacement would cover 0.85 where seeds are all that matters and S = 5: their percentiles reach
    1.96 sqrt(4/5) s / sqrt(5), and P(|t_4| < 1.75) = 0.845; with S = 2 they reach s / sqrt(2): P(|t_1| < 1) = 0.5.
    """
    rng, held = np.random.default_rng(12), 0
    for trial in range(400):
        found = significance.bootstrap(two_methods(rng, count, spread), Resampling(400, trial))
        low, high = significance.interval(found[:, 0] - found[:, 1])
        held += low <= 0 <= high
    print(f"{count} seeds of spread {spread}: {held / 400:.3f}")
    assert held / 400 >= 0.906


def test_rows_as_the_unit_would_claim_far_too_much() -> None:
    """The same samples with rows resampled as if they were independent: intervals miss the truth far too often."""
    assert coverage(by_row=True) < 0.8


def test_permutation_p_by_counting() -> None:
    """Three users with differences 1, 1, 1: of 8 sign patterns 2 reach |3|, so p is near 2/8."""
    a, b = Sums(np.ones((1, 3)), np.ones(3, np.int64)), Sums(np.zeros((1, 3)), np.ones(3, np.int64))
    # Standard deviation of a share of 2,000: sqrt(0.25 * 0.75 / 2000) = 0.0097; five of them are 0.05.
    assert significance.permutation_p(a, b, HOW) == pytest.approx(0.25, abs=0.05)


def test_permutation_p_is_small_where_every_user_agrees() -> None:
    """Thirty users, all better: 2 of 2^30 patterns reach it, so none of 2,000: p = 1 / 2001."""
    a, b = Sums(np.ones((2, 30)), np.ones(30, np.int64)), Sums(np.zeros((2, 30)), np.ones(30, np.int64))
    assert significance.permutation_p(a, b, HOW) == 1 / 2001


def test_permutation_p_is_uniform_where_nothing_differs() -> None:
    """Of 200 null samples a share of 0.1 falls below 0.1: standard deviation 0.021, four of them are 0.085."""
    rng, below = np.random.default_rng(5), 0
    for trial in range(200):
        rows = np.ones(40, np.int64)
        a, b = (Sums(rng.normal(size=(1, 40)), rows) for _ in range(2))
        below += significance.permutation_p(a, b, Resampling(200, trial)) <= 0.1
    assert below / 200 == pytest.approx(0.1, abs=0.085)


def test_holm_by_hand() -> None:
    """p = 0.04, 0.01, 0.03: sorted 0.01 * 3, 0.03 * 2, 0.04 * 1 (never below 0.06)."""
    assert significance.holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert significance.holm([0.9, 0.8]) == [1.0, 1.0]
    assert significance.holm([]) == []


def test_mcnemar_by_hand() -> None:
    """a alone hits 5 rows, b alone 1: 2 * (C(6,0) + C(6,1)) / 2^6 = 14/64. Without discordant rows p is 1."""
    a = np.array([1, 1, 1, 1, 1, 0, 1, 0], dtype=bool)
    b = np.array([0, 0, 0, 0, 0, 1, 1, 0], dtype=bool)
    assert significance.mcnemar(a, b) == (5, 1, 14 / 64)
    assert significance.mcnemar(a, a) == (0, 0, 1.0)


def test_one_row_of_each_user() -> None:
    """Users 3, 3, 5, 5, 5: one of the first two rows and one of the others; the seed decides."""
    user = np.array([3, 3, 5, 5, 5])
    drawn = {tuple(significance.one_row_per_user(user, seed).tolist()) for seed in range(40)}
    assert drawn == {(i, j) for i in (0, 1) for j in (2, 3, 4)}


def test_pairs_are_ours_with_its_backbone_and_with_methods_without_one() -> None:
    """SOFT of LLaRA is not compared with rows of BIGRec."""
    methods = [("SASRec", ""), ("SFT", "BIGRec"), ("SOFT", "BIGRec"), ("SFT", "LLaRA"), ("SOFT", "LLaRA")]
    assert list(significance.pairs(methods, "SOFT")) == [
        (("SOFT", "BIGRec"), ("SASRec", "")),
        (("SOFT", "BIGRec"), ("SFT", "BIGRec")),
        (("SOFT", "LLaRA"), ("SASRec", "")),
        (("SOFT", "LLaRA"), ("SFT", "LLaRA")),
    ]
