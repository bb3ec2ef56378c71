"""Self-optimised fine-tuning, SOFT (paper, section 3): true and self-distilled titles, weighted by 1 - tau and tau.

tau is set by the self-adaptive curriculum scheduler (section 3.2) from the distance d_t before each epoch.
"""

from dataclasses import dataclass

from softrec.tuning.curriculum import SelfAdaptiveOptions, self_adaptive
from softrec.tuning.strategy import Strategy, TuningRun


@dataclass(frozen=True)
class Options(SelfAdaptiveOptions):
    """Hyperparameters of SOFT."""


def prepare(options: Options, run: TuningRun) -> Strategy:
    """Return the strategy: tau = exp(alpha (d_t / d_0 - 1)), measured before each epoch."""
    return self_adaptive(options, run, run.self_distilled_titles())
