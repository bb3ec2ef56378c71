"""What an update descends on: which responses of a prompt are run, and what loss their log-likelihoods give."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch

from softrec.tuning import losses
from softrec.tuning.schedule import EpochFacts


class Objective(Protocol):
    """A loss of a global batch that is a sum over its micro batches."""

    @property
    def preparation(self) -> Mapping[str, float]:
        """Seconds by name of what was computed before the first update, for the training log."""
        ...

    def kinds(self, facts: EpochFacts) -> tuple[str, ...]:
        """The kinds of response that the loss depends on; others are not run."""
        ...

    def denominators(self, tokens: Mapping[str, int], rows: int) -> dict[str, float]:
        """What sums over the global batch are divided by.

        Args:
            tokens: of each kind of response in the global batch. rows: of the global batch.
        """
        ...

    def loss(
        self, likelihood: torch.Tensor, chosen: np.ndarray, n: Mapping[str, float], facts: EpochFacts
    ) -> torch.Tensor:
        """This micro batch's part of the loss.

        Args:
            likelihood: (B, kinds) log-likelihoods of the chosen rows' responses, in the order of `kinds`.
            chosen: B row numbers. n: `denominators` of the global batch.
        """
        ...


@dataclass(frozen=True)
class SoftObjective:
    """L_SOFT = (1 - tau) L_SFT + tau L_SDFT (section 3.2): SFT at tau = 0, SOFT w/o SA at tau = 1."""

    reduction: losses.Reduction
    preparation: dict[str, float] = field(default_factory=dict)

    def kinds(self, facts: EpochFacts) -> tuple[str, ...]:
        """Real data, self-distilled data, or both: one of weight zero is not run."""
        return losses.needed(known_tau(facts))

    def denominators(self, tokens: Mapping[str, int], rows: int) -> dict[str, float]:
        """N of each kind of response."""
        return {kind: losses.denominator(count, self.reduction) for kind, count in tokens.items()}

    def loss(
        self, likelihood: torch.Tensor, chosen: np.ndarray, n: Mapping[str, float], facts: EpochFacts
    ) -> torch.Tensor:
        """This micro batch's part of L_SOFT."""
        of_kind = dict(zip(self.kinds(facts), likelihood.T, strict=True))
        l_y, l_yhat = (of_kind.get(kind, likelihood[:0, 0]) for kind in ("y", "yhat"))
        return losses.soft(l_y, l_yhat, n.get("y", 1.0), n.get("yhat", 1.0), known_tau(facts))


def known_tau(facts: EpochFacts) -> float:
    """Tau of an epoch of SOFT."""
    if facts.tau is None:
        raise ValueError("L_SOFT needs a tau, and the schedule of this run gives none")
    return facts.tau
