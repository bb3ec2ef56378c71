"""An S-DPO step with three negatives over a shared prompt, beside separate rows and TRL's pairs."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import training_rows
from harness import Measured, Row, versus

TITLE = "S-DPO update, 3 negatives, SmolLM2-135M, 16 rows in micro batches of 2, fp32"
SIDES = ["ours", "separate", "trl_dpo", "one_negative"]
PAIRS = 3
VOCABULARY, ROWS, MICRO, NEGATIVES, BETA = 49_152, 16, 2, 3, 1.0
prepare = training_rows.fetch


def rows_of_text(negatives: int = NEGATIVES) -> tuple[training_rows.Tokens, dict[str, training_rows.Tokens]]:
    """Prompts, true titles and negatives."""
    kinds = ["chosen", *(f"rejected {j}" for j in range(1, negatives + 1))]
    return training_rows.prompts(VOCABULARY, ROWS), training_rows.responses(VOCABULARY, ROWS, kinds)


def side(folder: Path, name: str, negatives: int = NEGATIVES, share_prompt: bool = True) -> Iterator[Any]:
    """The project's tuner and engine. The tuner asks the reference as it is made, once for all updates."""
    from softrec.tuning.schedule import EpochFacts
    from softrec.tuning.strategies import sdpo

    how = {"share_prompt": share_prompt, "micro": MICRO, "new_objective": partial(sdpo.objective, BETA)}
    tuner = training_rows.new_tuner(training_rows.small_model(), *rows_of_text(negatives), **how)
    yield
    updates = training_rows.update(tuner, EpochFacts())
    yield
    training_rows.write(folder, name, tuner.llm, updates)


def ours(folder: Path) -> Iterator[Any]:
    """Four responses follow one prompt."""
    yield from side(folder, "ours")


def separate(folder: Path) -> Iterator[Any]:
    """A prompt for each response, in the same micro batches: `tuning.share_prompt: false`."""
    yield from side(folder, "separate", share_prompt=False)


def one_negative(folder: Path) -> Iterator[Any]:
    """One negative, which is DPO: what TRL's output is compared with."""
    yield from side(folder, "one_negative", 1)


def trl_dpo(folder: Path) -> Iterator[Any]:
    """TRL's `DPOTrainer` on the true titles and the first negatives."""
    import hf_trainers

    llm = training_rows.small_model()
    trainer = hf_trainers.trl_dpo(llm, *rows_of_text(1), folder, BETA, MICRO)
    yield
    trainer.train()
    yield
    training_rows.write(folder, "trl_dpo", llm, hf_trainers.logged(trainer))


def check(folder: Path, sides: list[str]) -> str:
    """Ours against separate rows, and with one negative against TRL."""
    start = training_rows.flat(training_rows.small_model())
    pairs = [("ours", "separate"), ("one_negative", "trl_dpo")]
    return "; ".join(training_rows.agree(folder, start, *pair) for pair in pairs if pair[1] in sides)


def rows(measured: Measured) -> list[Row]:
    """Times; a row of S-DPO holds three pairs. No side's time has the reference in it, which is asked before."""
    pairs = measured.get("trl_dpo", [])
    thrice = [{"seconds": NEGATIVES * run["seconds"]} for run in pairs]
    return [
        *versus(measured, "separate", name="separate rows", at_least=3),
        *versus({**measured, "thrice": thrice}, "thrice", name="TRL DPO x 3", at_least=3),
        *versus(measured, "trl_dpo", ours="one_negative", name="TRL DPO : ours, n = 1"),
    ]
