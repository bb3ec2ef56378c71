"""Softmax direct preference optimisation (S-DPO, Chen et al., 2024): the true title against random negatives at once.

The policy and its frozen reference both start from the SFT adapter, so the reference is asked once, before training.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch

from common.errors import SoftrecError
from common.log import Progress
from softrec.core import distributed, seeds
from softrec.decoding.recommender import Recommender
from softrec.llm.branches import Row, collate
from softrec.llm.language_model import LanguageModel
from softrec.llm.log_likelihood import ResponseLikelihood
from softrec.splits.samples import Items
from softrec.splits.seen_items import SeenItems
from softrec.tuning.epoch_loop import LoopSettings
from softrec.tuning.run import TuningSettings
from softrec.tuning.schedule import EpochFacts

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
    """N different titles per row, uniform over those of no item that the user has had up to the target, nor the target.

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


@dataclass(frozen=True)
class SdpoObjective:
    """L_SDPO, a mean over the rows of the global batch.

    Attributes:
        titles: the kinds of response, the true title first, then its negatives.
        reference: (rows, 1 + n) log pi_ref of every row's responses, in the order of `titles`.
        preparation: seconds that the reference took.
    """

    titles: tuple[str, ...]
    reference: torch.Tensor
    beta: float
    preparation: dict[str, float]

    def kinds(self, facts: EpochFacts) -> tuple[str, ...]:
        """All of them, in every epoch."""
        return self.titles

    def denominators(self, tokens: Mapping[str, int], rows: int) -> dict[str, float]:
        """The rows of the global batch."""
        return {"rows": float(rows)}

    def loss(
        self, likelihood: torch.Tensor, chosen: np.ndarray, n: Mapping[str, float], facts: EpochFacts
    ) -> torch.Tensor:
        """This micro batch's part of L_SDPO."""
        delta = likelihood - self.reference[torch.as_tensor(chosen)]
        return sdpo(delta[:, 0], delta[:, 1:], self.beta).sum() / n["rows"]


def objective(
    beta: float,
    llm: LanguageModel,
    prompts: Sequence[Sequence[int]],
    responses: Mapping[str, Sequence[Sequence[int]]],
    loop: LoopSettings,
) -> SdpoObjective:
    """The objective of a run that starts from `llm`, which is asked as the reference before it is tuned.

    The state before the first epoch is that reference, whose validation the SFT run has logged: it is never kept.
    """
    start = time.monotonic()
    reference = ask_reference(llm, prompts, responses, loop)
    seconds = round(time.monotonic() - start, 2)
    return SdpoObjective(tuple(responses), reference, beta, {"reference": seconds})


def ask_reference(
    llm: LanguageModel,
    prompts: Sequence[Sequence[int]],
    responses: Mapping[str, Sequence[Sequence[int]]],
    loop: LoopSettings,
) -> torch.Tensor:
    """Log pi_ref of every row's responses, once: (rows, 1 + n), kind by kind; ranks share the rows."""
    order = sorted(range(len(prompts)), key=lambda i: (-len(prompts[i]), i))
    size = loop.micro_batch_size
    batches = [order[start : start + size] for start in range(0, len(order), size)]
    module, own = ResponseLikelihood(llm.model, llm.backbone), {}
    progress = Progress("reference", len(batches), unit="batches")
    with llm.inference():
        for number, chosen in distributed.shard(list(enumerate(batches))):
            rows = [Row(prompts[i], [(kind, of_rows[i]) for kind, of_rows in responses.items()]) for i in chosen]
            batch = collate(rows, llm.pad_id, loop.share_prompt)
            own[number] = module(batch.to(llm.device)).view(-1, len(responses)).cpu()
            progress.step(distributed.world_size())
    found = torch.empty(len(prompts), len(responses))
    for number, part in distributed.all_gather(own).items():
        found[batches[number]] = part
    return found.to(llm.device)
