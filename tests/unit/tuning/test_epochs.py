"""Which epoch is kept, when the loop stops, and that an interrupted run ends where an uninterrupted one does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from softrec.io.checkpoints import Checkpoint
from softrec.llm.language_model import LanguageModel, adapter_state
from softrec.tuning.checkpointing import Saver
from softrec.tuning.curriculum import SelfAdaptive
from softrec.tuning.schedule import Constant
from tuning_run import NoCheckpoint, Scripted, fitted, flat, new_tuner

NewLlm = Callable[[], LanguageModel]


@pytest.mark.parametrize(
    ("patience", "results", "kept", "epochs", "stopped"),
    [
        # H@10 rises in 1 and 3; 4 ties with 3 in H@10 and is better in NG@10: kept, but it did not rise, nor did 5.
        (2, [(0.1, 0.5), (0.05, 0.9), (0.2, 0.1), (0.2, 0.3), (0.2, 0.2)], 4, 5, "patience"),
        # A tie in both keeps the earlier epoch, and counts against patience.
        (1, [(0.1, 0.1), (0.1, 0.1)], 1, 2, "patience"),
        # Always rising: the six epochs are used up.
        (1, [(n / 10, 0.0) for n in range(1, 7)], 6, 6, "epochs"),
        # One epoch without a rise, then a rise: waiting starts anew.
        (2, [(0.2, 0.1), (0.1, 0.1), (0.3, 0.1), (0.2, 0.9), (0.25, 0.9)], 3, 5, "patience"),
        # Nothing is ever hit: the first epoch is kept unless NG@10 says otherwise, which at H@10 = 0 it cannot.
        (3, [(0.0, 0.0)] * 4, 1, 4, "patience"),
    ],
)
def test_the_best_epoch_is_kept_and_patience_counts(
    new_llm: NewLlm, patience: int, results: list[tuple[float, float]], kept: int, epochs: int, stopped: str
) -> None:
    """By H@10, then NG@10; patience counts epochs in which H@10 did not rise. Each case is followed by hand above."""
    tuner = new_tuner(new_llm, epochs=6, patience=patience, checkpoint_select="best")
    validator = Scripted(*results)
    lines = tuner.fit(Constant(0.0), validator, NoCheckpoint())
    assert [line["epoch"] for line in lines[:-1]] == list(range(1, epochs + 1))
    metrics = {"H@10": results[kept - 1][0], "NG@10": results[kept - 1][1]}
    assert lines[-1] == {
        "summary": True,
        "kept_epoch": kept,
        "validation": metrics,
        "stopped": stopped,
        "device": "CPU",
        "ranks": 1,
    }
    assert torch.equal(flat(adapter_state(tuner.llm)), validator.adapters[kept - 1])


def test_the_last_epoch_is_kept_where_that_is_asked_for(new_llm: NewLlm) -> None:
    """checkpoint_select: last (the authors' code) stops by the same patience and keeps the epoch that it stopped in."""
    tuner = new_tuner(new_llm, epochs=6, patience=2, checkpoint_select="last")
    validator = Scripted((0.3, 0.3), (0.2, 0.2), (0.1, 0.1))
    lines = tuner.fit(Constant(0.0), validator, NoCheckpoint())
    assert lines[-1] == {
        "summary": True,
        "kept_epoch": 3,
        "validation": {"H@10": 0.1, "NG@10": 0.1},
        "stopped": "patience",
        "device": "CPU",
        "ranks": 1,
    }
    assert torch.equal(flat(adapter_state(tuner.llm)), validator.adapters[2])


def without_seconds(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A training log but for the time it took."""
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


def shrinking(llm: LanguageModel) -> float:
    """A distance that depends on the adapter as it is: tau is right after a resume only if the adapter is."""
    return 8.0 / (1.0 + float(flat(adapter_state(llm)).norm()))


SOFT = SelfAdaptive(1.0, "exponential", 8.0, shrinking)
RESULTS = [(0.1, 0.1), (0.3, 0.1), (0.2, 0.2), (0.2, 0.1)]


def test_an_interrupted_run_ends_where_an_uninterrupted_one_does(new_llm: NewLlm, tmp_path: Path) -> None:
    """Adapter and log are the same to the bit, and epoch 1 is not run again.

    The run is interrupted in the validation of epoch 2 and resumed in new objects, with dropout, an optimizer's state
    and a schedule on the way.
    """
    loop = {"epochs": 4, "patience": 4, "checkpoint_select": "best", "dropout": 0.3}
    whole = new_tuner(new_llm, **loop)
    expected = whole.fit(SOFT, Scripted(*RESULTS), Saver(Checkpoint(tmp_path / "whole", "k" * 64), 10))

    checkpoint = Saver(Checkpoint(tmp_path / "adapter", "k" * 64), 10)
    with pytest.raises(InterruptedError):
        new_tuner(new_llm, **loop).fit(SOFT, Scripted(RESULTS[0], InterruptedError()), checkpoint)
    torch.manual_seed(99)
    resumed = new_tuner(new_llm, **loop)
    validator = Scripted(*RESULTS[1:])
    lines = resumed.fit(SOFT, validator, Saver(Checkpoint(tmp_path / "adapter", "k" * 64), 10))
    assert len(validator.adapters) == 3
    assert without_seconds(lines) == without_seconds(expected)
    assert lines[-1]["kept_epoch"] == 2
    assert torch.equal(flat(adapter_state(resumed.llm)), flat(adapter_state(whole.llm)))


def test_a_run_that_was_killed_after_its_last_epoch_only_restores_it(new_llm: NewLlm, tmp_path: Path) -> None:
    """The checkpoint of the last epoch is there and the output is not: nothing is trained or validated again."""
    loop = {"epochs": 3, "patience": 1, "checkpoint_select": "best"}
    results = [(0.2, 0.1), (0.1, 0.1)]
    first = new_tuner(new_llm, **loop)
    expected = first.fit(Constant(0.0), Scripted(*results), Saver(Checkpoint(tmp_path / "adapter", "k" * 64), 10))
    again = new_tuner(new_llm, **loop)
    lines = again.fit(Constant(0.0), Scripted(), Saver(Checkpoint(tmp_path / "adapter", "k" * 64), 10))
    assert lines == expected
    assert torch.equal(flat(adapter_state(again.llm)), flat(adapter_state(first.llm)))


def test_a_changed_run_starts_anew(new_llm: NewLlm, tmp_path: Path) -> None:
    """A checkpoint under another key is not seen: the result is that of a run from the start."""
    with pytest.raises(InterruptedError):
        new_tuner(new_llm).fit(
            Constant(1.0),
            Scripted((0.1, 0.1), InterruptedError()),
            Saver(Checkpoint(tmp_path / "adapter", "a" * 64), 10),
        )
    changed = new_tuner(new_llm)
    changed.fit(Constant(0.0), Scripted(*RESULTS), Saver(Checkpoint(tmp_path / "adapter", "b" * 64), 10))
    assert torch.equal(flat(adapter_state(changed.llm)), fitted(new_tuner(new_llm), Constant(0.0)))
