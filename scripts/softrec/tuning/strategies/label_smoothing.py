"""A control of SOFT: SFT with label smoothing, which softens the targets without the model's own titles."""

from dataclasses import dataclass

from softrec.tuning.schedule import Constant
from softrec.tuning.strategy import Strategy, TuningRun


@dataclass(frozen=True)
class Options:
    """epsilon: weight of the even distribution over the vocabulary; 0 is SFT."""

    epsilon: float


def prepare(options: Options, run: TuningRun) -> Strategy:
    """Return the strategy: SFT, whose targets are 1 - epsilon of the true token and epsilon spread over all tokens."""
    return Strategy({"y": run.true_titles()}, lambda: Constant(0.0), run.settings, smoothing=options.epsilon)
