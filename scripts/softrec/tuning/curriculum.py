"""The self-adaptive curriculum scheduler (paper, section 3.2): from d_t to tau."""

import math
from typing import Literal

from common.errors import SoftrecError

Progression = Literal["exponential", "linear"]


def tau(d_t: float, d_0: float, alpha: float, progression: Progression = "exponential") -> float:
    """Return tau = min(1, exp(alpha (d_t / d_0 - 1))), or the linear clip(1 + alpha (d_t / d_0 - 1), 0, 1).

    The linear form is the first-order expansion at d_t = d_0. tau is clipped at 1: for a model further from the true
    titles than the base model, tau > 1 would give real data a negative weight.

    Raises:
        SoftrecError: d_0 is not positive (zero: the untuned model already generates the true titles), or a distance is
            not finite.
    """
    if not (math.isfinite(d_t) and math.isfinite(d_0) and d_0 > 0):
        raise SoftrecError(
            f"tau is not defined for d_t = {d_t} and d_0 = {d_0}",
            where="the distance between generated and true titles",
            remedy="look at the generated texts; d_0 must be positive",
        )
    change = alpha * (d_t / d_0 - 1)
    if progression == "linear":
        return min(1.0, max(0.0, 1 + change))
    return math.exp(min(0.0, change))
