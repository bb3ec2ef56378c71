"""Controls of SOFT with another schedule of tau, each against values derived by hand."""

import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from common.errors import SoftrecError
from softrec.io.checkpoints import Checkpoint
from softrec.llm.language_model import LanguageModel, adapter_state
from softrec.tuning.checkpointing import Saver
from softrec.tuning.epoch_loop import Tuner
from softrec.tuning.objectives import SoftObjective
from softrec.tuning.schedule import Constant, EpochFacts
from softrec.tuning.strategies import distil_first, soft_by_epoch, soft_half
from softrec.tuning.strategies.soft_by_validation import ByValidation, ValidationLoss
from tuning_run import RESPONSES, NoCheckpoint, Scripted, fitted, flat, new_tuner

NewLlm = Callable[[], LanguageModel]
VALID = [[1, 25, 26], [1, 35, 36, 37, 38], [1, 45]], [[85, 86, 2], [87, 2], [88, 89, 90, 91, 2]]


class Titles:
    """A run of five epochs whose titles are those of the epoch loop's tests."""

    settings = SimpleNamespace(loop=SimpleNamespace(epochs=5))

    def true_titles(self) -> list[list[int]]:
        """The titles y."""
        return RESPONSES["y"]

    def self_distilled_titles(self) -> list[list[int]]:
        """The titles yhat."""
        return RESPONSES["yhat"]


def taus(strategy: Any, epochs: int) -> list[float]:
    """Tau of each epoch by a strategy that measures nothing."""
    assert strategy.responses == RESPONSES
    schedule = strategy.schedule()
    return [schedule(epoch, None).tau for epoch in range(1, epochs + 1)]


def test_half_weighs_both_kinds_alike_in_every_epoch() -> None:
    """Titles with l = -6 over 3 tokens and l = -8 over 2 have losses 2 and 4: L = 1/2 2 + 1/2 4 = 3."""
    strategy = soft_half.prepare(soft_half.Options(), Titles())  # type: ignore[arg-type]
    assert taus(strategy, 3) == [0.5, 0.5, 0.5]
    facts = strategy.schedule()(2, None)  # type: ignore[arg-type]
    objective = SoftObjective("mean")
    assert objective.kinds(facts) == ("y", "yhat")
    n = objective.denominators({"y": 3, "yhat": 2}, 1)
    assert objective.loss(torch.tensor([[-6.0, -8.0]]), [0], n, facts).item() == pytest.approx(3.0)  # type: ignore[arg-type]


def test_one_epoch_of_distillation_comes_before_true_titles_alone(new_llm: NewLlm) -> None:
    """Tau = 1, 0, 0: the first epoch is that of SOFT w/o SA to the bit; the second begins there and reads y alone."""
    strategy = distil_first.prepare(distil_first.Options(), Titles())  # type: ignore[arg-type]
    assert taus(strategy, 3) == [1.0, 0.0, 0.0]
    found = [Scripted((0.1, 0.1), (0.1, 0.1)) for _ in range(2)]
    new_tuner(new_llm).fit(strategy.schedule(), found[0], NoCheckpoint())
    new_tuner(new_llm).fit(Constant(1.0), found[1], NoCheckpoint())
    assert torch.equal(found[0].adapters[0], found[1].adapters[0])
    assert not torch.equal(found[0].adapters[1], found[1].adapters[1])
    other = {"y": RESPONSES["y"], "yhat": RESPONSES["yhat"]}

    def until_epoch_2(epoch: int, llm: LanguageModel) -> EpochFacts:
        other["yhat"] = [[2]] * 6 if epoch == 2 else other["yhat"]
        return EpochFacts(1.0 if epoch == 1 else 0.0)

    assert torch.equal(fitted(new_tuner(new_llm, other), until_epoch_2), found[0].adapters[1])


def test_tau_by_epoch_by_hand() -> None:
    """Alpha = 2 and T = 5: tau = exp(-2 (t - 1) / 4), so 1, e^-0.5, e^-1, e^-1.5, e^-2. With T = 1 there is epoch 1."""
    strategy = soft_by_epoch.prepare(soft_by_epoch.Options(2.0), Titles())  # type: ignore[arg-type]
    assert taus(strategy, 5) == pytest.approx([1.0, *(math.exp(-power) for power in (0.5, 1.0, 1.5, 2.0))])
    assert soft_by_epoch.tau(1, 1, 2.0) == 1.0


@pytest.mark.parametrize(("loss", "tau"), [(3.0, math.exp(-0.5)), (4.0, 1.0), (5.0, 1.0)])
def test_tau_by_validation_by_hand(loss: float, tau: float) -> None:
    """Alpha = 2 and L_0 = 4: exp(2 (3/4 - 1)) = e^-0.5; at or above L_0 it is clipped to 1. Epoch 1 is not asked."""
    schedule = ByValidation(2.0, 4.0, lambda llm: loss)
    assert schedule(1, None) == EpochFacts(1.0, loss_t=4.0, loss_0=4.0)  # type: ignore[arg-type]
    assert schedule(2, None) == EpochFacts(pytest.approx(tau), loss_t=loss, loss_0=4.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("losses", [(4.0, math.nan), (4.0, math.inf), (0.0, 1.0)])
def test_losses_without_a_tau_are_refused(losses: tuple[float, float]) -> None:
    """min(0, nan) is 0 in Python, which would be tau = 1."""
    with pytest.raises(SoftrecError, match="tau is not defined for the losses"):
        ByValidation(1.0, losses[0], lambda llm: losses[1])(2, None)  # type: ignore[arg-type]


def test_the_validation_loss_is_the_mean_over_tokens(llm: LanguageModel) -> None:
    """Transformers' loss is a mean over a title's tokens: their sum over titles of 3, 2 and 5 tokens, over 10."""
    total = 0.0
    for prompt, title in zip(*VALID, strict=True):
        ids = torch.tensor([prompt + title])
        labels = ids.clone()
        labels[0, : len(prompt)] = -100
        with torch.no_grad():
            total += len(title) * llm.model(input_ids=ids, labels=labels).loss.item()
    for batch_size in (1, 2, 3):
        assert ValidationLoss(*VALID, batch_size)(llm) == pytest.approx(total / 10, rel=1e-5)


def by_validation(tuner: Tuner) -> ByValidation:
    """The schedule as a run builds it: before anything is loaded from a checkpoint."""
    probe = ValidationLoss(*VALID, 2)
    return ByValidation(3.0, probe(tuner.llm), probe)


def test_a_resumed_run_by_validation_ends_where_an_uninterrupted_one_does(new_llm: NewLlm, tmp_path: Path) -> None:
    """Adapter, tau, L_t and L_0 are the same to the bit: L_0 is measured again on the base model, L_t is not lost."""
    results, loop = [(0.1, 0.1)] * 3, {"epochs": 3, "dropout": 0.3}
    whole = new_tuner(new_llm, **loop)
    expected = whole.fit(by_validation(whole), Scripted(*results), NoCheckpoint())
    assert 0 < expected[1]["tau"] < 1
    assert expected[0]["loss_t"] == expected[0]["loss_0"] > expected[1]["loss_t"]

    stopped = new_tuner(new_llm, **loop)
    checkpoint = Checkpoint(tmp_path / "adapter", "k" * 64)
    with pytest.raises(InterruptedError):
        stopped.fit(by_validation(stopped), Scripted(results[0], InterruptedError()), Saver(checkpoint, 10))
    torch.manual_seed(99)
    resumed = new_tuner(new_llm, **loop)
    lines = resumed.fit(by_validation(resumed), Scripted(*results[1:]), Saver(checkpoint, 10))
    without = [{key: value for key, value in line.items() if key != "seconds"} for line in lines]
    assert without == [{key: value for key, value in line.items() if key != "seconds"} for line in expected]
    assert torch.equal(flat(adapter_state(resumed.llm)), flat(adapter_state(whole.llm)))
