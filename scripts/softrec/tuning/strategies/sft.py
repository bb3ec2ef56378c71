"""Supervised fine-tuning, SFT (paper, section 2.2): tune the base model on the true titles."""

from dataclasses import dataclass

from softrec.tuning.schedule import Constant
from softrec.tuning.strategy import Strategy, TuningRun


@dataclass(frozen=True)
class Options:
    """SFT has no hyperparameters besides those of every tuning run."""


def prepare(options: Options, run: TuningRun) -> Strategy:
    """Return the strategy: tau = 0 in every epoch, so the loss covers the true titles only."""
    return Strategy({"y": run.true_titles()}, lambda: Constant(0.0), run.settings)
