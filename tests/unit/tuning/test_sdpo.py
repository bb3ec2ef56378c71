"""S-DPO: the loss by hand, negatives that are none of the user's, a reference asked once and never moved."""

import math
from collections.abc import Callable
from pathlib import Path

import datasets
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from common.errors import SoftrecError
from softrec.io.checkpoints import Checkpoint
from softrec.llm.language_model import LanguageModel, LoraSettings, adapter_state, attach_lora
from softrec.llm.log_likelihood import ResponseLikelihood, of_responses
from softrec.splits.samples import Items
from softrec.splits.seen_items import SeenItems
from softrec.tuning.checkpointing import Saver
from softrec.tuning.engine import TorchEngine
from softrec.tuning.epoch_loop import LoopSettings, Tuner
from softrec.tuning.preference import negative_titles
from softrec.tuning.schedule import Constant, EpochFacts
from softrec.tuning.strategies.sdpo import objective, sdpo
from tuning_run import LOOP, OPTIMISER, PREFERENCES, PROMPTS, NoCheckpoint, Scripted, as_after_sft, flat

PREFERENCE = Constant(None)


def test_one_negative_is_dpo() -> None:
    """-log sigma(beta (Delta_p - Delta_n)) with Delta_p = 1, Delta_n = -0.5, beta = 2: log(1 + exp(-3))."""
    loss = sdpo(torch.tensor([1.0]), torch.tensor([[-0.5]]), 2.0)
    assert loss.item() == pytest.approx(math.log(1 + math.exp(-3)))


def test_three_negatives_by_hand() -> None:
    """Delta_p = 0, Delta_j = (0, log 2, log 3), beta = 1: log(1 + 1 + 2 + 3)."""
    loss = sdpo(torch.zeros(1), torch.tensor([[0.0, math.log(2), math.log(3)]]), 1.0)
    assert loss.item() == pytest.approx(math.log(7))


def test_large_margins_stay_finite() -> None:
    """exp(1000) overflows; log(1 + exp(1000)) is 1000."""
    assert sdpo(torch.tensor([-1000.0]), torch.zeros(1, 1), 1.0).item() == pytest.approx(1000.0)


def new_tuner(new_llm: Callable[[], LanguageModel], **loop: object) -> Tuner:
    """A policy that starts where SFT has ended."""
    llm = as_after_sft(attach_lora(new_llm(), LoraSettings(4, 8, 0.0, ["q_proj", "v_proj"]), seed=1))
    engine = TorchEngine(ResponseLikelihood(llm.model, llm.backbone), OPTIMISER)
    settings = LoopSettings(**{**LOOP, **loop})
    of_run = objective(1.0, llm, PROMPTS, PREFERENCES, settings)
    return Tuner(llm, engine, PROMPTS, PREFERENCES, of_run, settings)


def test_policy_equal_to_reference_costs_log_1_plus_n(new_llm: Callable[[], LanguageModel]) -> None:
    """Before the first update every Delta is 0: log(1 + 2) for each row, so 1.0986 for any batch's mean."""
    tuner = new_tuner(new_llm)
    loss, _, _ = tuner.updater.update(np.arange(4), EpochFacts(), 1, 1)
    assert loss == pytest.approx(math.log(3), abs=1e-5)


def test_the_reference_is_asked_once_and_stays(new_llm: Callable[[], LanguageModel]) -> None:
    """After two epochs it is what the starting model said, and no longer what the policy says.

    The first epoch's line of the log has its seconds.
    """
    tuner = new_tuner(new_llm)
    before = tuner.objective.reference.clone()
    lines = tuner.fit(PREFERENCE, Scripted(*[(0.1, 0.1)] * 2), NoCheckpoint())
    assert torch.equal(tuner.objective.reference, before)
    now = of_responses(tuner.llm, PROMPTS, PREFERENCES, tuner.settings.micro_batch_size, True, "now")
    assert not torch.allclose(now, before, atol=1e-3)
    assert ["reference" in line["seconds"] for line in lines[:2]] == [True, False]


def test_shared_prompts_and_separate_rows_agree(new_llm: Callable[[], LanguageModel]) -> None:
    """The three responses of a row as branches of one prompt, or with a prompt each: the same reference and update."""
    tuners = [new_tuner(new_llm, share_prompt=shared) for shared in (True, False)]
    assert torch.allclose(tuners[0].objective.reference, tuners[1].objective.reference, atol=1e-5)
    for tuner in tuners:
        tuner.updater.update(np.arange(6), EpochFacts(), 1, 1)
    first, second = (flat(adapter_state(tuner.llm)) for tuner in tuners)
    assert torch.allclose(first, second, atol=1e-5)


def test_micro_batches_add_up_to_the_batch(new_llm: Callable[[], LanguageModel]) -> None:
    """A mean over the rows of the global batch, however it is cut."""
    losses = []
    for size in (1, 2, 4):
        tuner = new_tuner(new_llm, micro_batch_size=size)
        tuner.updater.update(np.arange(4), EpochFacts(), 1, 1)
        losses.append(tuner.updater.update(np.arange(4), EpochFacts(), 1, 1)[0])
    assert losses[1:] == pytest.approx(losses[:1] * 2, abs=1e-5)


def test_training_prefers_the_true_titles(new_llm: Callable[[], LanguageModel]) -> None:
    """The loss falls below log(1 + n), where the reference stands."""
    tuner = new_tuner(new_llm, epochs=8)
    lines = tuner.fit(PREFERENCE, Scripted(*[(0.1, 0.1)] * 8), NoCheckpoint())
    assert lines[-2]["loss"] < 0.9 * math.log(3)


def test_the_start_is_never_kept(new_llm: Callable[[], LanguageModel]) -> None:
    """Only epochs 1, 2, ... are compared: what is kept is the best of them, however good SFT was."""
    tuner = new_tuner(new_llm, checkpoint_select="best")
    start = flat(adapter_state(tuner.llm))
    last = tuner.fit(PREFERENCE, Scripted((0.0, 0.0), (0.0, 0.0)), NoCheckpoint())[-1]
    assert last["kept_epoch"] == 1
    assert not torch.equal(flat(adapter_state(tuner.llm)), start)


def test_resumed_equals_uninterrupted_bit_for_bit(new_llm: Callable[[], LanguageModel], tmp_path: Path) -> None:
    """Stopped while validating epoch 2 and begun again from SFT: the reference is asked anew and is the same."""
    whole = new_tuner(new_llm, epochs=3)
    whole.fit(PREFERENCE, Scripted(*[(0.1, 0.1)] * 3), NoCheckpoint())
    stopped = new_tuner(new_llm, epochs=3)
    checkpoint = Saver(Checkpoint(tmp_path / "adapter", "key"), 10)
    with pytest.raises(RuntimeError, match="stop"):
        stopped.fit(PREFERENCE, Scripted((0.1, 0.1), RuntimeError("stop")), checkpoint)
    resumed = new_tuner(new_llm, epochs=3)
    resumed.fit(PREFERENCE, Scripted(*[(0.1, 0.1)] * 2), checkpoint)
    assert torch.equal(flat(adapter_state(resumed.llm)), flat(adapter_state(whole.llm)))


def rows_of(histories: list[list[int]], targets: list[int]) -> datasets.Dataset:
    """Row r is of user r + 1, who has had its history."""
    columns = {"user": range(1, len(targets) + 1), "position": [len(h) for h in histories]}
    return datasets.Dataset.from_dict({**columns, "history": histories, "target": targets})


@given(st.data())
def test_negatives_are_of_no_item_the_user_has_had(data: st.DataObject) -> None:
    """Items 1..8, of which 7 and 8 share a title with 1.

    Titles of the history and the target never come, and the three of a row differ.
    """
    titles = ["", "A", "B", "C", "D", "E", "F", "A", "A"]
    items = Items(titles, np.array([-1, 0, 1, 2, 3, 4, 5, 0, 0]), titles[1:7])
    chosen = st.lists(st.integers(1, 8), min_size=1, max_size=2)
    histories = data.draw(st.lists(chosen, min_size=1, max_size=4))
    targets = [data.draw(st.integers(1, 8)) for _ in histories]
    user = np.concatenate([[r + 1] * len(h) for r, h in enumerate(histories)])
    seen = SeenItems(user, np.concatenate(histories))
    drawn = negative_titles(rows_of(histories, targets), items, seen, 3, 5)
    assert drawn == negative_titles(rows_of(histories, targets), items, seen, 3, 5)
    for history, target, negatives in zip(histories, targets, drawn, strict=True):
        assert len(set(negatives)) == 3
        assert not set(negatives) & {titles[item] for item in [*history, target]}


def test_every_title_is_drawn_about_as_often() -> None:
    """2,000 rows, 5 of 6 titles free, 1 negative: 400 each, give or take 5 standard deviations (18) of a binomial."""
    titles = ["", "A", "B", "C", "D", "E", "F"]
    items = Items(titles, np.array([-1, 0, 1, 2, 3, 4, 5]), titles[1:])
    seen = SeenItems(np.arange(1, 2001), np.ones(2000, np.int64))
    drawn = negative_titles(rows_of([[1]] * 2000, [1] * 2000), items, seen, 1, 5)
    counts = {title: sum(row == [title] for row in drawn) for title in titles[1:]}
    assert counts.pop("A") == 0
    assert all(abs(count - 400) < 90 for count in counts.values())


def test_too_small_a_catalogue_is_refused() -> None:
    """Two titles, one of them the target's: one is left, two are asked for."""
    items = Items(["", "A", "B"], np.array([-1, 0, 1]), ["A", "B"])
    seen = SeenItems(np.array([1]), np.array([1]))
    with pytest.raises(SoftrecError, match="row 0 leaves 1 titles to draw 2 negatives from"):
        negative_titles(rows_of([[1]], [1]), items, seen, 2, 5)
