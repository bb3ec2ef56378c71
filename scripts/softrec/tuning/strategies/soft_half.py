"""A control of SOFT: true and self-distilled titles with the same weight, tau = 1/2, in every epoch."""

from dataclasses import dataclass

from softrec.tuning.schedule import Constant
from softrec.tuning.strategy import Strategy, TuningRun

TAU = 0.5


@dataclass(frozen=True)
class Options:
    """This control has no hyperparameters besides those of every tuning run."""


def prepare(options: Options, run: TuningRun) -> Strategy:
    """Return the strategy: L = 1/2 L_SFT + 1/2 L_SDFT in every epoch."""
    responses = {"y": run.true_titles(), "yhat": run.self_distilled_titles()}
    return Strategy(responses, lambda: Constant(TAU), run.settings)
