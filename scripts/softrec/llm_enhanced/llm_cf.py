"""LLM-CF (Sun et al., 2024): SASRec that also reads earlier decisions and an LLM's chains of thought about them.

The user's vector is SASRec's state plus 0.1 times a feature f that a small decoder draws from in-context examples.
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

THOUGHT = 2  # its place in what is told of an example


@dataclass(frozen=True)
class InContextSettings:
    """weight: of the feature f (0.1; 0 is SASRec trained with this loss).

    reconstruct_weight: of the loss by which hidden states foretell the chains of thought (0).
    """

    weight: float
    reconstruct_weight: float


@dataclass(frozen=True)
class LlmCfSettings:
    """LLM-CF's run: SASRec's `fit`, the candidate `l2` (null: the chosen one), and the in-context module.

    negatives: items that the targets of a batch are told from (128).
    """

    fit: FitSettings
    l2: float | None
    negatives: int
    in_context: InContextSettings


@dataclass(frozen=True)
class LlmCfRankSettings:
    """Ranking by LLM-CF: the encoder's shape and the mask, and the `weight` of the in-context feature."""

    rank: RankSettings
    weight: float


class LlmCfEncoder(Encoder):
    """SASRec's network with the in-context module.

    Windows hold, behind the history's `length` columns, 1 + the index of each in-context example, 0 for none.
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
        tables = {"titles": texts.titles, "told": with_empty(told(texts))}
        tables |= {name: with_empty(column) for name, column in named}
        for name, table in tables.items():  # not trained nor saved, but they go where the model goes
            self.register_buffer(name, torch.from_numpy(table), persistent=False)
        with torch.random.fork_rng():  # the weights that SASRec has too are the same with and without this module
            torch.manual_seed(seeds.derive(seed, "in-context module"))
            width, dim = self.titles.shape[1], settings.dim
            self.text = nn.Linear(width, dim)
            self.mixture = nn.Linear(4 * dim, dim)
            self.decision = nn.Embedding(2, dim)
            self.decoder = Decoder(dim)
            self.reconstruct = nn.Linear(dim, width)

    def forward(self, window: Tensor, length: Tensor) -> Tensor:
        """The user's vector (B, D): SASRec's state + weight f."""
        return self.read(window, length)[0]

    def read(self, window: Tensor, length: Tensor) -> tuple[Tensor, Tensor | None, Tensor]:
        """The user's vector (B, D), hidden states (B, K, D) at the examples' mixtures, and the examples (B, K).

        The decoder reads three tokens per example (mixture, thought, decision) and then the query's, 3 K + 1 in all.
        What a batch asks of an example is computed once, however many rows have it.
        """
        history, example = window[:, : self.history], window[:, self.history :]
        if self.weight == 0:
            return super().forward(history, length), None, example
        used, place = example.unique(return_inverse=True)
        # One pass for both, since every lookup of items has a gradient of the catalogue's size.
        windows, lengths = torch.cat([history, self.window[used]]), torch.cat([length, self.length[used].clamp(min=1)])
        state, past = super().forward(windows, lengths).split([len(history), len(used)])
        told = self.told_tokens(past, used)[place].flatten(1, 2)
        tokens = torch.cat([told, self.query_token(state, history, length)[:, None]], dim=1)
        real = functional.pad((example > 0).repeat_interleave(3, dim=1), (0, 1), value=True)
        # Of three tokens an example the first is its mixture; the query's mixture is the last of all.
        hidden = self.decoder(tokens, real, asked=slice(None, None, 3))
        return state + self.weight * hidden[:, -1], hidden[:, :-1], example

    def told_tokens(self, past: Tensor, used: Tensor) -> Tensor:
        """Mixture, thought and decision (U, 3, D) of a batch's distinct examples (U,), from their states (U, D)."""
        mean, title, thought = self.text(self.told.index_select(0, used)).unbind(dim=1)
        mixture = self.mix(past, mean, self.item(self.decided[used]), title)
        return torch.stack([mixture, thought, self.decision(self.label[used])], dim=1)

    def query_token(self, state: Tensor, history: Tensor, length: Tensor) -> Tensor:
        """The query's mixture (B, D). Its item is what is asked for: padding stands there, with the title zero.

        The titles of a history are summed as they are read: (B, L, W) would be 31 MB a batch (W = 3,072).
        """
        total = functional.embedding_bag(history, self.titles, mode="sum", padding_idx=PAD)
        mean = self.text(total / length[:, None])
        return self.mix(state, mean, torch.zeros_like(state), self.text.bias.expand_as(mean))

    def mix(self, state: Tensor, mean: Tensor, item: Tensor, title: Tensor) -> Tensor:
        """M = Linear[SASRec's state; W mean(history's titles); item; W title], (B, D), of four times (B, D).

        The original's m also has an embedding of the user. Here it has none, for users seen in training as for others:
        SASRec and all other rows know a user by the history alone, and what this module adds shall be the texts'.
        """
        return self.mixture(torch.cat([state, mean, item, title], dim=1))


def with_empty(column: np.ndarray) -> np.ndarray:
    """A column of the examples with an empty one in front, at index 0."""
    return np.concatenate([np.zeros_like(column[:1]), column])


def told(texts: Texts) -> np.ndarray:
    """(E, 3, W): of each example the mean of its history's titles, its item's title, and its chain of thought.

    None of them is trained, so all steps share them; 151 MB at 4,096 examples of width 3,072.
    """
    known = texts.examples
    mean = mean_titles(known.window, known.length, texts.titles)
    return np.stack([mean, texts.titles[known.item], texts.thoughts], axis=1)


class LlmCf(SampledSoftmax):
    """The method, as `softrec.sequential.trainer` trains it."""

    def __init__(self, settings: InContextSettings, texts: Texts, negatives: int, seed: int) -> None:
        super().__init__(negatives)
        self.settings, self.texts, self.seed = settings, texts, seed

    def build(self, items: int, train: Windows, settings: EncoderSettings) -> Encoder:
        """SASRec's network with the in-context module."""
        return LlmCfEncoder(items, settings, self.texts, self.settings.weight, self.seed)

    def loss(self, model: Encoder, batch: Batch) -> Tensor:
        """The sampled softmax with the user's vector, and the reconstruction where it has a weight; a scalar."""
        assert isinstance(model, LlmCfEncoder)
        vector, hidden, example = model.read(batch.window, batch.length)
        loss = sampled_softmax(model, vector, batch)
        if hidden is None or self.settings.reconstruct_weight == 0:
            return loss
        return loss + self.settings.reconstruct_weight * reconstruction(model, hidden, example)


def reconstruction(model: LlmCfEncoder, hidden: Tensor, example: Tensor) -> Tensor:
    """1 - the mean cosine between Linear(hidden) at the examples' mixtures and their chains of thought, a scalar."""
    known = example > 0
    if not known.any():
        return hidden.sum() * 0
    thought = model.told[example[known], THOUGHT]
    return 1 - functional.cosine_similarity(model.reconstruct(hidden[known]), thought).mean()
