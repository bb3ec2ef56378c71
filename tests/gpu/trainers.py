"""Whole updates of 32 rows, by ours and by transformers' `Trainer`: micro batches, clipping, AdamW."""

import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from measuring import WARM, wait
from shapes import DEVICE, model
from softrec.llm.branches import Row
from softrec.llm.kernels import Kernels
from softrec.tuning.schedule import EpochFacts
from training_rows import GLOBAL, MICRO, batches, new_tuner, with_lora

UPDATES = 7


def updates(shape: dict[str, Any], rows: list[Row], kernels: Kernels) -> tuple[float, float]:
    """The loss of our first update, and the milliseconds of one: the median of those after the first two."""
    responses = {"y": [row.responses[0][1] for row in rows]}
    tuner = new_tuner(with_lora(model(shape, kernels)), [row.prompt for row in rows], responses)
    (batch,) = batches(len(rows))
    ends, losses = [time.perf_counter()], []
    for step in range(1, UPDATES + 1):
        losses.append(tuner.updater.update(batch, EpochFacts(0.0), 1, step).loss)
        wait(DEVICE)
        ends.append(time.perf_counter())
    return losses[0], median(ends)


def trainer_updates(shape: dict[str, Any], rows: list[Row]) -> tuple[float, float]:
    """The same of transformers' `Trainer`, for the same model, adapter, rows and optimiser."""
    from transformers import Trainer, TrainerCallback, TrainingArguments

    import hf_trainers

    ends = []

    class Clock(TrainerCallback):
        """Notes when an update begins for the first time, and when each has ended."""

        def on_train_begin(self, *args: Any, **kwargs: Any) -> None:
            ends.append(time.perf_counter())

        def on_step_end(self, *args: Any, **kwargs: Any) -> None:
            wait(DEVICE)
            ends.append(time.perf_counter())

    llm = with_lora(model(shape, "eager"))
    llm.model.train()
    data = hf_trainers.labelled([row.prompt for row in rows], [row.responses[0][1] for row in rows])
    with tempfile.TemporaryDirectory() as folder:
        own = {"num_train_epochs": UPDATES, "use_cpu": DEVICE.type == "cpu"}
        args = TrainingArguments(**{**hf_trainers.arguments(Path(folder), len(rows)), **own})
        trainer = Trainer(llm.model, args, hf_trainers.padded(llm), data, callbacks=[Clock()])
        trainer.train()
    return hf_trainers.logged(trainer)[0][0], median(ends)


def median(ends: list[float]) -> float:
    """Milliseconds between ends, the median without the first that warm up."""
    times = sorted(after - before for before, after in pairwise(ends[WARM:]))
    return 1000 * times[len(times) // 2]


def beside_trainer(shape: dict[str, Any], rows: list[Row]) -> None:
    """A line for `Trainer` and each choice of kernels; losses of the first update are compared first."""
    print(f"\n### An update of {GLOBAL} rows in micro batches of {MICRO}, SFT\n", flush=True)
    loss, peer = trainer_updates(shape, rows)
    print(f"transformers' Trainer: {peer:.0f} ms", flush=True)
    for kernels in ("eager", "fused", "compiled"):
        ours, milliseconds = updates(shape, rows, kernels)
        if abs(ours - loss) > 0.01 * loss:
            raise SystemExit(f"the losses of the first update differ: {ours} and {loss}")
        print(f"ours, {kernels}: {milliseconds:.0f} ms, {peer / milliseconds:.2f} times as fast", flush=True)
