"""The self-adaptive curriculum scheduler (paper, section 3.2): from d_t to tau, and strategies scheduled by it."""

import math
from dataclasses import dataclass
from typing import Literal

from common.errors import SoftrecError
from softrec.io.records import read_record
from softrec.llm.language_model import LanguageModel
from softrec.tuning.distance import DistanceProbe, distance_probe
from softrec.tuning.schedule import EpochFacts
from softrec.tuning.strategy import Strategy, TuningRun

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


@dataclass(frozen=True)
class SelfAdaptiveOptions:
    """Hyperparameters of SOFT: the scheduler's alpha and progression function."""

    alpha: float
    progression: Progression


@dataclass(frozen=True)
class SelfAdaptive:
    """The self-adaptive schedule: tau from d_t, measured before each epoch on the same M rows.

    Before the first epoch the model is the base model, so d_t = d_0 and tau = 1 for every alpha: the first epoch trains
    on self-distilled data only, and d_t need not be measured.
    """

    alpha: float
    progression: Progression
    d_0: float
    probe: DistanceProbe

    def __call__(self, epoch: int, llm: LanguageModel) -> EpochFacts:
        """Return tau, d_t and d_0 of the epoch that is about to begin."""
        d_t = self.d_0 if epoch == 1 else self.probe(llm)
        return EpochFacts(tau(d_t, self.d_0, self.alpha, self.progression), d_t, self.d_0)


def self_adaptive(options: SelfAdaptiveOptions, run: TuningRun, yhat: list[list[int]]) -> Strategy:
    """Return the strategy of SOFT with any responses `yhat` in the place of self-distilled titles.

    Args:
        options: alpha and the progression function.
        run: the run before tuning.
        yhat: token ids of the responses with weight tau, in the order of the training rows.
    """
    initial = read_record(run.file("initial_distance"))
    rows, d_0 = initial.rows("rows", len(run.train)), initial.number("d_0", least=0)

    def schedule() -> SelfAdaptive:
        probe = distance_probe(run.recommender, run.train, rows)
        return SelfAdaptive(options.alpha, options.progression, d_0, probe)

    return Strategy({"y": run.true_titles(), "yhat": yhat}, schedule, run.settings)
