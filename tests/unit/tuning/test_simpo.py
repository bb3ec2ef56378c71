"""SimPO against its formula, and its objective in micro batches."""

import math

import numpy as np
import pytest
import torch

from softrec.tuning.schedule import EpochFacts
from softrec.tuning.strategies.simpo import SimpoObjective, simpo

FACTS = EpochFacts()


def test_the_loss_is_the_papers() -> None:
    """Beta = 2, gamma = 1: -log sigma(2 (-1) - 2 (-2) - 1) = -log sigma(1) = log(1 + e^-1) = 0.3133.

    With equal means only the margin is left: log(1 + e^1) = 1.3133.
    """
    chosen = torch.tensor([-1.0, -1.0])
    found = simpo(chosen, torch.tensor([[-2.0], [-1.0]]), beta=2.0, gamma_beta_ratio=0.5)
    assert found.tolist() == pytest.approx([math.log1p(math.exp(-1)), math.log1p(math.e)])


def test_several_negatives_are_averaged() -> None:
    """The mean of the two losses above."""
    found = simpo(torch.tensor([-1.0]), torch.tensor([[-2.0, -1.0]]), 2.0, 0.5)
    assert found.item() == pytest.approx((math.log1p(math.exp(-1)) + math.log1p(math.e)) / 2)


def test_the_objective_divides_by_each_responses_own_length() -> None:
    """Row 1: -6 over 3 tokens and -8 over 2 are means of -2 and -4: -log sigma(2 (-2 + 4 - 0.5)) = log(1 + e^-3).

    The rows of a global batch of 4 are averaged, so one row contributes a quarter.
    """
    tokens = torch.tensor([[1.0, 1.0], [3.0, 2.0]])
    objective = SimpoObjective(("chosen", "rejected 1"), tokens, 2.0, 0.5)
    n = objective.denominators({"chosen": 12, "rejected 1": 8}, 4)
    found = objective.loss(torch.tensor([[-6.0, -8.0]]), np.array([1]), n, FACTS)
    assert found.item() == pytest.approx(math.log1p(math.exp(-3)) / 4)
    assert objective.kinds(FACTS) == ("chosen", "rejected 1")


def test_the_gradient_raises_the_true_title_and_lowers_the_negative() -> None:
    """By the sign of the derivative with respect to both log-likelihoods."""
    likelihood = torch.tensor([[-6.0, -8.0]], requires_grad=True)
    objective = SimpoObjective(("chosen", "rejected 1"), torch.tensor([[3.0, 2.0]]), 2.0, 0.5)
    objective.loss(likelihood, np.array([0]), {"rows": 1.0}, FACTS).backward()
    assert likelihood.grad is not None
    assert likelihood.grad[0, 0] < 0 < likelihood.grad[0, 1]
