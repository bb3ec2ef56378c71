"""SASRec trained with a sampled softmax: each target against the same uniform negatives for the whole batch.

It is the loss of LLM-CF, and a method of its own: what LLM-CF is without what it reads.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from softrec.sequential.encoder import Encoder
from softrec.sequential.sasrec import Batch, Sasrec
from softrec.sequential.trainer import FitSettings
from softrec.sequential.windows import Windows


@dataclass(frozen=True)
class SampledSoftmaxSettings:
    """Its run: SASRec's `fit`, the candidate `l2` (null: the chosen one), and `negatives` of a batch (128)."""

    fit: FitSettings
    l2: float | None
    negatives: int


class SampledSoftmax(Sasrec):
    """The method, as `softrec.sequential.trainer` trains it: SASRec with `count` negatives a batch."""

    def __init__(self, count: int) -> None:
        self.count = count

    def negatives(self, rng: np.random.Generator, windows: Windows, items: int, size: int) -> Iterable[Tensor]:
        """For each batch of `size` rows (count,) items, drawn from 1..items with replacement."""
        steps = -(-len(windows.target) // size)
        return torch.from_numpy(rng.integers(1, items + 1, size=(steps, self.count))).unbind()

    def loss(self, model: Encoder, batch: Batch) -> Tensor:
        """The mean loss of a batch, a scalar."""
        return sampled_softmax(model, model(batch.window, batch.length), batch)


def sampled_softmax(model: Encoder, state: Tensor, batch: Batch) -> Tensor:
    """-1/B sum_b ln[ exp s_by / (exp s_by + sum_k exp s_bk) ] for states (B, D) and the batch's negatives k (K,).

    A negative that is a row's target is left out of that row's sum. There is no temperature.
    """
    item = torch.cat((batch.target, batch.negative)) - 1  # one lookup: its gradient has the catalogue's size
    weight, bias = functional.embedding(item, model.output.weight, sparse=True), model.output.bias[item]
    rows = len(batch.target)
    wanted = (weight[:rows] * state).sum(dim=1, keepdim=True) + bias[:rows, None]
    score = functional.linear(state, weight[rows:], bias[rows:])
    score = score.masked_fill(batch.negative == batch.target[:, None], -torch.inf)
    return (torch.cat((wanted, score), dim=1).logsumexp(dim=1) - wanted[:, 0]).mean()
