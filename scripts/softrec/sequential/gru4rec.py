"""GRU4Rec (Hidasi et al., 2016; Hidasi and Karatzoglou, 2018): a recurrent network over the items of a history.

The loss is their cross-entropy over the target and negatives that a batch shares. Different from their code: windows of
the same length as for all other methods in place of whole sessions, and Adam, as for all ID-based recommenders here.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from softrec.sequential.encoder import ITEM_STD, EncoderSettings, Network, require_catalogue
from softrec.sequential.sampled_softmax import sampled_softmax
from softrec.sequential.sasrec import Batch
from softrec.sequential.windows import PAD, Windows


@dataclass(frozen=True)
class Options:
    """Hyperparameters of GRU4Rec.

    Attributes:
        negatives: K, the number of negatives per batch, which its rows share (2,048).
        sample_power: negatives are drawn in proportion to popularity to this power (0: uniformly).
    """

    negatives: int
    sample_power: float


class Gru(Network):
    """Item embeddings, `blocks` GRU layers, and an output layer with its own weights.

    Item embeddings start from N(0, 0.01^2), as SASRec's here; other layers from torch's defaults. Dropout is applied to
    the state, as its authors do (`dropout_p_hidden`). At Kindle's size, 61,528 items and 64 dimensions, item
    embeddings and output layer have 16 MB each.

    Raises:
        SoftrecError: there are fewer than two items.
    """

    def __init__(self, items: int, settings: EncoderSettings) -> None:
        super().__init__()
        require_catalogue(items)
        self.item = nn.Embedding(items + 1, settings.dim, padding_idx=PAD, sparse=True)  # see rowwise.py
        self.recurrent = nn.GRU(settings.dim, settings.dim, settings.blocks, batch_first=True)
        self.output = nn.Linear(settings.dim, items)
        self.rate = settings.dropout
        with torch.no_grad():
            self.item.weight.normal_(0, ITEM_STD)[PAD] = 0

    def forward(self, window: Tensor, length: Tensor) -> Tensor:
        """Return the state (B, D) after the last item of each window (B, L).

        Padding is on the right, so it cannot reach the state at an earlier position.
        """
        state, _ = self.recurrent(self.item(window))
        rows = torch.arange(len(window), device=window.device)
        return functional.dropout(state[rows, length - 1], self.rate, self.training)


class Gru4rec:
    """The method, as `softrec.sequential.trainer` trains it."""

    def __init__(self, options: Options) -> None:
        self.options = options

    def build(self, items: int, train: Windows, settings: EncoderSettings) -> Gru:
        """Build the network for a catalogue of `items`; the training rows are not used for it."""
        return Gru(items, settings)

    def negatives(self, rng: np.random.Generator, windows: Windows, items: int, size: int) -> Iterable[Tensor]:
        """Draw (K,) items with replacement for each batch of `size` rows, in proportion to popularity^sample_power.

        The popularity of an item is how many of the windows have it as target. At Kindle's size an epoch of 4,350
        batches draws 8.9 million items, 71 MB.
        """
        steps = -(-len(windows.target) // size)
        weight = np.bincount(windows.target, minlength=items + 1)[1:] ** self.options.sample_power
        drawn = rng.choice(items, size=(steps, self.options.negatives), p=weight / weight.sum())
        return torch.from_numpy(drawn + 1).unbind()

    def loss(self, model: Gru, batch: Batch) -> Tensor:
        """Return the mean loss of a batch, a scalar."""
        return sampled_softmax(model, model(batch.window, batch.length), batch)

    def finished(self, model: Gru) -> Gru:
        """Return the network to be saved and used for ranking."""
        return model


def method(options: Options) -> Gru4rec:
    """Return the method with its options."""
    return Gru4rec(options)


def network(items: int, settings: EncoderSettings) -> Gru:
    """Build the network whose saved weights are used for ranking."""
    return Gru(items, settings)
