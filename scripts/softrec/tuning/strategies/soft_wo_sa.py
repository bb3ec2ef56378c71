"""SOFT without its self-adaptive scheduler (paper, section 4.3): tune the base model on self-distilled titles alone."""

from dataclasses import dataclass

from softrec.tuning.schedule import Constant
from softrec.tuning.strategy import Strategy, TuningRun


@dataclass(frozen=True)
class Options:
    """SOFT w/o SA has no hyperparameters besides those of every tuning run."""


def prepare(options: Options, run: TuningRun) -> Strategy:
    """Return the strategy: tau = 1 in every epoch, so the loss covers the self-distilled titles only."""
    return Strategy({"yhat": run.self_distilled_titles()}, lambda: Constant(1.0), run.settings)
