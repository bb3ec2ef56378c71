"""DROS (Yang et al., 2023): SASRec made robust to a shift of the items' distribution.

The loss of SASRec plus alpha times a distributionally robust term, whose nominal distribution is the items' popularity.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from softrec.sequential.encoder import Encoder, EncoderSettings
from softrec.sequential.fit import FitSettings
from softrec.sequential.sasrec import Batch, Sasrec, next_item_loss
from softrec.sequential.windows import Windows


@dataclass(frozen=True)
class DrosSettings:
    """DROS's run: SASRec's `fit`, and its own three numbers.

    alpha: candidate of the robust term's weight, or null for the chosen one; 0 is SASRec. beta: its temperature (1.0).
    popularity_power: exponent of the items' popularity in the nominal distribution (0.05).
    """

    fit: FitSettings
    alpha: float | None
    beta: float
    popularity_power: float


def nominal_distribution(target: np.ndarray, items: int, power: float) -> Tensor:
    """p_i = ((n_i + 1) / sum_j (n_j + 1))^power with n_i the times that item i is a training target; (items,)."""
    count = np.bincount(target, minlength=items + 1)[1:] + 1
    return torch.from_numpy((count / count.sum()) ** power).float()


def robust_loss(score: Tensor, target: Tensor, p: Tensor, beta: float) -> Tensor:
    """mean_b log[ sum_{i != y} exp(p_i s_i^2 / beta) + exp(p_y (s_y - 1)^2 / beta) ], summed in logarithms.

    The exponentials themselves leave float32 at scores of about 12.

    Args:
        score: (B, N) scores of the items 1..N. target: (B,) ids of the next items. p: (N,) nominal distribution.
    """
    score = score.float()
    wanted = functional.one_hot(target - 1, score.shape[1])
    return torch.logsumexp(p * (score - wanted) ** 2 / beta, dim=1).mean()


class Dros(Sasrec):
    """SASRec's network, trained with the robust term."""

    def __init__(self, alpha: float, beta: float, popularity_power: float) -> None:
        self.alpha, self.beta, self.power = alpha, beta, popularity_power

    def build(self, items: int, train: Windows, settings: EncoderSettings) -> Encoder:
        """SASRec's network; the popularity of the training targets is kept for the loss."""
        self.p = nominal_distribution(train.target, items, self.power)
        return super().build(items, train, settings)

    def loss(self, model: Encoder, batch: Batch) -> Tensor:
        """L = L_BCE + alpha L_DRO, a scalar."""
        state = model(batch.window, batch.length)
        loss = next_item_loss(model, state, batch)
        if self.alpha == 0:
            return loss
        score = functional.linear(state, model.output.weight, model.output.bias)
        return loss + self.alpha * robust_loss(score, batch.target, self.p, self.beta)
