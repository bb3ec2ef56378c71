"""SASRec: binary cross-entropy of the next item against one uniform negative.

The other sequential recommenders extend SASRec.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from softrec.sequential.encoder import Encoder, EncoderSettings
from softrec.sequential.windows import Windows


@dataclass(frozen=True)
class Options:
    """SASRec has no hyperparameters besides those of every ID-based recommender."""


class Batch(NamedTuple):
    """B training rows as int64 tensors.

    Attributes:
        row: (B,) row numbers in the training file.
        window: (B, L) right-padded histories.
        length: (B,) number of items of each history.
        target: (B,) the next items.
        negative: (B,) items, one per row, or (K,) items that all rows share, depending on the method.
    """

    row: Tensor
    window: Tensor
    length: Tensor
    target: Tensor
    negative: Tensor


def uniform_negatives(rng: np.random.Generator, target: np.ndarray, items: int) -> np.ndarray:
    """Draw one item per row, uniformly from 1..items without the row's target; (R,).

    Values are drawn from 1..items - 1 and increased by one from the target on, which needs no rejection.
    """
    drawn = rng.integers(1, items, size=target.shape)
    return drawn + (drawn >= target)


class Sasrec:
    """The method SASRec, as `softrec.sequential.trainer` trains it."""

    def build(self, items: int, train: Windows, settings: EncoderSettings) -> Encoder:
        """Build the network for a catalogue of `items`; SASRec does not use the training rows for it."""
        return Encoder(items, settings)

    def negatives(self, rng: np.random.Generator, windows: Windows, items: int, size: int) -> Iterable[Tensor]:
        """Draw (B,) items for each batch of `size` rows, none of which is its row's target."""
        return torch.from_numpy(uniform_negatives(rng, windows.target, items)).split(size)

    def loss(self, model: Encoder, batch: Batch) -> Tensor:
        """Return the mean loss of a batch, a scalar."""
        return next_item_loss(model, model(batch.window, batch.length), batch)

    def finished(self, model: Encoder) -> Encoder:
        """Return the network to be saved and used for ranking, a plain `Encoder`."""
        return model


def method(options: Options) -> Sasrec:
    """Return the method with its options."""
    return Sasrec()


def network(items: int, settings: EncoderSettings) -> Encoder:
    """Build the network whose saved weights are used for ranking."""
    return Encoder(items, settings)


def next_item_loss(model: Encoder, state: Tensor, batch: Batch) -> Tensor:
    """Return the cross-entropy of a batch's targets against its negatives, given its states (B, D); a scalar."""
    scores = model.score(state, torch.stack((batch.target, batch.negative), dim=1))
    return cross_entropy(scores[:, 0], scores[:, 1])


def cross_entropy(positive: Tensor, negative: Tensor) -> Tensor:
    """Return -1/(2B) sum_b [ln sigma(s_b+) + ln(1 - sigma(s_b-))], the mean over all 2B scores (B,) and (B,)."""
    return (functional.softplus(-positive).mean() + functional.softplus(negative).mean()) / 2
