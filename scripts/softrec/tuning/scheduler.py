"""The self-adaptive scheduler as the epoch loop calls it (paper, section 3.2)."""

from dataclasses import dataclass

from softrec.llm.language_model import LanguageModel
from softrec.tuning.curriculum import Progression, tau
from softrec.tuning.distance import DistanceProbe
from softrec.tuning.run import TuningSettings
from softrec.tuning.schedule import EpochFacts


@dataclass(frozen=True)
class SoftSettings:
    """Settings of a SOFT run: those of a tuning run, and the scheduler's alpha and progression function."""

    tuning: TuningSettings
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
