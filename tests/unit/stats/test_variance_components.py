"""Variances about other users and other runs: by hand, and against what made results vary by."""

import numpy as np
import pytest

from made_ranks import Shape, data_set
from softrec.stats import variance_components, variance_pooling
from softrec.stats.variance_components import Spread, Varied


def test_variance_between_users_by_hand() -> None:
    """Users with 1, 1 and 2 rows and sums 1, 0 and 1: mean 2/4.

    What is left: 1/2, -1/2, 0. 3/2 of their squares' sum, 1/2, over 4^2. Their weights are those of 16 / 6 equal users.
    A single user tells nothing of others.
    """
    rows = np.array([1, 1, 2])
    assert variance_components.between_users(np.array([1.0, 0.0, 1.0]), rows) == pytest.approx(1.5 * 0.5 / 16)
    assert variance_components.users_freedom(rows) == pytest.approx(16 / 6 - 1)
    assert variance_components.between_users(np.ones((2, 1)), np.array([3])).tolist() == [0, 0]


def test_how_seeds_vary_by_hand() -> None:
    """Two users with a row each, two seeds.

    Method 0: 1, 0 and 0, 1: equal means, all is chance: each run is apart by +-1/2 and -+1/2, 2 * (1/4 + 1/4) / 4 = 1/4
    a run, over S - 1 = 1: 1/2. Method 1: 1, 1 and 0, 0: no chance at all.
    """
    value = np.array([[[1.0, 0], [0, 1]], [[1, 1], [0, 0]]])
    found = variance_components.varied(value, np.array([1, 1]))
    assert found.noise.tolist() == pytest.approx([0.5, 0])
    assert found.ratio.tolist() == [0, 0]
    assert variance_components.varied(value[:, :1], np.array([1, 1])).noise.tolist() == [0, 0]


def test_error_and_freedom_by_hand() -> None:
    """Two users with a row each, means 1 and 0 over two seeds: 2 * (1/4 + 1/4) / 4 = 1/4 between users, f = 1.

    Method 0 has noise 0.2 and a ratio of 3 with 11 degrees of freedom, method 1 noise 0.4 and a ratio of 0.5: beyond
    noise (3 - 1) * 0.2 / 2 = 0.2 and nothing. Freedom: 0.45^2 / (0.25^2 / 1 + 0.3^2 / 11 + 0.2^2 / 4).
    """
    spread = Spread(2, np.array([0.2, 0.4]), np.array([3.0, 0.5]), np.array([11.0, 4.0]), ("pooled", "own"))
    value = np.array([[1.0, 0], [1, 0]])
    found = variance_components.estimate(value, np.array([1, 1]), spread, [0, 1])
    assert (found.value, found.error**2, found.users, found.seeds) == pytest.approx((0.5, 0.45, 0.25, 0.2))
    assert found.freedom == pytest.approx(0.45**2 / (0.25**2 + 0.3**2 / 11 + 0.2**2 / 4))


def test_pooled_methods_share_their_degrees_of_freedom() -> None:
    """Both ratios are one estimate, so its error is in both: (0.15 + 0.3)^2 / 11, not 0.15^2 / 11 + 0.3^2 / 11."""
    spread = Spread(2, np.array([0.2, 0.4]), np.array([1.5, 1.5]), np.array([11.0, 11.0]), ("pooled", "pooled"))
    found = variance_components.estimate(np.array([[1.0, 0], [1, 0]]), np.array([1, 1]), spread, [0, 1])
    variance = 0.25 + 0.5 * 0.3
    assert found.freedom == pytest.approx(variance**2 / (0.25**2 + 0.45**2 / 11))


def test_the_error_is_what_the_mean_varies_by() -> None:
    """600 made data sets of two methods, 1,000 rows, 3 seeds, without and with lucky ones.

    The mean of the variances is that of the difference. A variance of 600 values is within 5 * sqrt(2 / 600) = 29 % of
    its expectation. Seeds and users just added count twice what they have together, more than a quarter too much.
    """
    for lucky in (0.0, 0.005):
        rng, shape = np.random.default_rng(5), Shape(1000, 3, np.full(2, 0.03), np.full(2, lucky), known=0.1)
        values, squares, twice = [], [], []
        for _ in range(600):
            sums, rows = data_set(rng, shape)
            varied = variance_components.varied(sums[0], rows)
            spread = Spread(3, varied.noise, varied.ratio, np.full(2, 2.0), ("own", "own"))
            found = variance_components.estimate(sums[0, 0] - sums[0, 1], rows, spread, [0, 1])
            values.append(found.value)
            unbiased = found.users + ((varied.ratio - 1) * varied.noise).sum() / 3
            squares.append(unbiased)
            twice.append(found.users + (varied.ratio * varied.noise).sum() / 3)
        assert np.mean(squares) == pytest.approx(np.var(values), rel=0.29)
        assert np.mean(twice) > 1.25 * np.mean(squares)


def drawn(rng: np.random.Generator, spread: np.ndarray, seeds: int = 5) -> Varied:
    """Ratios of runs that vary `spread` (M,) times their noise."""
    return Varied(seeds, np.full(len(spread), 1e-6), spread * rng.chisquare(seeds - 1, len(spread)) / (seeds - 1))


def settled(rng: np.random.Generator, spread: np.ndarray, seeds: int = 5) -> dict[str, Spread]:
    """What three data sets of such methods are taken to be."""
    found = {name: drawn(rng, spread, seeds) for name in "ABC"}
    return variance_pooling.settle(found, {name: list(range(len(spread))) for name in "ABC"})


@pytest.mark.parametrize("seeds", [2, 5])
def test_methods_that_vary_alike_are_pooled(seeds: int) -> None:
    """By Bartlett's test at 0.25 three of four runs have no doubt at all.

    Of 200, standard deviation 0.031, and four of them below 0.75 are 0.63. All 12 with S - 1 degrees of freedom each;
    Cochran's test takes few out.
    """
    rng, kept = np.random.default_rng(1), []
    for _ in range(200):
        spread = settled(rng, np.full(12, 3.0), seeds)["A"]
        kept.append(variance_pooling.FACTOR not in spread.source)
        pooled = np.array(spread.source) == variance_pooling.POOLED
        if kept[-1]:
            assert (spread.freedom[pooled] == pooled.sum() * (seeds - 1)).all()
        assert len(set(spread.ratio[pooled])) <= 1
    assert np.mean(kept) > 0.63


def test_methods_that_vary_more_everywhere_keep_their_own() -> None:
    """Two of twelve vary nine times as much on all three data sets.

    With 12 degrees of freedom each it shows, and their ratio comes near 9, with those degrees; nearly all of 100 runs.
    """
    rng, own, ratios = np.random.default_rng(2), 0, []
    many = np.where(np.arange(12) > 9, 9.0, 1.0)
    for _ in range(100):
        spread = settled(rng, many)["B"]
        if spread.source[10] == variance_pooling.FACTOR:
            own += 1
            assert spread.freedom[10] == 12
            ratios.append(spread.ratio[10])
    assert own >= 90
    assert np.mean(ratios) == pytest.approx(9, rel=0.25)


def test_one_that_stands_out_on_one_data_set_keeps_its_own_there() -> None:
    """A ratio of 40 beside eleven of about 1 and four degrees of freedom each; with zeros it is not thrown off."""
    ratio = np.array([1.1, 0.9, 1.2, 0.8, 1.0, 1.1, 0.9, 1.0, 0.0, 0.0, 1.0, 40.0])
    spread = variance_pooling.by_data_set(Varied(5, np.full(12, 1e-6), ratio))
    assert spread.source == ("pooled",) * 11 + ("own",)
    assert (spread.ratio[11], spread.freedom[11]) == (40.0, 4.0)
    assert spread.ratio[0] == pytest.approx(9 / 11)
    assert spread.freedom[0] == 44.0


def test_methods_without_chance_are_not_pooled() -> None:
    """A model that is not tuned has one run, which counts for each seed; with one seed there is nothing to pool."""
    spread = variance_pooling.by_data_set(Varied(2, np.array([1e-6, 0.0, 1e-6]), np.array([1.0, 0.0, 2.0])))
    assert spread.source == ("pooled", "none", "pooled")
    assert spread.freedom.tolist() == [2, 0, 2]
    alone = variance_pooling.settle({"A": Varied(1, np.zeros(2), np.zeros(2))}, {"A": ["x", "y"]})["A"]
    assert alone.freedom.tolist() == [0, 0]
    assert alone.source == ("none", "none")
