"""Self-optimised fine-tuning, SOFT (paper, section 3): true and self-distilled titles, weighted by 1 - tau and tau.

tau is set by the self-adaptive curriculum scheduler (section 3.2) from the distance d_t before each epoch.
"""

from dataclasses import dataclass

from softrec.io.records import read_record
from softrec.llm.language_model import LanguageModel
from softrec.tuning.curriculum import Progression, tau
from softrec.tuning.distance import DistanceProbe, distance_probe
from softrec.tuning.schedule import EpochFacts
from softrec.tuning.strategy import Strategy, TuningRun


@dataclass(frozen=True)
class Options:
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


def prepare(options: Options, run: TuningRun) -> Strategy:
    """Return the strategy: tau = exp(alpha (d_t / d_0 - 1)), measured before each epoch."""
    responses = {"y": run.true_titles(), "yhat": run.self_distilled_titles()}
    initial = read_record(run.file("initial_distance"))
    rows, d_0 = initial.rows("rows", len(run.train)), initial.number("d_0", least=0)

    def schedule() -> SelfAdaptive:
        probe = distance_probe(run.recommender, run.train, rows)
        return SelfAdaptive(options.alpha, options.progression, d_0, probe)

    return Strategy(responses, schedule, run.settings)
