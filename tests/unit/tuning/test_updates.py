"""Updates of the epoch loop: independent of micro batches, equal to a plain reference, SFT and w/o SA as its ends."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from common.errors import SoftrecError
from softrec.core import seeds
from softrec.llm.language_model import LanguageModel, adapter_state
from softrec.tuning.batches import global_batches
from softrec.tuning.curriculum import SelfAdaptive
from softrec.tuning.engine import TorchEngine
from softrec.tuning.epoch_loop import Tuner
from softrec.tuning.schedule import Constant
from tuning_run import OPTIMISER, PROMPTS, RESPONSES, NoCheckpoint, Scripted, fitted, flat, new_tuner

NewLlm = Callable[[], LanguageModel]


@pytest.mark.parametrize("tau", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_micro_batches_do_not_change_the_updates(new_llm: NewLlm, tau: float, reduction: str) -> None:
    """Two epochs of batches of 4 and 2 rows are four updates; run 4, 2 or 1 rows at a time they are the same.

    A denominator per micro batch, or a gradient that is not added up, would differ from the third digit on.
    """
    start = flat(adapter_state(new_tuner(new_llm).llm))
    adapters = [
        fitted(new_tuner(new_llm, micro_batch_size=size, loss_reduction=reduction), Constant(tau)) for size in (4, 2, 1)
    ]
    assert (adapters[0] - start).abs().max() > 1e-3
    for adapter in adapters[1:]:
        torch.testing.assert_close(adapter, adapters[0], atol=1e-6, rtol=0)


def test_prompts_shared_or_not_give_the_same_updates(new_llm: NewLlm) -> None:
    """Without dropout, a prompt that is run once for y and yhat is as good as one for each."""
    adapters = [fitted(new_tuner(new_llm, share_prompt=share), Constant(0.5)) for share in (True, False)]
    torch.testing.assert_close(adapters[0], adapters[1], atol=1e-6, rtol=0)


def reference(tuner: Tuner, weights: dict[str, float]) -> torch.Tensor:
    """The adapter after two epochs of plain tuning: each sequence by itself through the model's own forward pass."""
    parameters = [p for p in tuner.llm.model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=OPTIMISER.learning_rate, weight_decay=OPTIMISER.weight_decay)
    for step, batch in enumerate(b for epoch in (1, 2) for b in global_batches(len(PROMPTS), 4, 5, epoch)):
        for group in optimiser.param_groups:
            group["lr"] = OPTIMISER.learning_rate * min(1.0, step / OPTIMISER.warmup_steps)
        optimiser.zero_grad()
        for kind, weight in weights.items():
            tokens = sum(len(RESPONSES[kind][i]) for i in batch)
            for i in batch:
                ids = torch.tensor([PROMPTS[i] + RESPONSES[kind][i]])
                labels = ids.clone()
                labels[0, : len(PROMPTS[i])] = -100
                # transformers' loss is the mean over the response's tokens
                loss = tuner.llm.model(input_ids=ids, labels=labels).loss * len(RESPONSES[kind][i])
                (weight * loss / tokens).backward()
        torch.nn.utils.clip_grad_norm_(parameters, OPTIMISER.gradient_clip)
        optimiser.step()
    return flat(adapter_state(tuner.llm))


@pytest.mark.parametrize("tau", [0.0, 0.5, 1.0])
def test_updates_are_those_of_plain_tuning(new_llm: NewLlm, tau: float) -> None:
    """Tau = 0 is SFT on y, tau = 1 SFT on yhat, and between them the token means are weighed 1 - tau to tau.

    Four updates by a straight loop over sequences, with transformers' own loss, give the same adapter.
    """
    weights = {kind: weight for kind, weight in (("y", 1 - tau), ("yhat", tau)) if weight}
    expected = reference(new_tuner(new_llm), weights)
    torch.testing.assert_close(fitted(new_tuner(new_llm), Constant(tau)), expected, atol=1e-6, rtol=0)


def test_sft_and_without_scheduler_need_one_kind_of_response(new_llm: NewLlm) -> None:
    """With tau = 0 the self-distilled responses are not even looked at, with tau = 1 the labels are not."""
    for tau, kind in ((0.0, "y"), (1.0, "yhat")):
        alone = fitted(new_tuner(new_llm, {kind: RESPONSES[kind]}), Constant(tau))
        assert torch.equal(alone, fitted(new_tuner(new_llm), Constant(tau)))


class Probe:
    """d_t = 4 whenever it is asked; counts how often."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, llm: LanguageModel) -> float:
        """Half the initial distance of 8."""
        self.asked += 1
        return 4.0


@pytest.mark.parametrize("progression", ["exponential", "linear"])
def test_the_first_epoch_of_soft_does_not_depend_on_alpha(new_llm: NewLlm, progression: Any) -> None:
    """In epoch 1 the model is the base, d_t = d_0 and tau = 1: all alphas are at the same place, that of w/o SA."""
    adapters = [
        fitted(new_tuner(new_llm, epochs=1), SelfAdaptive(alpha, progression, 8.0, Probe())) for alpha in (0.1, 100)
    ]
    assert torch.equal(adapters[0], adapters[1])
    assert torch.equal(adapters[0], fitted(new_tuner(new_llm, epochs=1), Constant(1.0)))


def test_distance_is_measured_from_the_second_epoch_on(new_llm: NewLlm) -> None:
    """Three epochs, two measurements.

    With alpha = 1 and d_t / d_0 = 4 / 8, tau = exp(-1 / 2) = 0.6065; the log has tau, d_t and d_0 of each epoch.
    """
    probe = Probe()
    schedule = SelfAdaptive(1.0, "exponential", 8.0, probe)
    lines = new_tuner(new_llm, epochs=3).fit(schedule, Scripted(*[(0.1, 0.1)] * 3), NoCheckpoint())
    assert probe.asked == 2
    assert [(line["tau"], line["d_t"], line["d_0"]) for line in lines[:3]] == [
        (1.0, 8.0, 8.0),
        (pytest.approx(0.60653, abs=1e-5), 4.0, 8.0),
        (pytest.approx(0.60653, abs=1e-5), 4.0, 8.0),
    ]


def test_the_logged_loss_is_the_mean_over_batches(new_llm: NewLlm) -> None:
    """With a learning rate so small that nothing moves, the loss of an epoch is the mean of two token means."""
    tuner = new_tuner(new_llm, epochs=1)
    tuner.engine.settings = replace(tuner.engine.settings, learning_rate=0.0)
    means = []
    with torch.no_grad():
        for batch in global_batches(len(PROMPTS), 4, 5, 1):
            total, tokens = 0.0, 0
            for i in batch:
                ids = torch.tensor([PROMPTS[i] + RESPONSES["y"][i]])
                labels = ids.clone()
                labels[0, : len(PROMPTS[i])] = -100
                count = len(RESPONSES["y"][i])
                total += tuner.llm.model(input_ids=ids, labels=labels).loss.item() * count
                tokens += count
            means.append(total / tokens)
    lines = tuner.fit(Constant(0.0), Scripted((0.1, 0.1)), NoCheckpoint())
    assert lines[0]["loss"] == pytest.approx(sum(means) / 2, abs=1e-5)


def test_an_epochs_rows_are_a_function_of_seed_and_epoch(new_llm: NewLlm) -> None:
    """The same seed gives the same adapter to the bit, another seed another one (the adapter's start is the same)."""
    first, again, other = (fitted(new_tuner(new_llm, seed=seed), Constant(0.5)) for seed in (5, 5, 6))
    assert torch.equal(first, again)
    assert (first - other).abs().max() > 1e-4


class Spoiling(TorchEngine):
    """An engine whose third update makes the adapter useless."""

    def step(self) -> float:
        """Step; in the third, overwrite a tensor with NaN."""
        norm = super().step()
        if self.steps == 3:
            torch.nn.init.constant_(self.parameters[0], float("nan"))
        return norm


def test_a_loss_that_is_not_finite_names_epoch_and_step(new_llm: NewLlm) -> None:
    """Two steps an epoch: after the third update, epoch 2 step 2 meets the NaN. No line of epoch 2 is kept.

    An attention kernel may lose a NaN on its way to the loss; the gradient has it either way.
    """
    tuner = new_tuner(new_llm, engine=Spoiling, epochs=3)
    with pytest.raises(SoftrecError, match=r"in epoch 2, step 2 of 2(.|\n)*norm is nan") as caught:
        tuner.fit(Constant(0.0), Scripted(*[(0.1, 0.1)] * 3), NoCheckpoint())
    assert caught.value.remedy is not None
    assert "learning_rate" in caught.value.remedy
    assert [line["epoch"] for line in tuner.state["lines"]] == [1]


def test_arithmetic_is_said_first(new_llm: NewLlm, capsys: pytest.CaptureFixture[str]) -> None:
    """6 rows by 4 are 2 steps; 4 rows by micro batch 2 are 2 accumulations."""
    new_tuner(new_llm, micro_batch_size=2)
    assert "6 rows / global batch 4 = 2 steps an epoch" in (said := capsys.readouterr().err)
    assert "micro batch 2 x accumulation 2" in said


def test_dropout_comes_from_its_own_stream(new_llm: NewLlm) -> None:
    """Whatever the global generator was at: with LoRA dropout too, the run is a function of its seed."""
    adapters = []
    for state in (1, 2):
        torch.manual_seed(state)
        adapters.append(fitted(new_tuner(new_llm, dropout=0.5), Constant(0.0)))
    assert torch.equal(adapters[0], adapters[1])
    assert (adapters[0] - fitted(new_tuner(new_llm), Constant(0.0))).abs().max() > 1e-4
    assert seeds.derive(5, "dropout", 1, 0) != seeds.derive(5, "dropout", 2, 0)
