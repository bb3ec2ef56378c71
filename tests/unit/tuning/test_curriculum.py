"""tau and d_t against the table of what alpha means, and by hand."""

import math

import numpy as np
import pytest

from common.errors import SoftrecError
from softrec.tuning.curriculum import tau
from softrec.tuning.distance import distance

# Rounded exp(-alpha * drop): for example alpha = 10 and a drop of 10 % give exp(-1) = 0.368.
TABLE = {
    0.1: {0.01: 0.999, 0.05: 0.995, 0.10: 0.990, 0.20: 0.980, 0.50: 0.951},
    1.0: {0.01: 0.990, 0.05: 0.951, 0.10: 0.905, 0.20: 0.819, 0.50: 0.607},
    10.0: {0.01: 0.905, 0.05: 0.607, 0.10: 0.368, 0.20: 0.135, 0.50: 0.007},
    100.0: {0.01: 0.368, 0.05: 0.007, 0.10: 0.000, 0.20: 0.000, 0.50: 0.000},
}


@pytest.mark.parametrize(("alpha", "drop", "expected"), [(a, d, t) for a, row in TABLE.items() for d, t in row.items()])
def test_tau_of_each_alpha_and_drop(alpha: float, drop: float, expected: float) -> None:
    """d_t = (1 - drop) d_0."""
    assert tau(7.0 * (1 - drop), 7.0, alpha) == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize("progression", ["exponential", "linear"])
def test_tau_is_one_at_the_start_and_never_above(progression: str) -> None:
    """d_t = d_0 gives 1; a model further from the truth than at the start is clipped to 1 and not pushed away."""
    assert tau(3.0, 3.0, 10.0, progression) == 1.0
    assert tau(4.0, 3.0, 10.0, progression) == 1.0


def test_linear_matches_value_and_slope_and_stops_at_zero() -> None:
    """1 + 2 (0.9 - 1) = 0.8; at a drop of 80 % 1 - 1.6 < 0 is clipped to 0."""
    assert tau(0.9, 1.0, 2.0, "linear") == pytest.approx(0.8)
    assert tau(0.2, 1.0, 2.0, "linear") == 0.0
    step = 1e-6
    slopes = [(tau(1.0, 1.0, 2.0, p) - tau(1.0 - step, 1.0, 2.0, p)) / step for p in ("linear", "exponential")]
    assert slopes[0] == pytest.approx(2.0, abs=1e-3)
    assert slopes[1] == pytest.approx(2.0, abs=1e-3)


def test_distance_is_the_mean_of_norms() -> None:
    """Differences (3, 4) and (0, 0).

    Norms 5 and 0, mean 2.5 (not the norm of the mean, which is 2.5 too only by chance of one row; a second pair (0, 2)
    makes the mean 7 / 3).
    """
    generated = np.array([[3.0, 4.0], [1.0, 1.0], [0.0, 2.0]])
    target = np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
    assert distance(generated, target) == pytest.approx(7 / 3)


@pytest.mark.parametrize(("d_t", "d_0"), [(1.0, 0.0), (math.nan, 1.0), (1.0, math.inf)])
def test_tau_without_a_meaning_is_refused(d_t: float, d_0: float) -> None:
    """d_0 = 0 divides by zero; a distance that is not finite comes from broken embeddings."""
    with pytest.raises(SoftrecError, match="tau is not defined"):
        tau(d_t, d_0, 1.0)
