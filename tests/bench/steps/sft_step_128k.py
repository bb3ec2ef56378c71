"""SFT steps of a small language model with Llama 3's vocabulary on the processor, beside transformers' trainer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import training_rows
from harness import Measured, Row, versus

TITLE = "SFT, 2 updates, V 128,256, h 512, 4 layers, 32 rows in micro batches of 8"
SIDES = ["ours", "hf_trainer"]
PAIRS = 3
VOCABULARY, ROWS = 128_256, 64


def prepare(folder: Path) -> None:
    """Rows and model are made by each side, from seeds."""


def rows_of_text() -> tuple[training_rows.Tokens, dict[str, training_rows.Tokens]]:
    """Prompts and labels."""
    return training_rows.prompts(VOCABULARY, ROWS), training_rows.responses(VOCABULARY, ROWS, ["y"])


def ours(folder: Path) -> Iterator[Any]:
    """The project's tuner and engine with tau = 0."""
    tuner = training_rows.new_tuner(training_rows.wide_vocabulary(), *rows_of_text())
    yield
    updates = training_rows.update(tuner, training_rows.EpochFacts(0.0))
    yield
    training_rows.write(folder, "ours", tuner.llm, updates)


def hf_trainer(folder: Path) -> Iterator[Any]:
    """Transformers' `Trainer`."""
    import hf_trainers

    llm = training_rows.wide_vocabulary()
    prompts, labels = rows_of_text()
    trainer = hf_trainers.hf_trainer(llm, prompts, labels["y"], folder)
    yield
    trainer.train()
    yield
    training_rows.write(folder, "hf_trainer", llm, hf_trainers.logged(trainer))


def check(folder: Path, sides: list[str]) -> str:
    """Losses, gradients' norms and the updated adapter are those of ours."""
    start = training_rows.flat(training_rows.wide_vocabulary())
    return training_rows.agree(folder, start, "ours", "hf_trainer")


def rows(measured: Measured) -> list[Row]:
    """Times, and how far memory rises above what the model takes."""
    return [
        *versus(measured, "hf_trainer", name="HF Trainer", at_least=3),
        *versus(measured, "hf_trainer", name="memory over the model", of="rise", at_most=0.3),
    ]
