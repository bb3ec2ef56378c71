"""Softmax direct preference optimisation (S-DPO, Chen et al., 2024): prefer the true title to random negatives.

The policy starts from the SFT adapter, which is also the frozen reference. So the reference's log-likelihoods are
computed once, before training.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import torch

from softrec.llm.language_model import LanguageModel
from softrec.llm.log_likelihood import of_responses
from softrec.tuning.epoch_loop import LoopSettings
from softrec.tuning.preference import MeanOverRows, Updates, against_random_titles
from softrec.tuning.schedule import EpochFacts
from softrec.tuning.strategy import Strategy, TuningRun


@dataclass(frozen=True)
class Options:
    """Hyperparameters of S-DPO.

    Attributes:
        negatives: n, the number of negative titles per row (3).
        beta: strength of the preference (1).
        schedule, warmup: the learning rate over all updates.
    """

    negatives: int
    beta: float
    schedule: Literal["cosine", "constant"]
    warmup: float


def prepare(options: Options, run: TuningRun) -> Strategy:
    """Return the strategy: the true title and its negatives, whose reference is the model before its first update."""
    updates = Updates(options.schedule, options.warmup)
    return against_random_titles(run, options.negatives, updates, partial(objective, options.beta))


def sdpo(delta_chosen: torch.Tensor, delta_rejected: torch.Tensor, beta: float) -> torch.Tensor:
    """Compute the S-DPO loss of each row.

    -log sigma(-log sum_j exp(beta (Delta(e_j) - Delta(e_p)))) = log(1 + sum_j exp(beta (Delta(e_j) - Delta(e_p)))),
    with Delta(e) = log pi(e|x) - log pi_ref(e|x), summed over the response's tokens with EOS.

    Args:
        delta_chosen: (B,) Delta of the true titles e_p.
        delta_rejected: (B, n) Delta of the negatives e_j.
        beta: strength of the preference.

    Returns:
        (B,) losses. With n = 1 this is DPO; where policy and reference agree the loss is log(1 + n).
    """
    margin = beta * (delta_rejected - delta_chosen[:, None])
    # The column of zeros is the 1 in log(1 + sum_j ...).
    return torch.logsumexp(torch.cat([torch.zeros_like(margin[:, :1]), margin], dim=1), dim=1)


@dataclass(frozen=True)
class SdpoObjective(MeanOverRows):
    """L_SDPO, the mean S-DPO loss over the rows of the global batch.

    Attributes:
        reference: (rows, 1 + n) log pi_ref of every row's responses, in the order of `titles`.
        beta: strength of the preference.
        preparation: seconds that the reference's log-likelihoods took.
    """

    reference: torch.Tensor
    beta: float
    preparation: dict[str, float]

    def loss(
        self, likelihood: torch.Tensor, chosen: np.ndarray, n: Mapping[str, float], facts: EpochFacts
    ) -> torch.Tensor:
        """Return this micro-batch's summand of L_SDPO, a scalar."""
        delta = likelihood - self.reference[torch.as_tensor(chosen)]
        return sdpo(delta[:, 0], delta[:, 1:], self.beta).sum() / n["rows"]


def objective(
    beta: float,
    llm: LanguageModel,
    prompts: Sequence[Sequence[int]],
    responses: Mapping[str, Sequence[Sequence[int]]],
    loop: LoopSettings,
) -> SdpoObjective:
    """Build the objective of a run that starts from `llm`, whose state before tuning is the reference.

    The untuned state is not a candidate for the kept epoch: it is the SFT adapter, whose validation the SFT run has
    logged.
    """
    start = time.monotonic()
    reference = of_responses(llm, prompts, responses, loop.micro_batch_size, loop.share_prompt, "reference")
    seconds = round(time.monotonic() - start, 2)
    return SdpoObjective(tuple(responses), reference, beta, {"reference": seconds})
