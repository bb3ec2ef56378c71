"""DROS: the robust term by hand, safe where exponentials are not, and SASRec where alpha is 0."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from softrec.checkpoints import Checkpoint
from softrec.sequential.dros import Dros, nominal_distribution, robust_loss
from test_fit import trainer


def test_nominal_distribution() -> None:
    """Targets 1, 1, 3 of three items: n = (2, 0, 1), n + 1 = (3, 1, 2) of 6, to the power 1/2."""
    p = nominal_distribution(np.array([1, 1, 3]), 3, 0.5)
    assert p.tolist() == pytest.approx([math.sqrt(3 / 6), math.sqrt(1 / 6), math.sqrt(2 / 6)])


def test_robust_loss_by_hand() -> None:
    """Scores (2, 1), target 2, p = (0.5, 0.8), beta 2: log[exp(0.5 * 2^2 / 2) + exp(0.8 * 0^2 / 2)] = log(e + 1)."""
    loss = robust_loss(torch.tensor([[2.0, 1.0]]), torch.tensor([2]), torch.tensor([0.5, 0.8]), 2.0)
    assert loss.item() == pytest.approx(math.log(math.e + 1))


def test_robust_loss_is_a_mean_over_rows() -> None:
    """p = (1, 1), beta 1, target 1: scores (1, 2) give log[e^0 + e^4], scores (0, 0) log[e^1 + e^0]."""
    scores = torch.tensor([[1.0, 2.0], [0.0, 0.0]])
    loss = robust_loss(scores, torch.tensor([1, 1]), torch.ones(2), 1.0)
    assert loss.item() == pytest.approx((math.log(1 + math.e**4) + math.log(math.e + 1)) / 2)


def test_scores_beyond_the_exponential_stay_finite() -> None:
    """exp(100^2) overflows any float; its logarithm beside smaller terms is 100^2."""
    loss = robust_loss(torch.tensor([[100.0, 0.0]]), torch.tensor([2]), torch.ones(2), 1.0)
    assert loss.item() == pytest.approx(10_000.0)


def test_alpha_zero_is_sasrec_bit_for_bit(tmp_path: Path) -> None:
    """The same weights after training, whatever beta is; with alpha 1 they are others."""
    weights = []
    for name, method in (("sasrec", None), ("zero", Dros(0.0, 3.0, 0.05)), ("one", Dros(1.0, 1.0, 0.05))):
        one = trainer(method=method)
        one.fit(Checkpoint(tmp_path / name, "key"))
        weights.append(one.model.state_dict())
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])
    assert not all(torch.equal(weights[0][key], weights[2][key]) for key in weights[0])
