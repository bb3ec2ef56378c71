"""Schedules of tau, and the facts of an epoch that its loss depends on (paper, section 3.2)."""

from dataclasses import dataclass
from typing import Protocol

from softrec.llm.language_model import LanguageModel


@dataclass(frozen=True)
class EpochFacts:
    """The facts of an epoch that its loss depends on besides the data.

    Attributes:
        tau: weight of self-distilled data; None where the loss has no tau, as in S-DPO.
        d_t, d_0: the distances from which tau was computed; None where it was not computed from distances.
        loss_t, loss_0: the losses on validation rows from which tau was computed; None likewise.
    """

    tau: float | None = None
    d_t: float | None = None
    d_0: float | None = None
    loss_t: float | None = None
    loss_0: float | None = None

    def known(self) -> dict[str, float]:
        """Return the facts that are not None by name, for the log and for checkpoints."""
        return {name: value for name, value in vars(self).items() if value is not None}


class Schedule(Protocol):
    """A function that sets tau before each epoch."""

    def __call__(self, epoch: int, llm: LanguageModel) -> EpochFacts:
        """Return the facts of an epoch (1, 2, ...); `llm` is the model in its current state."""
        ...


@dataclass(frozen=True)
class Constant:
    """The same tau in every epoch: 0 is SFT, 1 is SOFT without its scheduler (w/o SA, section 4.3), None S-DPO."""

    tau: float | None

    def __call__(self, epoch: int, llm: LanguageModel) -> EpochFacts:
        """Return the constant tau; no distance is measured."""
        return EpochFacts(self.tau)
