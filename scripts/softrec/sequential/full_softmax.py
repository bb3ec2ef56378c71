"""SASRec trained with a full softmax: the cross-entropy of each target against all items of the catalogue.

Sampled losses cost SASRec accuracy (Klenitskiy and Vasilev, 2023; Petrov and Macdonald, 2023). There is nothing to
sample here and no option; network, L2, epochs and patience are those of SASRec.
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
    """The full softmax has no hyperparameters."""


class FullSoftmax(Sasrec):
    """The method, as `softrec.sequential.trainer` trains it: SASRec with all items in place of negatives."""

    def negatives(self, rng: np.random.Generator, windows: Windows, items: int, size: int) -> Iterable[Tensor]:
        """Draw nothing: (0,) items for each batch of `size` rows."""
        return torch.empty((-(-len(windows.target) // size), 0), dtype=torch.int64).unbind()

    def loss(self, model: Encoder, batch: Batch) -> Tensor:
        """Return the mean loss of a batch, a scalar."""
        return full_softmax(model, model(batch.window, batch.length), batch.target)


def method(options: Options) -> FullSoftmax:
    """Return the method with its options."""
    return FullSoftmax()


def full_softmax(model: Network, state: Tensor, target: Tensor) -> Tensor:
    """Return -1/B sum_b ln[ exp s_by / sum_i exp s_bi ] over all N items i, for states (B, D) and targets (B,).

    The scores of a batch of 256 and Kindle's 61,528 items take 63 MB in float32; with the log-probabilities and the
    gradient of the scores, which autograd stores, three such arrays. A GPU has room for them, so they are not computed
    in blocks.
    """
    return functional.cross_entropy(functional.linear(state, model.output.weight, model.output.bias), target - 1)
