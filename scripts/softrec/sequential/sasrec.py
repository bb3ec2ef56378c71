"""SASRec: binary cross-entropy of the next item against one uniform negative.

The other sequential models are this one with something added, and each is this one when what it adds is nothing.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from softrec.sequential.encoder import Encoder, EncoderSettings
from softrec.sequential.windows import Windows


class Batch(NamedTuple):
    """B training rows as int64 tensors.

    row: (B,) their places in the training file. window: (B, L) right-padded histories of length: (B,).
    target: (B,) the next items. negative: (B,) items, one a row, or (K,) that all rows share: as the method draws them.
    """

    row: Tensor
    window: Tensor
    length: Tensor
    target: Tensor
    negative: Tensor


def uniform_negatives(rng: np.random.Generator, target: np.ndarray, items: int) -> np.ndarray:
    """One item per row, uniform over 1..items without the row's target; (R,).

    Drawn from items - 1 values and moved up by one from the target on, so nothing is ever rejected.
    """
    drawn = rng.integers(1, items, size=target.shape)
    return drawn + (drawn >= target)


class Sasrec:
    """The method, as `softrec.sequential.trainer` trains it."""

    def build(self, items: int, train: Windows, settings: EncoderSettings) -> Encoder:
        """The network for a catalogue of `items`; the training rows are not looked at."""
        return Encoder(items, settings)

    def negatives(self, rng: np.random.Generator, windows: Windows, items: int, size: int) -> Iterable[Tensor]:
        """For each batch of `size` rows (B,) items, of which none is its row's target."""
        return torch.from_numpy(uniform_negatives(rng, windows.target, items)).split(size)

    def loss(self, model: Encoder, batch: Batch) -> Tensor:
        """The mean loss of a batch, a scalar."""
        return next_item_loss(model, model(batch.window, batch.length), batch)

    def finished(self, model: Encoder) -> Encoder:
        """The network as it is saved and ranks: an `Encoder` and nothing else."""
        return model


def next_item_loss(model: Encoder, state: Tensor, batch: Batch) -> Tensor:
    """Cross-entropy of a batch's targets against its negatives, given the states (B, D) of its windows."""
    scores = model.score(state, torch.stack((batch.target, batch.negative), dim=1))
    return cross_entropy(scores[:, 0], scores[:, 1])


def cross_entropy(positive: Tensor, negative: Tensor) -> Tensor:
    """-1/(2B) sum_b [ln sigma(s_b+) + ln(1 - sigma(s_b-))], the mean over all 2B scores (B,) and (B,)."""
    return (functional.softplus(-positive).mean() + functional.softplus(negative).mean()) / 2
