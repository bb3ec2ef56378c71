"""DLLM2Rec (Cui et al., 2024): rankings and title embeddings of a tuned LLM, distilled into SASRec.

The teacher is BIGRec tuned by SFT. Rows without a prediction of the teacher are trained as in SASRec.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from common.errors import SoftrecError
from softrec.core import seeds
from softrec.sequential.encoder import Encoder, EncoderSettings
from softrec.sequential.sasrec import Batch, Sasrec, next_item_loss
from softrec.sequential.trainer import FitSettings
from softrec.sequential.windows import PAD, Windows

ITEMS_AT_ONCE = 4096  # scores of a block: 4 MB for a batch of 256


@dataclass(frozen=True)
class DistillationSettings:
    """Weights of the distillation; the defaults are those of the original code.

    Attributes:
        lam: weight of the ranking distillation (0.7).
        ed_weight: weight of the projected title embeddings (0.3).
        position_lambda: decay of the weight over the teacher's ranks (1.0).
        gamma_position, gamma_confidence, gamma_consistency: weights of the three importances (0.3, 0.5, 0.1).
    """

    lam: float
    ed_weight: float
    position_lambda: float
    gamma_position: float
    gamma_confidence: float
    gamma_consistency: float


@dataclass(frozen=True)
class Dllm2recSettings:
    """Settings of a DLLM2Rec run: SASRec's `fit`, the candidate `l2` (null: the selected one), the distillation."""

    fit: FitSettings
    l2: float | None
    distillation: DistillationSettings


class Teacher(NamedTuple):
    """The teacher's title embeddings and predictions.

    Attributes:
        titles: (N + 1, D) float32 embedding of each item's title; row 0 (padding) is zero.
        place: (R,) for each training row its row in `items` and `distance`, -1 without a prediction.
        items: (M, K) the items nearest to the teacher's generated title, nearest first.
        distance: (M, K) their L2 distances.
    """

    titles: np.ndarray
    place: np.ndarray
    items: np.ndarray
    distance: np.ndarray


def normalised(weight: np.ndarray) -> np.ndarray:
    """Scale rows to sum to 1."""
    return weight / weight.sum(axis=-1, keepdims=True)


def position_importance(k: int, position_lambda: float) -> np.ndarray:
    """Return w^p_r of the ranks r = 1..K, proportional to exp(-r / lambda); (K,)."""
    return normalised(np.exp(-np.arange(1, k + 1) / position_lambda))


def confidence_importance(distance: np.ndarray) -> np.ndarray:
    """Return w^c_r, (M, K), proportional to exp(-distance) + 1e-8, with each row's distances scaled to [0, 1].

    Without the scaling, distances of tens would all be at the floor of 1e-8, and the weights uniform.
    """
    low, high = distance.min(axis=1, keepdims=True), distance.max(axis=1, keepdims=True)
    scaled = (distance - low) / np.where(high > low, high - low, 1.0)
    return normalised(np.exp(-scaled) + 1e-8)


def unseen_negatives(rng: np.random.Generator, windows: Windows, items: int) -> np.ndarray:
    """Draw one item per row, uniformly from 1..items without the row's target and the items of its window; (R,).

    The index of a remaining item is drawn, and increased by one for each taken item at or below it, in ascending order,
    which needs no rejection.

    Raises:
        SoftrecError: a window and its target leave no item.
    """
    taken = np.sort(np.column_stack([windows.item, windows.target]), axis=1)  # (R, L + 1); Kindle: 98 MB
    beyond = items + 1  # replaces padding and repeats, which exclude nothing
    taken[:, 1:][taken[:, 1:] == taken[:, :-1]] = beyond
    taken[taken == PAD] = beyond
    left = items - (taken < beyond).sum(axis=1)
    if not left.all():
        row = int(np.flatnonzero(left == 0)[0])
        raise SoftrecError(
            f"the window and the target of user {windows.user[row]} cover all {items} items: no negative is left",
            where=f"position {windows.position[row]}",
            remedy="take a larger catalogue or a shorter history",
        )
    drawn = rng.integers(1, left + 1)
    for column in np.sort(taken, axis=1).T:
        drawn += drawn >= column
    return drawn


class DistilledEncoder(Encoder):
    """SASRec's network with the input embedding e_i + w_ed W z_i of item i; z_i is frozen, W trained without bias."""

    titles: Tensor

    def __init__(self, items: int, settings: EncoderSettings, titles: Tensor, ed_weight: float, seed: int) -> None:
        super().__init__(items, settings)
        self.register_buffer("titles", titles, persistent=False)  # Kindle: 756 MB, on the model's device
        self.ed_weight = ed_weight
        with torch.random.fork_rng():  # so that the weights shared with SASRec start the same without distillation
            torch.manual_seed(seeds.derive(seed, "collaborative embedding"))
            self.collaborative = nn.Linear(titles.shape[1], settings.dim, bias=False)

    def embed(self, window: Tensor) -> Tensor:
        """Return (B, L, D) input embeddings of a window (B, L), with collaborative embedding distillation."""
        if self.ed_weight == 0:
            return super().embed(window)
        # Project each distinct item once.
        used, place = window.unique(return_inverse=True)
        return super().embed(window) + self.ed_weight * self.collaborative(self.titles[used])[place]


class Dllm2rec(Sasrec):
    """The method DLLM2Rec: SASRec trained with both distillations.

    With both weights zero it is SASRec with DLLM2Rec's negatives.
    """

    def __init__(self, settings: DistillationSettings, teacher: Teacher, seed: int) -> None:
        self.settings, self.seed, self.k = settings, seed, teacher.items.shape[1]
        self.place = torch.from_numpy(teacher.place)
        self.items = torch.from_numpy(teacher.items.astype(np.int64))
        self.titles = torch.from_numpy(teacher.titles)
        fixed = settings.gamma_position * position_importance(self.k, settings.position_lambda)
        fixed = fixed + settings.gamma_confidence * confidence_importance(teacher.distance)
        self.fixed = torch.from_numpy(fixed).float()

    def build(self, items: int, train: Windows, settings: EncoderSettings) -> Encoder:
        """Build SASRec's network with projected title embeddings."""
        return DistilledEncoder(items, settings, self.titles, self.settings.ed_weight, self.seed)

    def negatives(self, rng: np.random.Generator, windows: Windows, items: int, size: int) -> Iterable[Tensor]:
        """Draw (B,) items for each batch of `size` rows, none of which is its row's target or in its window."""
        return torch.from_numpy(unseen_negatives(rng, windows, items)).split(size)

    def loss(self, model: Encoder, batch: Batch) -> Tensor:
        """Return L = L_BCE + lam L_dist, a scalar."""
        state = model(batch.window, batch.length)
        loss = next_item_loss(model, state, batch)
        self.place, self.items, self.fixed = (table.to(state.device) for table in (self.place, self.items, self.fixed))
        place = self.place[batch.row]
        taught = (place >= 0).nonzero()[:, 0]
        if self.settings.lam == 0 or not len(taught):
            return loss
        distilled = self.ranking_distillation(model, state[taught], place[taught], batch.negative[taught])
        return loss + self.settings.lam * distilled / len(batch.row)

    def ranking_distillation(self, model: Encoder, state: Tensor, place: Tensor, negative: Tensor) -> Tensor:
        """Return the importance-aware ranking distillation, a scalar, summed over rows.

        It is the sum of w_r [-ln sigma(s_c_r) - ln sigma(-s_neg)] over ranks r and rows. `state` (B, D), `place` (B,)
        in the teacher's tables and `negative` (B,) are of rows with a prediction of the teacher.
        """
        items = self.items[place]
        score = model.score(state, items)
        against = model.score(state, negative[:, None])
        return (
            self.importance(model, state, place) * (functional.softplus(-score) + functional.softplus(against))
        ).sum()

    @torch.no_grad()
    def importance(self, model: Encoder, state: Tensor, place: Tensor) -> Tensor:
        """Return w = gamma_p w^p + gamma_c w^c + gamma_o w^o over the K items, scaled to sum to 1; (B, K).

        Consistency w^o_r is 1 where the teacher's item is among the student's current top K items.
        """
        own = top_items(model, state, self.k)
        consistent = (self.items[place][:, :, None] == own[:, None, :]).any(dim=2)
        weight = self.fixed[place] + self.settings.gamma_consistency * consistent
        return weight / weight.sum(dim=1, keepdim=True)

    def finished(self, model: Encoder) -> Encoder:
        """Fold the projected title embeddings into the item embeddings, and return a plain encoder for ranking."""
        if not isinstance(model, DistilledEncoder) or self.settings.ed_weight == 0:
            return plain(model)
        with torch.no_grad():
            model.item.weight += self.settings.ed_weight * model.collaborative(model.titles)
        return plain(model)


def top_items(model: Encoder, state: Tensor, k: int) -> Tensor:
    """Return the ids (B, K) of the K items with the highest scores for states (B, D), or all items if there are fewer.

    Items are scored in blocks, keeping the best so far: all scores of 256 rows and 61,528 items would take 63 MB.
    """
    best = state.new_empty((len(state), 0))
    item = torch.empty((len(state), 0), dtype=torch.long, device=state.device)
    for start in range(0, len(model.output.weight), ITEMS_AT_ONCE):
        block = slice(start, start + ITEMS_AT_ONCE)
        score = functional.linear(state, model.output.weight[block], model.output.bias[block])
        own = score.topk(min(k, score.shape[1]), dim=1)
        best, item = torch.cat([best, own.values], dim=1), torch.cat([item, own.indices + start + 1], dim=1)
        best, place = best.topk(min(k, best.shape[1]), dim=1)
        item = item.gather(1, place)
    return item


def plain(model: Encoder) -> Encoder:
    """Remove the projection from the encoder."""
    del model.collaborative
    return model
