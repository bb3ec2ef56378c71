"""A control of SOFT without its scheduler: one epoch on self-distilled titles, then true titles alone."""

from dataclasses import dataclass

from softrec.llm.language_model import LanguageModel
from softrec.tuning.schedule import EpochFacts
from softrec.tuning.strategy import Strategy, TuningRun


@dataclass(frozen=True)
class Options:
    """This control has no hyperparameters besides those of every tuning run."""


@dataclass(frozen=True)
class FirstEpoch:
    """tau = 1 in the first epoch, which is that of SOFT w/o SA, and tau = 0 in every later one."""

    def __call__(self, epoch: int, llm: LanguageModel) -> EpochFacts:
        """Return tau of an epoch; nothing is measured."""
        return EpochFacts(1.0 if epoch == 1 else 0.0)


def prepare(options: Options, run: TuningRun) -> Strategy:
    """Return the strategy: L = L_SDFT in the first epoch, L_SFT in later ones."""
    return Strategy({"y": run.true_titles(), "yhat": run.self_distilled_titles()}, FirstEpoch, run.settings)
