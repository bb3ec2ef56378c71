"""Learning rates: those of transformers' schedulers, update by update."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from transformers import get_constant_schedule_with_warmup, get_cosine_schedule_with_warmup

from softrec.tuning.engine import OptimiserSettings, TorchEngine
from softrec.tuning.epoch_loop import LoopSettings
from softrec.tuning.preference import Updates
from softrec.tuning.settings import TuningSettings
from tuning_run import LOOP

SETTINGS = OptimiserSettings(learning_rate=0.1, warmup_steps=20, weight_decay=0.0, gradient_clip=1.0)


def rates_of(make: Any, updates: int, **options: int) -> list[float]:
    """The rates with which an optimiser under one of transformers' schedulers makes its updates."""
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    scheduler, found = make(optimiser, **options), []
    for _ in range(updates):
        found.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step()
    return found


@pytest.mark.parametrize("warmup", [0, 1, 20])
def test_the_rate_is_that_of_constant_with_warmup(warmup: int) -> None:
    """With 20 steps: 0, 0.005, 0.010 ... 0.095, then 0.1; without any 0.1 at once."""
    settings = replace(SETTINGS, warmup_steps=warmup)
    expected = rates_of(get_constant_schedule_with_warmup, 30, num_warmup_steps=warmup)
    assert [settings.rate(step) for step in range(30)] == pytest.approx(expected, abs=1e-15)
    assert settings.rate(0) == (0.0 if warmup else 0.1)
    assert settings.rate(25) == 0.1


@pytest.mark.parametrize(("warmup", "updates"), [(0, 10), (3, 48), (3, 3), (5, 4)])
def test_the_rate_is_that_of_cosine(warmup: int, updates: int) -> None:
    """From the warm-up's end down to zero at the last update's end."""
    settings = replace(SETTINGS, warmup_steps=warmup, cosine_steps=updates)
    options = {"num_warmup_steps": warmup, "num_training_steps": updates}
    expected = rates_of(get_cosine_schedule_with_warmup, updates, **options)
    assert [settings.rate(step) for step in range(updates)] == pytest.approx(expected, abs=1e-15)
    if warmup < updates:
        assert settings.rate(updates) == pytest.approx(0.0, abs=1e-15)


def test_an_update_is_made_with_the_rate_of_its_number() -> None:
    """AdamW's first updates of a constant gradient move a weight by the rate each: 0, 0.05, 0.1, 0.1 of 0.1."""
    engine = TorchEngine(torch.nn.Linear(1, 1, bias=False), replace(SETTINGS, warmup_steps=2))
    before, moved = engine.parameters[0].item(), []
    for _ in range(4):
        engine.backward(engine(torch.ones(1, 1)).sum())
        engine.step()
        moved.append(before - engine.parameters[0].item())
        before = engine.parameters[0].item()
    assert moved == pytest.approx([0, 0.05, 0.1, 0.1], abs=1e-6)


@pytest.mark.parametrize(("schedule", "last"), [("cosine", 0.1 * 0.5 * (1 - 0.99756)), ("constant", 0.1)])
def test_sdpos_schedule_is_counted_in_its_own_updates(schedule: Any, last: float) -> None:
    """4,096 rows in batches of 256, three epochs: 48 updates; 5 % of them, rounded up, are 3 of warm-up.

    The last one follows 47: 44 of the 45 after the warm-up are done, cos(44 pi / 45) = -0.99756.
    """
    loop = LoopSettings(**{**LOOP, "epochs": 3, "global_batch_size": 256})
    tuning = TuningSettings(None, None, SETTINGS, loop, None)  # type: ignore[arg-type]
    run = Updates(schedule, 0.05).applied(tuning, 4096)
    assert run.optimiser.warmup_steps == 3
    assert [run.optimiser.rate(step) for step in (0, 3)] == [0.0, 0.1]
    assert run.optimiser.rate(47) == pytest.approx(last, abs=1e-6)
    assert run.loop == loop
