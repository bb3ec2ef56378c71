"""Training objectives: the kinds of response that need a forward pass, and the loss of their log-likelihoods."""

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
        """Seconds of each computation before the first update, by its name in the training log."""
        ...

    def kinds(self, facts: EpochFacts) -> tuple[str, ...]:
        """Return the kinds of response that the loss depends on; others get no forward pass."""
        ...

    def denominators(self, tokens: Mapping[str, int], rows: int) -> dict[str, float]:
        """Return the denominators of the loss by name.

        Args:
            tokens: number of tokens of each kind of response in the global batch.
            rows: number of rows of the global batch.
        """
        ...

    def loss(
        self, likelihood: torch.Tensor, chosen: np.ndarray, n: Mapping[str, float], facts: EpochFacts
    ) -> torch.Tensor:
        """Return this micro-batch's summand of the loss of the global batch, a scalar.

        Args:
            likelihood: (B, kinds) log-likelihoods of the chosen rows' responses, in the order of `kinds`.
            chosen: B row numbers of the training rows.
            n: `denominators` of the global batch.
            facts: tau and distances of the current epoch.
        """
        ...


@dataclass(frozen=True)
class SoftObjective:
    """L_SOFT = (1 - tau) L_SFT + tau L_SDFT (section 3.2): SFT at tau = 0, SOFT w/o SA at tau = 1."""

    reduction: losses.Reduction
    preparation: dict[str, float] = field(default_factory=dict)

    def kinds(self, facts: EpochFacts) -> tuple[str, ...]:
        """Return "y" (real data), "yhat" (self-distilled data) or both: responses of weight zero are left out."""
        return losses.needed(known_tau(facts))

    def denominators(self, tokens: Mapping[str, int], rows: int) -> dict[str, float]:
        """Return N of each kind of response."""
        return {kind: losses.denominator(count, self.reduction) for kind, count in tokens.items()}

    def loss(
        self, likelihood: torch.Tensor, chosen: np.ndarray, n: Mapping[str, float], facts: EpochFacts
    ) -> torch.Tensor:
        """Return this micro-batch's summand of L_SOFT, a scalar."""
        of_kind = dict(zip(self.kinds(facts), likelihood.T, strict=True))
        # A kind that was left out has weight zero: an empty tensor stands in, whose loss is zero.
        l_y, l_yhat = (of_kind.get(kind, likelihood[:0, 0]) for kind in ("y", "yhat"))
        return losses.soft(l_y, l_yhat, n.get("y", 1.0), n.get("yhat", 1.0), known_tau(facts))


def known_tau(facts: EpochFacts) -> float:
    """Return the epoch's tau; raise `ValueError` if the schedule has set none."""
    if facts.tau is None:
        raise ValueError("L_SOFT needs a tau, and the schedule of this run gives none")
    return facts.tau
