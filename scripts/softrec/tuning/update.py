"""One update of the adapter on one global batch.

The update does not depend on the number of ranks, nor, without dropout, on the micro-batch size.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from common.errors import SoftrecError
from softrec.core import distributed, seeds
from softrec.llm.branches import Row, collate
from softrec.llm.language_model import LanguageModel
from softrec.tuning.batches import Arithmetic, micro_batches
from softrec.tuning.engine import TorchEngine
from softrec.tuning.objectives import Objective
from softrec.tuning.schedule import EpochFacts


@dataclass(frozen=True)
class UpdateSettings:
    """Settings of an update: the seed of dropout, and whether the responses of a prompt share its forward pass."""

    seed: int
    share_prompt: bool


class Update(NamedTuple):
    """This rank's share of the loss and of the tokens, and the norm of the global gradient before clipping."""

    loss: float
    tokens: int
    norm: float


class Updater:
    """Makes updates from prompts and their responses.

    Args:
        llm: the model whose adapter is trained.
        engine: makes the optimiser steps.
        prompts: token ids of the N prompts x.
        responses: for each kind that the objective may need ("y", "yhat"), token ids of the N responses.
        objective: the loss.
        settings: seed of dropout, and whether responses share their prompt.
        arithmetic: the batch sizes.
    """

    def __init__(
        self,
        llm: LanguageModel,
        engine: TorchEngine,
        prompts: Sequence[Sequence[int]],
        responses: Mapping[str, Sequence[Sequence[int]]],
        objective: Objective,
        settings: UpdateSettings,
        arithmetic: Arithmetic,
    ) -> None:
        self.llm, self.engine, self.objective, self.settings = llm, engine, objective, settings
        self.prompts, self.responses, self.arithmetic = prompts, responses, arithmetic
        self.lengths = [len(prompt) for prompt in prompts]

    def update(self, batch: np.ndarray, facts: EpochFacts, epoch: int, step: int) -> Update:
        """Make one optimiser step on a global batch (row numbers); this rank runs its share of the micro-batches."""
        kinds = self.objective.kinds(facts)
        counts = {kind: sum(len(self.responses[kind][i]) for i in batch) for kind in kinds}
        n = self.objective.denominators(counts, len(batch))
        loss, tokens = torch.zeros((), device=self.llm.device), 0
        for number, chosen in self.local_micro_batches(batch):
            # A seed per micro-batch makes dropout independent of the number of ranks and of a resume.
            torch.manual_seed(seeds.derive(self.settings.seed, "dropout", epoch, step, number))
            rows = self.rows(chosen if len(chosen) else batch[:1], kinds)
            laid_out = collate(rows, self.llm.pad_id, self.settings.share_prompt).to(self.llm.device)
            likelihood = self.engine(laid_out).view(-1, len(kinds))
            # DeepSpeed counts micro-batches, so a rank without rows runs one row with weight zero.
            part = self.objective.loss(likelihood, chosen, n, facts) if len(chosen) else 0 * likelihood.sum()
            self.engine.backward(part)
            loss += part.detach()
            tokens += sum(len(row) for row in rows)
        return Update(loss.item(), tokens, self.engine.step())

    def local_micro_batches(self, batch: np.ndarray) -> list[tuple[int, np.ndarray]]:
        """Return this rank's micro-batches of a global batch with their numbers, padded with empty ones if needed.

        DeepSpeed needs the same number of micro-batches on every rank.
        """
        parts = micro_batches(batch, self.lengths, self.arithmetic)
        if self.engine.fills:
            full = self.arithmetic.world * self.arithmetic.accumulation
            parts = [*parts, *[batch[:0]] * (full - len(parts))]
        return distributed.shard(list(enumerate(parts)))

    def rows(self, chosen: np.ndarray, kinds: Sequence[str]) -> list[Row]:
        """Return the chosen prompts with their responses of these kinds, in this order."""
        return [Row(self.prompts[i], [(kind, self.responses[kind][i]) for kind in kinds]) for i in chosen]


def checked(loss: float, norm: float, epoch: int, step: int, steps: int) -> None:
    """Raise `SoftrecError` if the loss of a global batch or the norm of its gradient is not finite.

    The norm is the global one before clipping.
    """
    if not math.isfinite(loss) or not math.isfinite(norm):
        raise SoftrecError(
            f"the loss is {loss} in epoch {epoch}, step {step} of {steps}",
            where=f"tuning the adapter; the gradient's norm is {norm}",
            remedy="lower tuning.learning_rate or tuning.gradient_clip, or tune in fp32",
        )
