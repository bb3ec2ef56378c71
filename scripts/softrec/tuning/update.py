"""One update of the adapter on one global batch: the same whatever micro batches and ranks it is run in."""

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
    """What an update itself needs to know of a run: the seed of dropout, and whether responses share their prompt."""

    seed: int
    share_prompt: bool


class Update(NamedTuple):
    """This rank's share of the loss and of the tokens run, and the norm of the whole gradient before clipping."""

    loss: float
    tokens: int
    norm: float


class Updater:
    """Makes updates from prompts and their responses.

    Args:
        prompts: token ids of the N prompts x.
        responses: for each kind that the objective can ask for ("y", "yhat"), token ids of the N responses.
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
        """One optimiser step on a global batch, of which this rank runs its micro batches."""
        kinds = self.objective.kinds(facts)
        counts = {kind: sum(len(self.responses[kind][i]) for i in batch) for kind in kinds}
        n = self.objective.denominators(counts, len(batch))
        loss, tokens = torch.zeros((), device=self.llm.device), 0
        for number, chosen in self.local_micro_batches(batch):
            torch.manual_seed(seeds.derive(self.settings.seed, "dropout", epoch, step, number))
            rows = self.rows(chosen if len(chosen) else batch[:1], kinds)
            laid_out = collate(rows, self.llm.pad_id, self.settings.share_prompt).to(self.llm.device)
            likelihood = self.engine(laid_out).view(-1, len(kinds))
            # A rank that has no row left runs one of weight zero where the engine counts micro batches.
            part = self.objective.loss(likelihood, chosen, n, facts) if len(chosen) else 0 * likelihood.sum()
            self.engine.backward(part)
            loss += part.detach()
            tokens += sum(len(row) for row in rows)
        return Update(loss.item(), tokens, self.engine.step())

    def local_micro_batches(self, batch: np.ndarray) -> list[tuple[int, np.ndarray]]:
        """This rank's micro batches of a global batch with their numbers; empty ones fill up where the engine asks."""
        parts = micro_batches(batch, self.lengths, self.arithmetic)
        if self.engine.fills:
            full = self.arithmetic.world * self.arithmetic.accumulation
            parts = [*parts, *[batch[:0]] * (full - len(parts))]
        return distributed.shard(list(enumerate(parts)))

    def rows(self, chosen: np.ndarray, kinds: Sequence[str]) -> list[Row]:
        """The chosen prompts with their responses of these kinds, in this order."""
        return [Row(self.prompts[i], [(kind, self.responses[kind][i]) for kind in kinds]) for i in chosen]


def checked(loss: float, norm: float, epoch: int, step: int, steps: int) -> None:
    """Raise `SoftrecError` if the loss of a global batch or the norm of its gradient is not finite."""
    if not math.isfinite(loss) or not math.isfinite(norm):
        raise SoftrecError(
            f"the loss is {loss} in epoch {epoch}, step {step} of {steps}",
            where=f"tuning the adapter; the gradient's norm is {norm}",
            remedy="lower tuning.learning_rate or tuning.gradient_clip, or tune in fp32",
        )
