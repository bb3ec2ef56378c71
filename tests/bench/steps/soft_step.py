"""A SOFT step (true and self-distilled titles over a shared prompt) beside our own SFT step and separate rows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import training_rows
from harness import Measured, Row, versus

TITLE = "SOFT update (y and yhat), SmolLM2-135M, 32 rows in micro batches of 4, fp32"
SIDES = ["ours", "sft", "first_epoch", "separate"]
PAIRS = 3
VOCABULARY, ROWS, MICRO = 49_152, 32, 4
prepare = training_rows.fetch


def side(folder: Path, name: str, tau: float, share_prompt: bool = True) -> Iterator[Any]:
    """The project's tuner and engine at this tau; every side has the same micro batches."""
    llm, prompts = training_rows.small_model(), training_rows.prompts(VOCABULARY, ROWS)
    texts = training_rows.responses(VOCABULARY, ROWS, ["y", "yhat"])
    tuner = training_rows.new_tuner(llm, prompts, texts, share_prompt=share_prompt, micro=MICRO)
    yield
    updates = training_rows.update(tuner, training_rows.EpochFacts(tau))
    yield
    training_rows.write(folder, name, tuner.llm, updates)


def ours(folder: Path) -> Iterator[Any]:
    """Tau = 0.5: both responses follow one prompt."""
    yield from side(folder, "ours", 0.5)


def sft(folder: Path) -> Iterator[Any]:
    """Tau = 0: SFT."""
    yield from side(folder, "sft", 0.0)


def first_epoch(folder: Path) -> Iterator[Any]:
    """Tau = 1, as in the first epoch: the true titles are not run."""
    yield from side(folder, "first_epoch", 1.0)


def separate(folder: Path) -> Iterator[Any]:
    """Tau = 0.5 with a prompt for each response: `tuning.share_prompt: false`."""
    yield from side(folder, "separate", 0.5, share_prompt=False)


def check(folder: Path, sides: list[str]) -> str:
    """A shared prompt gives the loss, the gradient's norm and the adapter of separate rows."""
    start = training_rows.flat(training_rows.small_model())
    return training_rows.agree(folder, start, "ours", "separate")


def rows(measured: Measured) -> list[Row]:
    """Times; y and yhat have as many tokens, so that the first epoch has as much to do as SFT."""
    return [
        *versus(measured, "sft", name="our SFT update", at_most=1.15),
        *versus(measured, "sft", ours="first_epoch", name="SFT : first epoch", at_most=1.05),
        *versus(measured, "separate", name="two separate rows"),
    ]
