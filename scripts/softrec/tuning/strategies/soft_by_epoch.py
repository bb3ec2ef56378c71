"""A control of SOFT: tau has the scheduler's form, with the progress in epochs in the place of the distance."""

import math
from dataclasses import dataclass

from softrec.llm.language_model import LanguageModel
from softrec.tuning.schedule import EpochFacts
from softrec.tuning.strategy import Strategy, TuningRun


@dataclass(frozen=True)
class Options:
    """alpha: how fast tau falls; it is exp(-alpha) in the last of the configured epochs."""

    alpha: float


def tau(epoch: int, epochs: int, alpha: float) -> float:
    """Return tau = exp(-alpha (t - 1) / (T - 1)) of epoch t = 1, ..., T; with T = 1 it is 1, as in any first epoch."""
    return math.exp(-alpha * (epoch - 1) / max(epochs - 1, 1))


@dataclass(frozen=True)
class ByEpoch:
    """The schedule of tau over the configured epochs, whether patience lets all of them run or not."""

    alpha: float
    epochs: int

    def __call__(self, epoch: int, llm: LanguageModel) -> EpochFacts:
        """Return tau of an epoch; nothing is measured."""
        return EpochFacts(tau(epoch, self.epochs, self.alpha))


def prepare(options: Options, run: TuningRun) -> Strategy:
    """Return the strategy: SOFT with tau = exp(-alpha (t - 1) / (T - 1))."""
    responses = {"y": run.true_titles(), "yhat": run.self_distilled_titles()}
    return Strategy(responses, lambda: ByEpoch(options.alpha, run.settings.loop.epochs), run.settings)
