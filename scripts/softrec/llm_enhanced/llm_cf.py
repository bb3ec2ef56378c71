"""LLM-CF (Sun et al., 2024): SASRec with in-context examples, earlier decisions with an LLM's chains of thought.

The user vector is SASRec's state plus 0.1 times a feature f that a small decoder computes from in-context examples.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from softrec.core import seeds
from softrec.llm_enhanced.decisions import Texts, mean_titles
from softrec.llm_enhanced.in_context import Decoder
from softrec.sequential.encoder import Encoder, EncoderSettings
from softrec.sequential.ranking import RankSettings
from softrec.sequential.sampled_softmax import SampledSoftmax, sampled_softmax
from softrec.sequential.sasrec import Batch
from softrec.sequential.trainer import FitSettings
from softrec.sequential.windows import PAD, Windows

THOUGHT = 2  # index of the chain of thought among the three embeddings of an example (`told`)


@dataclass(frozen=True)
class InContextSettings:
    """Settings of the in-context module.

    Attributes:
        weight: of the feature f (0.1; with 0 the model is SASRec trained with this loss).
        reconstruct_weight: of the loss that reconstructs the chains of thought from hidden states (0).
    """

    weight: float
    reconstruct_weight: float


@dataclass(frozen=True)
class LlmCfSettings:
    """Settings of an LLM-CF run.

    Attributes:
        fit: the settings of the training, as for SASRec.
        l2: candidate of Adam's weight decay (null: the selected one).
        negatives: negatives per batch (128).
        in_context: the in-context module.
    """

    fit: FitSettings
    l2: float | None
    negatives: int
    in_context: InContextSettings


@dataclass(frozen=True)
class LlmCfRankSettings:
    """Settings of ranking by LLM-CF: the encoder's shape, the mask, and the `weight` of the in-context feature."""

    rank: RankSettings
    weight: float


class LlmCfEncoder(Encoder):
    """SASRec's network with the in-context module.

    Windows have, after the history's `length` columns, one column per in-context example: 1 + its index, 0 for none.
    """

    titles: Tensor
    told: Tensor
    window: Tensor
    length: Tensor
    decided: Tensor
    label: Tensor

    def __init__(self, items: int, settings: EncoderSettings, texts: Texts, weight: float, seed: int) -> None:
        super().__init__(items, settings)
        self.weight, self.history = weight, settings.length
        named = zip(("window", "length", "decided", "label"), texts.examples, strict=False)
        tables = {"titles": texts.titles, "told": with_empty(stack_texts(texts))}
        tables |= {name: with_empty(column) for name, column in named}
        for name, table in tables.items():  # buffers move with the model's device; they are not trained or saved
            self.register_buffer(name, torch.from_numpy(table), persistent=False)
        with torch.random.fork_rng():  # so that the weights shared with SASRec start the same without this module
            torch.manual_seed(seeds.derive(seed, "in-context module"))
            width, dim = self.titles.shape[1], settings.dim
            self.text = nn.Linear(width, dim)
            self.mixture = nn.Linear(4 * dim, dim)
            self.decision = nn.Embedding(2, dim)
            self.decoder = Decoder(dim)
            self.reconstruct = nn.Linear(dim, width)

    def forward(self, window: Tensor, length: Tensor) -> Tensor:
        """Return the user vector (B, D): SASRec's state + weight f."""
        return self.read(window, length)[0]

    def read(self, window: Tensor, length: Tensor) -> tuple[Tensor, Tensor | None, Tensor]:
        """Return user vectors (B, D), hidden states (B, K, D) at the examples' mixtures, and examples (B, K).

        The decoder reads three tokens per example (mixture, thought, decision) and then the query's, 3 K + 1 in all.
        The tokens of each distinct example of a batch are computed once.
        """
        history, example = window[:, : self.history], window[:, self.history :]
        if self.weight == 0:
            return super().forward(history, length), None, example
        used, place = example.unique(return_inverse=True)
        # One pass for both, because every lookup of items has a gradient of the catalogue's size. The empty example has
        # length 0, which the encoder does not allow.
        windows, lengths = torch.cat([history, self.window[used]]), torch.cat([length, self.length[used].clamp(min=1)])
        state, past = super().forward(windows, lengths).split([len(history), len(used)])
        told = self.told_tokens(past, used)[place].flatten(1, 2)
        tokens = torch.cat([told, self.query_token(state, history, length)[:, None]], dim=1)
        real = functional.pad((example > 0).repeat_interleave(3, dim=1), (0, 1), value=True)
        # Every third token is a mixture: the first token of each example, and the query's, which is the last of all.
        hidden = self.decoder(tokens, real, asked=slice(None, None, 3))
        return state + self.weight * hidden[:, -1], hidden[:, :-1], example

    def told_tokens(self, past: Tensor, used: Tensor) -> Tensor:
        """Return mixture, thought and decision (U, 3, D) of distinct examples (U,), given their states (U, D)."""
        mean, title, thought = self.text(self.told.index_select(0, used)).unbind(dim=1)
        mixture = self.mix(past, mean, self.item(self.decided[used]), title)
        return torch.stack([mixture, thought, self.decision(self.label[used])], dim=1)

    def query_token(self, state: Tensor, history: Tensor, length: Tensor) -> Tensor:
        """Return the query's mixture (B, D); its item is unknown, so padding with a zero title takes its place.

        The titles of a history are summed during the lookup: (B, L, W) would take 31 MB per batch (W = 3,072).
        """
        total = functional.embedding_bag(history, self.titles, mode="sum", padding_idx=PAD)
        mean = self.text(total / length[:, None])
        # The projection of a zero title is the bias.
        return self.mix(state, mean, torch.zeros_like(state), self.text.bias.expand_as(mean))

    def mix(self, state: Tensor, mean: Tensor, item: Tensor, title: Tensor) -> Tensor:
        """Return m = Linear[SASRec's state; W mean(history's titles); item; W title], (B, D), of four times (B, D).

        The original m also has a user embedding. It is left out here for all users: SASRec and all other methods
        represent a user by the history only, so that the gain of this module comes from texts.
        """
        return self.mixture(torch.cat([state, mean, item, title], dim=1))


def with_empty(column: np.ndarray) -> np.ndarray:
    """Prepend an empty example, at index 0, to a column of the examples."""
    return np.concatenate([np.zeros_like(column[:1]), column])


def stack_texts(texts: Texts) -> np.ndarray:
    """Return three embeddings of each example, (E, 3, W): mean history title, item title, chain of thought.

    They are not trained, so they are computed once; 151 MB for 4,096 examples of width 3,072.
    """
    known = texts.examples
    mean = mean_titles(known.window, known.length, texts.titles)
    return np.stack([mean, texts.titles[known.item], texts.thoughts], axis=1)


class LlmCf(SampledSoftmax):
    """The method LLM-CF, as `softrec.sequential.trainer` trains it."""

    def __init__(self, settings: InContextSettings, texts: Texts, negatives: int, seed: int) -> None:
        super().__init__(negatives)
        self.settings, self.texts, self.seed = settings, texts, seed

    def build(self, items: int, train: Windows, settings: EncoderSettings) -> Encoder:
        """Build SASRec's network with the in-context module."""
        return LlmCfEncoder(items, settings, self.texts, self.settings.weight, self.seed)

    def loss(self, model: Encoder, batch: Batch) -> Tensor:
        """Return the sampled softmax with the user vector, plus the weighted reconstruction loss; a scalar."""
        assert isinstance(model, LlmCfEncoder)
        vector, hidden, example = model.read(batch.window, batch.length)
        loss = sampled_softmax(model, vector, batch)
        if hidden is None or self.settings.reconstruct_weight == 0:
            return loss
        return loss + self.settings.reconstruct_weight * reconstruction(model, hidden, example)


def reconstruction(model: LlmCfEncoder, hidden: Tensor, example: Tensor) -> Tensor:
    """Return 1 - mean cosine of Linear(hidden) at the examples' mixtures and their chains of thought, a scalar."""
    known = example > 0
    if not known.any():
        return hidden.sum() * 0  # zero, but part of the graph
    thought = model.told[example[known], THOUGHT]
    return 1 - functional.cosine_similarity(model.reconstruct(hidden[known]), thought).mean()
