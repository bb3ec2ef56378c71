"""DROS: the robust term by hand, safe where exponentials are not, and SASRec where alpha is 0."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from circle_of_items import trainer
from softrec.io.checkpoints import Checkpoint
from softrec.sequential import dros
from softrec.sequential.dros import Dros, RobustLoss, nominal_distribution


def test_nominal_distribution() -> None:
    """Targets 1, 1, 3 of three items: n = (2, 0, 1), n + 1 = (3, 1, 2) of 6, to the power 1/2."""
    p = nominal_distribution(np.array([1, 1, 3]), 3, 0.5)
    assert p.tolist() == pytest.approx([math.sqrt(3 / 6), math.sqrt(1 / 6), math.sqrt(2 / 6)])


def robust_loss(score: torch.Tensor, target: torch.Tensor, p: torch.Tensor, beta: float) -> torch.Tensor:
    """The term of given scores (B, N): states that are the scores, and the unit matrix for an output layer."""
    items = score.shape[1]
    return RobustLoss.apply(score, torch.eye(items), torch.zeros(items), target, p / beta)


def as_it_reads(score: torch.Tensor, target: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """The term over all scores (B, N) at once, scale (N,) being p / beta."""
    wanted = torch.nn.functional.one_hot(target - 1, score.shape[1])
    return torch.logsumexp(scale * (score - wanted) ** 2, dim=1).mean()


def test_robust_loss_by_hand() -> None:
    """Scores (2, 1), target 2, p = (0.5, 0.8), beta 2: log[exp(0.5 * 2^2 / 2) + exp(0.8 * 0^2 / 2)] = log(e + 1)."""
    loss = robust_loss(torch.tensor([[2.0, 1.0]]), torch.tensor([2]), torch.tensor([0.5, 0.8]), 2.0)
    assert loss.item() == pytest.approx(math.log(math.e + 1))


def test_robust_loss_is_a_mean_over_rows() -> None:
    """P = (1, 1), beta 1, target 1: scores (1, 2) give log[e^0 + e^4], scores (0, 0) log[e^1 + e^0]."""
    scores = torch.tensor([[1.0, 2.0], [0.0, 0.0]])
    loss = robust_loss(scores, torch.tensor([1, 1]), torch.ones(2), 1.0)
    assert loss.item() == pytest.approx((math.log(1 + math.e**4) + math.log(math.e + 1)) / 2)


def test_scores_beyond_the_exponential_stay_finite() -> None:
    """exp(100^2) overflows any float; its logarithm beside smaller terms is 100^2."""
    loss = robust_loss(torch.tensor([[100.0, 0.0]]), torch.tensor([2]), torch.ones(2), 1.0)
    assert loss.item() == pytest.approx(10_000.0)


def scored(rows: int, items: int, seed: int, dtype: torch.dtype = torch.float32) -> tuple[torch.Tensor, ...]:
    """State, weight, bias, targets and p / beta of a random model."""
    draw = torch.Generator().manual_seed(seed)
    state, weight, bias = (
        torch.randn(shape, generator=draw, dtype=dtype) for shape in ((rows, 8), (items, 8), (items,))
    )
    target = torch.randint(1, items + 1, (rows,), generator=draw)
    return state, weight, bias, target, torch.rand(items, generator=draw, dtype=dtype)


def gradients(loss: torch.Tensor, of: tuple[torch.Tensor, ...]) -> list[torch.Tensor]:
    """The loss, and its gradients times 3: what comes from above is passed on."""
    return [loss.detach(), *torch.autograd.grad(3 * loss, of)]


@given(st.integers(0, 10_000), st.integers(1, 9), st.integers(2, 60), st.integers(1, 70))
def test_the_loss_in_blocks_is_the_loss(seed: int, rows: int, items: int, block: int) -> None:
    """Whatever the blocks, with several rows to a target: the term as it reads, and autograd's gradients of it.

    In float64, to 1e-10 of the largest entry.
    """
    state, weight, bias, target, scale = scored(rows, items, seed, torch.float64)
    of = tuple(tensor.requires_grad_() for tensor in (state, weight, bias))
    expected = gradients(as_it_reads(state @ weight.T + bias, target, scale), of)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dros, "ITEMS_AT_ONCE", block)
        found = gradients(RobustLoss.apply(*of, target, scale), of)
    for one, other in zip(found, expected, strict=True):
        assert (one - other).abs().max() <= 1e-10 * max(1.0, float(other.abs().max()))


def test_gradients_in_blocks_are_those_of_finite_differences(monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch's own check in float64, over three blocks of at most three items."""
    monkeypatch.setattr(dros, "ITEMS_AT_ONCE", 3)
    state, weight, bias, target, scale = scored(4, 7, 1, torch.float64)
    of = tuple(tensor.requires_grad_() for tensor in (state, weight, bias))
    assert torch.autograd.gradcheck(lambda *x: RobustLoss.apply(*x, target, scale), of)


def test_float32_in_blocks_is_near_float64() -> None:
    """A batch of 256 over 5,335 items: loss and gradients to 1e-4 of the largest entry of float64's.

    Scores reach 13 and their squares 170, where float32's step is 1.5e-5: a share exp(z - log-sum) is as exact as that.
    """
    inputs = scored(256, 5335, 2)
    exact = tuple(tensor.double().requires_grad_() for tensor in inputs[:3])
    expected = gradients(RobustLoss.apply(*exact, inputs[3], inputs[4].double()), exact)
    of = tuple(tensor.requires_grad_() for tensor in inputs[:3])
    for one, other in zip(gradients(RobustLoss.apply(*of, *inputs[3:]), of), expected, strict=True):
        assert (one.double() - other).abs().max() <= 1e-4 * other.abs().max()


def test_blocks_stay_finite_where_exponentials_do_not() -> None:
    """A target of score 101, scale 1: log exp(100^2) = 10,000, whose slope in the target's bias is 2 * 100."""
    state, weight, bias = torch.zeros(1, 8), torch.zeros(2, 8), torch.tensor([0.0, 101.0]).requires_grad_()
    loss = RobustLoss.apply(state, weight, bias, torch.tensor([2]), torch.ones(2))
    assert loss.item() == pytest.approx(10_000.0)
    assert torch.autograd.grad(loss, bias)[0].tolist() == pytest.approx([0.0, 200.0])


def test_no_array_of_all_scores_is_made() -> None:
    """512 rows and 20,000 items have 41 MB of scores. The weight's gradient is 0.64 MB, a block of scores 2.1 MB."""
    state, weight, bias, target, scale = scored(512, 20_000, 3)
    of = tuple(tensor.requires_grad_() for tensor in (state, weight, bias))
    with torch.profiler.profile(profile_memory=True) as profile:
        gradients(RobustLoss.apply(*of, target, scale), of)
    allocated = [event.cpu_memory_usage for event in profile.events()]
    assert 0 < max(allocated) < 10e6


def test_alpha_zero_is_sasrec_bit_for_bit(tmp_path: Path) -> None:
    """The same weights after training, whatever beta is; with alpha 1 they are others."""
    weights = []
    for name, method in (("sasrec", None), ("zero", Dros(0.0, 3.0, 0.05)), ("one", Dros(1.0, 1.0, 0.05))):
        one = trainer(method=method)
        one.fit(Checkpoint(tmp_path / name, "key"))
        weights.append(one.model.state_dict())
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])
    assert not all(torch.equal(weights[0][key], weights[2][key]) for key in weights[0])
