"""Softmax direct preference optimisation (S-DPO, Chen et al., 2024): the true title against random negatives at once.

The policy and its frozen reference both start from the SFT adapter, so the reference is asked once, before training.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from common.errors import SoftrecError
from common.log import Progress

from softrec.core import distributed, seeds
from softrec.decoding.recommender import Recommender
from softrec.llm.branches import collate
from softrec.splits.samples import Items
from softrec.splits.seen_items import SeenItems
from softrec.tuning.epoch_loop import Tuner
from softrec.tuning.run import TuningSettings

if TYPE_CHECKING:
    import datasets

CHOSEN = "chosen"


@dataclass(frozen=True)
class SdpoSettings:
    """An SDPO run: a tuning run, and what is S-DPO's own.

    Attributes:
        negatives: n, titles per row that the true one is preferred to (3).
        beta: strength of the preference (1).
        schedule: of the learning rate after the warm-up: it falls to zero along a cosine, or stays.
        warmup: share of all updates in which the rate rises (0.05).
    """

    tuning: TuningSettings
    negatives: int
    beta: float
    schedule: Literal["cosine", "constant"]
    warmup: float

    def run(self, rows: int) -> TuningSettings:
        """The tuning run on so many rows: its schedule in updates. transformers' Trainer rounds a warm-up up, too."""
        loop = self.tuning.loop
        updates = loop.epochs * -(-rows // loop.global_batch_size)
        fall = updates if self.schedule == "cosine" else None
        optimiser = replace(self.tuning.optimiser, warmup_steps=math.ceil(updates * self.warmup), cosine_steps=fall)
        return replace(self.tuning, optimiser=optimiser)


def sdpo(delta_chosen: torch.Tensor, delta_rejected: torch.Tensor, beta: float) -> torch.Tensor:
    """-log sigma(-log sum_j exp(beta (Delta(e_j) - Delta(e_p)))) = log(1 + sum_j exp(beta (Delta(e_j) - Delta(e_p)))).

    Delta(e) = log pi(e|x) - log pi_ref(e|x), summed over the response's tokens with EOS.

    Args:
        delta_chosen: (B,) of the true titles e_p. delta_rejected: (B, n) of the negatives e_j.

    Returns:
        (B,) losses. With n = 1 this is DPO; where policy and reference agree it is log(1 + n).
    """
    margin = beta * (delta_rejected - delta_chosen[:, None])
    return torch.logsumexp(torch.cat([torch.zeros_like(margin[:, :1]), margin], dim=1), dim=1)


def negative_titles(rows: "datasets.Dataset", items: Items, seen: SeenItems, n: int, seed: int) -> list[list[str]]:
    """n different titles per row, uniform over those of no item that the user has had up to the target, nor the target.

    What the user has later is not left out: the choice of negatives would tell it.

    Raises:
        SoftrecError: the catalogue has too few titles.
    """
    rng = seeds.stream(seed, "sdpo negatives")
    drawn = []
    for row, (user, position, history, target) in enumerate(
        zip(rows["user"], rows["position"], rows["history"], rows["target"], strict=True)
    ):
        free = np.ones(len(items.distinct), dtype=bool)
        free[items.title_id[[*seen.before(user, position).tolist(), *history, target]]] = False
        candidates = np.flatnonzero(free)
        if len(candidates) < n:
            raise SoftrecError(
                f"row {row} leaves {len(candidates)} titles to draw {n} negatives from",
                remedy="lower sdpo.negatives, or take a larger catalogue",
            )
        drawn.append([items.distinct[i] for i in rng.choice(candidates, n, replace=False)])
    return drawn


def responses(recommender: Recommender, rows: "datasets.Dataset", negatives: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Token ids of each row's true title and of its negatives, kind by kind."""
    columns = zip(*negatives, strict=True)
    rejected = {
        f"rejected {j}": [recommender.encoder.response(title) for title in column]
        for j, column in enumerate(columns, start=1)
    }
    return {CHOSEN: recommender.labels(rows), **rejected}


class Preference:
    """The schedule of S-DPO: nothing changes from epoch to epoch."""

    def __call__(self, epoch: int, llm: Any) -> dict[str, float]:
        """No facts."""
        return {}


class SdpoTuner(Tuner):
    """The epoch loop with the S-DPO loss. The model that it is given is the reference.

    The state before the first epoch is that reference, whose validation the SFT run has logged: it is never kept.
    """

    def __init__(self, *args: Any, beta: float) -> None:
        super().__init__(*args)
        self.beta = beta
        start = time.monotonic()
        self.reference = self.ask_reference()
        self.seconds = round(time.monotonic() - start, 2)

    def end_epoch(self, validator: Any) -> None:
        """An epoch's end; the first one's line also has the seconds that the reference took."""
        super().end_epoch(validator)
        if self.state["epoch"] == 1:
            self.state["lines"][0]["seconds"]["reference"] = self.seconds

    def ask_reference(self) -> torch.Tensor:
        """log pi_ref of every row's responses, once: (rows, 1 + n), in the order of `kinds`; ranks share the rows."""
        kinds = self.kinds({})
        order = sorted(range(len(self.prompts)), key=lambda i: (-self.lengths[i], i))
        size = self.settings.micro_batch_size
        batches = [order[start : start + size] for start in range(0, len(order), size)]
        own: dict[int, torch.Tensor] = {}
        progress = Progress("reference", len(batches), unit="batches")
        with self.llm.inference():
            for number, chosen in distributed.deal(list(enumerate(batches))):
                batch = collate(self.rows(chosen, kinds), self.llm.pad_id, self.settings.share_prompt)
                own[number] = self.engine.module(batch.to(self.llm.device)).view(-1, len(kinds)).cpu()
                progress.step(distributed.world())
        found = torch.empty(len(self.prompts), len(kinds))
        for number, part in distributed.collect(own).items():
            found[batches[number]] = part
        return found.to(self.llm.device)

    def kinds(self, facts: dict[str, float]) -> tuple[str, ...]:
        """The true title first, then its negatives."""
        return tuple(self.responses)

    def denominators(self, batch: np.ndarray, kinds: Sequence[str]) -> dict[str, float]:
        """The loss is a mean over the rows of the global batch."""
        return {"rows": float(len(batch))}

    def part_of_loss(
        self,
        likelihood: torch.Tensor,
        chosen: Sequence[int],
        kinds: Sequence[str],
        n: dict[str, float],
        facts: dict[str, float],
    ) -> torch.Tensor:
        """This micro batch's share of L_SDPO of the global batch."""
        delta = likelihood.view(-1, len(kinds)) - self.reference[torch.as_tensor(chosen)]
        return sdpo(delta[:, 0], delta[:, 1:], self.beta).sum() / n["rows"]


def tuner(beta: float) -> Any:
    """What `tuning.tune` makes its loop with."""
    return partial(SdpoTuner, beta=beta)
