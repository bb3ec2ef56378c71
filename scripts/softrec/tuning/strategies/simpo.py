"""Simple preference optimisation (SimPO, Meng et al., 2024): prefer the true title, without a reference model.

The reward of a title is its mean log-likelihood per token, the quantity by which beam search ranks texts of different
length. The policy starts from the SFT adapter, as its authors start from an SFT model. Negatives are random titles, as
for S-DPO.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import numpy as np
import torch
from torch.nn import functional

from softrec.llm.language_model import LanguageModel
from softrec.tuning.epoch_loop import LoopSettings
from softrec.tuning.preference import MeanOverRows, Updates, against_random_titles
from softrec.tuning.schedule import EpochFacts
from softrec.tuning.strategy import Strategy, TuningRun


@dataclass(frozen=True)
class Options:
    """Hyperparameters of SimPO.

    Attributes:
        negatives: n, the number of negative titles per row (1).
        beta: scale of the reward (2).
        gamma_beta_ratio: gamma / beta, the target margin in units of the mean log-likelihood (0.5).
        schedule, warmup: the learning rate over all updates (cosine, 0.1).
    """

    negatives: int
    beta: float
    gamma_beta_ratio: float
    schedule: Literal["cosine", "constant"]
    warmup: float


def simpo(chosen: torch.Tensor, rejected: torch.Tensor, beta: float, gamma_beta_ratio: float) -> torch.Tensor:
    """Compute the SimPO loss of each row.

    -1/n sum_j log sigma(beta (l(e_p) / |e_p| - l(e_j) / |e_j| - gamma / beta)): their loss, averaged over n negatives.

    Args:
        chosen: (B,) log-likelihoods per token of the true titles, with EOS.
        rejected: (B, n) log-likelihoods per token of the negatives.
        beta: scale of the reward.
        gamma_beta_ratio: gamma / beta.

    Returns:
        (B,) losses.
    """
    return functional.softplus(-beta * (chosen[:, None] - rejected - gamma_beta_ratio)).mean(dim=1)


@dataclass(frozen=True)
class SimpoObjective(MeanOverRows):
    """The mean SimPO loss over the rows of the global batch.

    Attributes:
        tokens: (rows, 1 + n) number of tokens of every row's responses with EOS, in the order of `titles`.
        beta, gamma_beta_ratio: see `Options`.
        preparation: nothing is computed before the first update.
    """

    tokens: torch.Tensor
    beta: float
    gamma_beta_ratio: float
    preparation: dict[str, float] = field(default_factory=dict)

    def loss(
        self, likelihood: torch.Tensor, chosen: np.ndarray, n: Mapping[str, float], facts: EpochFacts
    ) -> torch.Tensor:
        """Return this micro-batch's summand of the loss, a scalar."""
        mean = likelihood / self.tokens[torch.as_tensor(chosen)]
        return simpo(mean[:, 0], mean[:, 1:], self.beta, self.gamma_beta_ratio).sum() / n["rows"]


def objective(
    options: Options,
    llm: LanguageModel,
    prompts: Sequence[Sequence[int]],
    responses: Mapping[str, Sequence[Sequence[int]]],
    loop: LoopSettings,
) -> SimpoObjective:
    """Build the objective of a run; at the paper's size `tokens` is (4,096, 2) in fp32, 33 kB."""
    lengths = [[len(response) for response in row] for row in zip(*responses.values(), strict=True)]
    tokens = torch.tensor(lengths, dtype=torch.float32, device=llm.device)
    return SimpoObjective(tuple(responses), tokens, options.beta, options.gamma_beta_ratio)


def prepare(options: Options, run: TuningRun) -> Strategy:
    """Return the strategy: the true title of each row and its negatives."""
    updates = Updates(options.schedule, options.warmup)
    return against_random_titles(run, options.negatives, updates, partial(objective, options))
