"""DROS (Yang et al., 2023): SASRec made robust to a shift of the item distribution.

The loss is SASRec's plus alpha times a distributionally robust term whose nominal distribution is item popularity.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from softrec.sequential.encoder import Encoder, EncoderSettings
from softrec.sequential.sasrec import Batch, Sasrec, next_item_loss
from softrec.sequential.windows import Windows

ITEMS_AT_ONCE = 1024  # a block of scores for a batch of 256 is 1 MB, which fits into a core's cache


@dataclass(frozen=True)
class Options:
    """Hyperparameters of DROS.

    Attributes:
        alpha: weight of the robust term, selected on validation; with 0 DROS is SASRec.
        beta: temperature of the robust term (1.0).
        popularity_power: exponent of the items' popularity in the nominal distribution (0.05).
    """

    alpha: float
    beta: float
    popularity_power: float


def nominal_distribution(target: np.ndarray, items: int, power: float) -> Tensor:
    """Return p_i = ((n_i + 1) / sum_j (n_j + 1))^power, (items,); n_i counts item i among the training targets."""
    count = np.bincount(target, minlength=items + 1)[1:] + 1
    return torch.from_numpy((count / count.sum()) ** power).float()


class RobustLoss(torch.autograd.Function):
    """mean_b log[ sum_{i != y} exp(p_i s_i^2 / beta) + exp(p_y (s_y - 1)^2 / beta) ] of the scores s = W h_b + c.

    The sum is computed by logsumexp, because the exponentials overflow float32 at scores of about 12. With 61,528 items
    and a batch of 256 the scores alone take 63 MB, and autograd would store four such arrays. Instead blocks of scores
    of 1 MB are computed twice, once for the sum and once for the gradient
    dL/ds_bi = softmax_i(z_b) 2 p_i s_bi / (beta B), where z_bi = p_i s_bi^2 / beta and s_by is the target's score
    minus 1.
    """

    @staticmethod
    def forward(ctx: Any, state: Tensor, weight: Tensor, bias: Tensor, target: Tensor, scale: Tensor) -> Tensor:
        """Return the loss, a scalar.

        Args:
            ctx: autograd's context.
            state: (B, D) states h.
            weight: (N, D) output weights W of the items 1..N.
            bias: (N,) output biases c.
            target: (B,) item ids.
            scale: (N,) p / beta.
        """
        parts = [
            torch.logsumexp(score.square_().mul_(scale[items]), dim=1)
            for items, score in shifted_scores(state, weight, bias, target)
        ]
        total = torch.logsumexp(torch.stack(parts), dim=0)
        ctx.save_for_backward(state, weight, bias, target, scale, total)
        return total.mean()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of state (B, D), weight (N, D) and bias (N,)."""
        state, weight, bias, target, scale, total = ctx.saved_tensors
        of_state, of_weight, of_bias = torch.zeros_like(state), torch.empty_like(weight), torch.empty_like(bias)
        factor = 2 * gradient / len(state)
        for items, score in shifted_scores(state, weight, bias, target):
            slope = score * scale[items]
            share = score.mul_(slope).sub_(total[:, None]).exp_()
            slope.mul_(share).mul_(factor)
            of_state.addmm_(slope, weight[items])
            torch.mm(slope.T, state, out=of_weight[items])
            torch.sum(slope, dim=0, out=of_bias[items])
        return of_state, of_weight, of_bias, None, None


def shifted_scores(state: Tensor, weight: Tensor, bias: Tensor, target: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Yield blocks of items with their scores (B, block), minus 1 where the item is the row's target."""
    column, row = (target - 1).sort()
    starts = range(0, len(weight), ITEMS_AT_ONCE)
    bounds = torch.searchsorted(column, torch.tensor([*starts, len(weight)], device=column.device)).tolist()
    for start, first, end in zip(starts, bounds, bounds[1:], strict=False):
        items = slice(start, min(start + ITEMS_AT_ONCE, len(weight)))
        score = torch.addmm(bias[items], state, weight[items].T)
        score[row[first:end], column[first:end] - start] -= 1
        yield items, score


class Dros(Sasrec):
    """The method DROS: SASRec's network, trained with the robust term."""

    def __init__(self, alpha: float, beta: float, popularity_power: float) -> None:
        self.alpha, self.beta, self.power = alpha, beta, popularity_power

    def build(self, items: int, train: Windows, settings: EncoderSettings) -> Encoder:
        """Build SASRec's network, and store the popularity of the training targets for the loss."""
        self.p = nominal_distribution(train.target, items, self.power)
        return super().build(items, train, settings)

    def loss(self, model: Encoder, batch: Batch) -> Tensor:
        """Return L = L_BCE + alpha L_DRO, a scalar."""
        state = model(batch.window, batch.length)
        loss = next_item_loss(model, state, batch)
        if self.alpha == 0:
            return loss
        self.p = self.p.to(state.device)
        scale = self.p / self.beta
        return loss + self.alpha * RobustLoss.apply(state, model.output.weight, model.output.bias, batch.target, scale)


def method(options: Options) -> Dros:
    """Return the method with its options."""
    return Dros(options.alpha, options.beta, options.popularity_power)
