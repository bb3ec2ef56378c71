"""The losses of the paper as functions of log-likelihoods and token counts, without a model.

l is the summed log-likelihood of a response with its EOS. Sums run over the rows of the global batch. The denominator
N of each kind of response is its number of tokens in the whole global batch, so the losses of micro-batches and ranks
sum to the loss of the global batch.
"""

from typing import Literal

import torch

Reduction = Literal["mean", "sum"]


def sft(l_y: torch.Tensor, n_y: float) -> torch.Tensor:
    """Return L_SFT = -sum_i l(y_i) / N_y (section 2.2; N_y = 1 is the sum that the paper prints)."""
    return -l_y.sum() / n_y


def sdft(l_yhat: torch.Tensor, n_yhat: float) -> torch.Tensor:
    """Return L_SDFT = -sum_i l(yhat_i) / N_yhat: the same loss on self-distilled data (section 3.2)."""
    return -l_yhat.sum() / n_yhat


def soft(l_y: torch.Tensor, l_yhat: torch.Tensor, n_y: float, n_yhat: float, tau: float) -> torch.Tensor:
    """Return L_SOFT = (1 - tau) L_SFT + tau L_SDFT (section 3.2). tau = 0 is SFT, tau = 1 is SOFT w/o SA."""
    return (1 - tau) * sft(l_y, n_y) + tau * sdft(l_yhat, n_yhat)


def needed(tau: float) -> tuple[str, ...]:
    """Return the kinds of response with a non-zero weight in L_SOFT at this tau; others need no forward pass."""
    if tau >= 1:
        return ("yhat",)
    return ("y",) if tau <= 0 else ("y", "yhat")


def denominator(tokens: int, reduction: Reduction) -> float:
    """Return N of a kind of response: its tokens in the global batch, or 1 for the paper's plain sum."""
    return float(max(tokens, 1)) if reduction == "mean" else 1.0
