"""SASRec trained with a sampled softmax: each target against uniform negatives that the whole batch shares.

This is the loss of LLM-CF. As a method of its own it is the ablation of LLM-CF without texts.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from softrec.sequential.encoder import Encoder, Network
from softrec.sequential.sasrec import Batch, Sasrec
from softrec.sequential.windows import Windows


@dataclass(frozen=True)
class Options:
    """Negatives per batch, shared by its rows (128)."""

    negatives: int


class SampledSoftmax(Sasrec):
    """The method, as `softrec.sequential.trainer` trains it: SASRec with `count` shared negatives per batch."""

    def __init__(self, count: int) -> None:
        self.count = count

    def negatives(self, rng: np.random.Generator, windows: Windows, items: int, size: int) -> Iterable[Tensor]:
        """Draw (count,) items for each batch of `size` rows, uniformly from 1..items with replacement."""
        steps = -(-len(windows.target) // size)
        return torch.from_numpy(rng.integers(1, items + 1, size=(steps, self.count))).unbind()

    def loss(self, model: Encoder, batch: Batch) -> Tensor:
        """Return the mean loss of a batch, a scalar."""
        return sampled_softmax(model, model(batch.window, batch.length), batch)


def method(options: Options) -> SampledSoftmax:
    """Return the method with its options."""
    return SampledSoftmax(options.negatives)


def sampled_softmax(model: Network, state: Tensor, batch: Batch) -> Tensor:
    """Return -1/B sum_b ln[ exp s_by / (exp s_by + sum_k exp s_bk) ] for states (B, D) and (K,) negatives k.

    A negative that is a row's target is left out of this row's sum. There is no temperature.
    """
    item = torch.cat((batch.target, batch.negative)) - 1  # one lookup: each has a gradient of the catalogue's size
    weight, bias = functional.embedding(item, model.output.weight, sparse=True), model.output.bias[item]
    rows = len(batch.target)
    wanted = (weight[:rows] * state).sum(dim=1, keepdim=True) + bias[:rows, None]
    score = functional.linear(state, weight[rows:], bias[rows:])
    score = score.masked_fill(batch.negative == batch.target[:, None], -torch.inf)
    return (torch.cat((wanted, score), dim=1).logsumexp(dim=1) - wanted[:, 0]).mean()
