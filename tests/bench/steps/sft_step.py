"""An SFT step of a language model of 135 M parameters on the processor, beside transformers' and TRL's trainers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import training_rows
from harness import Measured, Row, versus

TITLE = "SFT update, SmolLM2-135M (V 49k), 32 rows in micro batches of 8, fp32, LoRA"
SIDES = ["ours", "hf_trainer", "trl_sft"]
PAIRS = 3
VOCABULARY, ROWS = 49_152, 32
prepare = training_rows.fetch


def rows_of_text() -> tuple[training_rows.Tokens, dict[str, training_rows.Tokens]]:
    """Prompts and labels."""
    return training_rows.prompts(VOCABULARY, ROWS), training_rows.responses(VOCABULARY, ROWS, ["y"])


def ours(folder: Path) -> Iterator[Any]:
    """The project's tuner and engine with tau = 0."""
    tuner = training_rows.new_tuner(training_rows.small_model(), *rows_of_text())
    yield
    updates = training_rows.update(tuner, training_rows.EpochFacts(0.0))
    yield
    training_rows.write(folder, "ours", tuner.llm, updates)


def peer(folder: Path, name: str) -> Iterator[Any]:
    """One of `hf_trainers`, by its name."""
    import hf_trainers

    llm = training_rows.small_model()
    prompts, labels = rows_of_text()
    trainer = getattr(hf_trainers, name)(llm, prompts, labels["y"], folder)
    yield
    trainer.train()
    yield
    training_rows.write(folder, name, llm, hf_trainers.logged(trainer))


def hf_trainer(folder: Path) -> Iterator[Any]:
    """Transformers' `Trainer`."""
    yield from peer(folder, "hf_trainer")


def trl_sft(folder: Path) -> Iterator[Any]:
    """TRL's `SFTTrainer`."""
    yield from peer(folder, "trl_sft")


def check(folder: Path, sides: list[str]) -> str:
    """Loss, gradient's norm and the updated adapter are those of ours."""
    start = training_rows.flat(training_rows.small_model())
    return "; ".join(training_rows.agree(folder, start, "ours", side) for side in sides[1:])


def rows(measured: Measured) -> list[Row]:
    """Times; what TRL does on a processor is not what it does on a GPU."""
    note = "on a GPU its head skips the prompt as ours does; on a processor it scores every position, twice"
    return [
        *versus(measured, "hf_trainer", name="HF Trainer", at_least=1.7),
        *versus(measured, "trl_sft", name="TRL SFTTrainer", note=note),
    ]
