"""Tails and quantiles of Student's t and Snedecor's F without scipy, from the regularised incomplete beta function."""

import math
from statistics import NormalDist

TINY = 1e-300


def beta_tail(x: float, a: float, b: float) -> float:
    """Return I_x(a, b), the regularised incomplete beta function, by Lentz's algorithm (fraction: DLMF 8.17.22).

    The continued fraction converges fast for x below (a + 1) / (a + b + 2); above, I_x(a, b) = 1 - I_{1 - x}(b, a).
    """
    if not 0.0 < x < 1.0:
        return 0.0 if x <= 0.0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1.0 - beta_tail(1.0 - x, b, a)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    c, d = 1.0, 1.0 / bounded(1.0 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, 10_000):
        before = value
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d, c = 1.0 / bounded(1.0 + step * d), bounded(1.0 + step / c)
            value *= d * c
        if abs(value - before) <= 1e-15 * abs(value):
            break
    return math.exp(front) * value / a


def bounded(value: float) -> float:
    """Return a denominator that is never 0, as Lentz's algorithm needs it."""
    return value if abs(value) > TINY else TINY


def two_sided(t: float, freedom: float) -> float:
    """Return P(|T| >= |t|) for Student's t with f = `freedom`: I_x(f / 2, 1 / 2) at x = f / (f + t^2)."""
    return beta_tail(freedom / (freedom + t * t), freedom / 2, 0.5)


def density(t: float, freedom: float) -> float:
    """Return the density of Student's t at `t`."""
    front = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2) - math.log(freedom * math.pi) / 2
    return math.exp(front - (freedom + 1) / 2 * math.log1p(t * t / freedom))


def quantile(level: float, freedom: float) -> float:
    """Return the t > 0 with P(|T| <= t) = `level`: half the width of an interval, in standard errors.

    Newton's method starts at the normal quantile, which is below t. The tail is convex there, so every step stays
    below t.
    """
    t = NormalDist().inv_cdf((1 + level) / 2)
    for _ in range(200):
        step = (two_sided(t, freedom) - (1 - level)) / (2 * density(t, freedom))
        t += step
        if abs(step) <= 1e-13 * t:
            break
    return t


def f_tail(f: float, above: float, below: float) -> float:
    """Return P(F >= f) for Snedecor's F with `above` (numerator) and `below` (denominator) degrees of freedom.

    P(F >= f) = I_x(below / 2, above / 2) at x = below / (below + above f).
    """
    return beta_tail(below / (below + above * f), below / 2, above / 2)
