"""What decides tau before each epoch, and what an epoch is told (paper, section 3.2)."""

from dataclasses import dataclass
from typing import Protocol

from softrec.llm.language_model import LanguageModel


@dataclass(frozen=True)
class EpochFacts:
    """What the loss of an epoch depends on beside the data.

    Attributes:
        tau: weight of self-distilled data; None where the loss has none, as that of S-DPO.
        d_t, d_0: the distances that tau was computed from; None where it was not.
    """

    tau: float | None = None
    d_t: float | None = None
    d_0: float | None = None

    def known(self) -> dict[str, float]:
        """Those that are not None, by name: for the log and for checkpoints."""
        facts = {"tau": self.tau, "d_t": self.d_t, "d_0": self.d_0}
        return {name: value for name, value in facts.items() if value is not None}


class Schedule(Protocol):
    """What decides tau before each epoch."""

    def __call__(self, epoch: int, llm: LanguageModel) -> EpochFacts:
        """The facts of epoch 1, 2, ...; `llm` is the model as it is now."""
        ...


@dataclass(frozen=True)
class Constant:
    """The same tau in every epoch: 0 is SFT, 1 is SOFT without its scheduler (w/o SA, section 4.3), None S-DPO."""

    tau: float | None

    def __call__(self, epoch: int, llm: LanguageModel) -> EpochFacts:
        """Tau alone: nothing is measured."""
        return EpochFacts(self.tau)
