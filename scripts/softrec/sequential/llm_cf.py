"""LLM-CF (Sun et al., 2024): SASRec that also reads earlier decisions and an LLM's chains of thought about them.

The user's vector is SASRec's state plus 0.1 times a feature f that a small decoder draws from in-context examples.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from softrec import seeds
from softrec.sequential.allrank import RankSettings
from softrec.sequential.encoder import Encoder, EncoderSettings
from softrec.sequential.fit import FitSettings
from softrec.sequential.in_context import Decoder
from softrec.sequential.retrieval import Texts, as_tensors
from softrec.sequential.sasrec import Batch, Sasrec, next_item_loss
from softrec.sequential.windows import Windows


@dataclass(frozen=True)
class InContextSettings:
    """examples_per_label: retrieved examples of either label (2). weight: of the feature f (0.1; 0 is SASRec).

    reconstruct_weight: of the loss by which hidden states foretell the chains of thought (0).
    """

    examples_per_label: int
    weight: float
    reconstruct_weight: float


@dataclass(frozen=True)
class LlmCfSettings:
    """LLM-CF's run: SASRec's `fit`, a candidate of its own `l2` or null for the chosen one, the in-context module."""

    fit: FitSettings
    l2: float | None
    in_context: InContextSettings


@dataclass(frozen=True)
class LlmCfRankSettings:
    """Ranking by LLM-CF: the encoder's shape and the mask, and the in-context module."""

    rank: RankSettings
    in_context: InContextSettings


class LlmCfEncoder(Encoder):
    """SASRec's network with the in-context module.

    Windows hold, behind the history's `length` columns, 1 + the index of each in-context example, 0 for none.
    """

    def __init__(
        self, items: int, settings: EncoderSettings, texts: Texts, in_context: InContextSettings, seed: int
    ) -> None:
        super().__init__(items, settings)
        self.in_context, self.history = in_context, settings.length
        self.titles = torch.from_numpy(texts.titles)
        self.window, self.length, self.decided, self.label, _, self.thought = as_tensors(texts.examples)
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
        """The user's vector (B, D), hidden states (B, K, D) at the examples' first tokens, and the examples (B, K)."""
        history, example = window[:, : self.history], window[:, self.history :]
        state = super().forward(history, length)
        if self.in_context.weight == 0:
            return state, None, example
        hidden = self.decoder(*self.tokens(state, history, length, example))
        return state + self.in_context.weight * hidden[:, -1], hidden[:, :-1:3], example

    def tokens(self, state: Tensor, history: Tensor, length: Tensor, example: Tensor) -> tuple[Tensor, Tensor]:
        """Three tokens per example (mixture, thought, decision), then the query's: (B, 3 K + 1, D), and which are real.

        The query's item is what is asked for: in its mixture the item is padding.
        """
        used, place = example.unique(return_inverse=True)
        known = torch.zeros_like(used).bool() | (used > 0)
        decided, past, count = self.decided[used], self.window[used], self.length[used].clamp(min=1)
        past_state = super().forward(past, count)
        mixture = self.mix(past_state, past, count, decided)
        told = torch.stack([mixture, self.text(self.thought[used]), self.decision(self.label[used])], dim=1)
        query = self.mix(state, history, length, torch.zeros_like(length))
        tokens = torch.cat([told[place].flatten(1, 2), query[:, None]], dim=1)
        real = torch.cat([known[place].repeat_interleave(3, dim=1), torch.ones_like(query[:, :1]).bool()], dim=1)
        return tokens, real

    def mix(self, state: Tensor, history: Tensor, length: Tensor, item: Tensor) -> Tensor:
        """m = Linear[SASRec's state; W mean(history's titles); item; W title], (B, D). Padding has the title zero.

        The original's m also has an embedding of the user. Here it has none, for users seen in training as for others:
        SASRec and all other rows know a user by the history alone, and what this module adds shall be the texts'.
        """
        mean = self.titles[history].sum(dim=1) / length[:, None]
        return self.mixture(torch.cat([state, self.text(mean), self.item(item), self.text(self.titles[item])], dim=1))


class LlmCf(Sasrec):
    """The method, as `softrec.sequential.fit` trains it."""

    def __init__(self, settings: InContextSettings, texts: Texts, seed: int) -> None:
        self.settings, self.texts, self.seed = settings, texts, seed

    def build(self, items: int, train: Windows, settings: EncoderSettings) -> Encoder:
        """SASRec's network with the in-context module."""
        return LlmCfEncoder(items, settings, self.texts, self.settings, self.seed)

    def loss(self, model: Encoder, batch: Batch) -> Tensor:
        """SASRec's loss with the user's vector, and the reconstruction where it has a weight; a scalar."""
        assert isinstance(model, LlmCfEncoder)
        vector, hidden, example = model.read(batch.window, batch.length)
        loss = next_item_loss(model, vector, batch)
        if hidden is None or self.settings.reconstruct_weight == 0:
            return loss
        return loss + self.settings.reconstruct_weight * reconstruction(model, hidden, example)


def reconstruction(model: LlmCfEncoder, hidden: Tensor, example: Tensor) -> Tensor:
    """1 - the mean cosine between Linear(hidden) at the examples' mixtures and their chains of thought, a scalar."""
    known = example > 0
    if not known.any():
        return hidden.sum() * 0
    return 1 - functional.cosine_similarity(model.reconstruct(hidden[known]), model.thought[example[known]]).mean()
