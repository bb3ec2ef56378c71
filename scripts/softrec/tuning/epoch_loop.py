"""The epoch loop: tau, train, validate, keep the best, stop early (paper, sections 2.2 and 3.2).

SFT, SOFT and S-DPO share this loop; they differ in their objective and their schedule of tau.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from common.log import Progress, info
from softrec.core import distributed
from softrec.core.devices import device_name
from softrec.llm.language_model import LanguageModel, adapter_state, load_adapter_state
from softrec.tuning import losses
from softrec.tuning.batches import Arithmetic, global_batches
from softrec.tuning.checkpointing import Saver
from softrec.tuning.engine import TorchEngine
from softrec.tuning.objectives import Objective
from softrec.tuning.schedule import EpochFacts, Schedule
from softrec.tuning.update import Updater, UpdateSettings, checked
from softrec.tuning.validation import Validator

STOP_METRIC, TIE_METRIC = "H@10", "NG@10"


@dataclass(frozen=True)
class LoopSettings:
    """Settings of the epoch loop: batch sizes, patience in epochs, and which epoch's adapter is kept."""

    seed: int
    epochs: int
    patience: int
    global_batch_size: int
    micro_batch_size: int
    loss_reduction: losses.Reduction
    share_prompt: bool
    checkpoint_select: Literal["best", "last"]

    @property
    def update(self) -> UpdateSettings:
        """The settings of a single update."""
        return UpdateSettings(self.seed, self.share_prompt)


class Tuner:
    """Tunes the adapter of `llm` on prompts and their responses.

    Attributes:
        updater: makes the updates; it holds the data and the objective.
        state: the state that an exact resume needs besides the adapter and the optimiser. "epoch" counts finished
            epochs; "running" is the current epoch: its facts (tau, d_t, d_0), steps done, sum of losses, seconds.
            "waited" counts epochs without improvement, "best" is the kept epoch, "lines" the training log. There is no
            random state: every random stream is derived from seed, epoch, step and micro-batch.
    """

    def __init__(
        self,
        llm: LanguageModel,
        engine: TorchEngine,
        prompts: Sequence[Sequence[int]],
        responses: Mapping[str, Sequence[Sequence[int]]],
        objective: Objective,
        settings: LoopSettings,
    ) -> None:
        sizes = settings.global_batch_size, settings.micro_batch_size
        arithmetic = Arithmetic(len(prompts), *sizes, distributed.world_size())
        self.llm, self.engine, self.objective, self.settings = llm, engine, objective, settings
        self.updater = Updater(llm, engine, prompts, responses, objective, settings.update, arithmetic)
        self.state: dict[str, Any] = {"epoch": 0, "running": None, "waited": 0, "best": None, "lines": []}
        info(str(arithmetic))

    def fit(self, schedule: Schedule, validator: Validator, saver: Saver) -> list[dict[str, Any]]:
        """Train until the epochs or the patience run out, and load the adapter of the kept epoch into the model.

        Returns:
            The lines of the training log; the last one is the summary.

        Raises:
            Interrupted: a signal asked this job to stop; a checkpoint has been written.
            SoftrecError: a loss or gradient norm is not finite.
        """
        self.resume(saver)
        with saver.watching():
            while not self.stopped():
                if self.state["running"] is None:
                    self.begin_epoch(schedule)
                self.train_epoch(saver)
                self.end_epoch(validator)
                self.save(saver)
        best = self.state["best"]
        load_adapter_state(self.llm, best["adapter"])
        reason = "patience" if self.state["waited"] >= self.settings.patience else "epochs"
        last = {"summary": True, "kept_epoch": best["epoch"], "validation": best["validation"], "stopped": reason}
        last |= {"device": device_name(self.llm.device), "ranks": distributed.world_size()}
        return [*self.state["lines"], last]

    def resume(self, saver: Saver) -> None:
        """Resume from the last checkpoint of an interrupted run, if there is one."""
        saved = saver.load()
        if saved is None:
            return
        load_adapter_state(self.llm, saved.pop("adapter"))
        self.engine.load_state_dict(saved.pop("engine"))
        self.state = saved
        inside = f", step {saved['running']['step']} of the next" if saved["running"] else ""
        info(f"resumed after epoch {saved['epoch']}{inside}")

    def save(self, saver: Saver) -> None:
        """Write a checkpoint of the adapter, the optimiser and the loop; every rank must call it."""
        adapter, engine = adapter_state(self.llm), self.engine.state_dict()
        saver.save({**self.state, "adapter": adapter, "engine": engine})

    def stopped(self) -> bool:
        """Whether the epochs or the patience have run out."""
        return self.state["epoch"] >= self.settings.epochs or self.state["waited"] >= self.settings.patience

    def begin_epoch(self, schedule: Schedule) -> None:
        """Compute tau of the next epoch, once: a resumed epoch reads the same tau from its checkpoint."""
        epoch, start = self.state["epoch"] + 1, time.monotonic()
        facts = schedule(epoch, self.llm)
        seconds = {"schedule": time.monotonic() - start, "train": 0.0}
        self.state["running"] = {"facts": facts.known(), "step": 0, "total": 0.0, "seconds": seconds}
        info(f"epoch {epoch}/{self.settings.epochs}  " + "  ".join(f"{k} {v:.4f}" for k, v in facts.known().items()))

    def train_epoch(self, saver: Saver) -> None:
        """Make the remaining updates of the current epoch."""
        running, epoch = self.state["running"], self.state["epoch"] + 1
        facts = EpochFacts(**running["facts"])
        batches = global_batches(len(self.updater.prompts), self.settings.global_batch_size, self.settings.seed, epoch)
        progress = Progress(f"tune  epoch {epoch}/{self.settings.epochs}", len(batches), unit="tok")
        progress.skip(running["step"])
        self.llm.model.train()
        for step, batch in enumerate(batches[running["step"] :], start=running["step"] + 1):
            start = time.monotonic()
            made = self.updater.update(batch, facts, epoch, step)
            # Signals and clocks are summed with the loss, so that all ranks save and stop after the same step.
            loss, tokens, stop, due = distributed.all_reduce_sum([made.loss, made.tokens, *saver.poll()])
            checked(loss, made.norm, epoch, step, len(batches))
            running["step"], running["total"] = step, running["total"] + loss
            running["seconds"]["train"] += time.monotonic() - start
            progress.step(1, int(tokens), loss=loss)
            if stop or due or step == len(batches):  # after the last step: validation may be interrupted
                self.save(saver)
            saver.exit_if_requested(stop > 0, f"after step {step} of {len(batches)} of epoch {epoch}")

    def end_epoch(self, validator: Validator) -> None:
        """Validate, update the kept epoch and the patience, and add the epoch's line to the training log."""
        running, epoch, start = self.state["running"], self.state["epoch"] + 1, time.monotonic()
        metrics = validator(self.llm)
        loss = running["total"] / running["step"]
        info(f"epoch {epoch}/{self.settings.epochs}  loss {loss:.4f}  validation " + format_metrics(metrics))
        seconds = {**running["seconds"], "validate": time.monotonic() - start}
        if epoch == 1:
            seconds |= self.objective.preparation
        rounded = {name: round(value, 2) for name, value in seconds.items()}
        line = {"epoch": epoch, "loss": loss, **running["facts"], "validation": metrics, "seconds": rounded}
        self.keep(epoch, metrics)
        self.state |= {"lines": [*self.state["lines"], line], "epoch": epoch, "running": None}

    def keep(self, epoch: int, metrics: dict[str, float]) -> None:
        """Keep this epoch's adapter if it is the best so far, and update the patience.

        The best epoch has the highest H@10, then the highest NG@10. Patience counts epochs in which H@10 did not rise,
        ties included.
        """
        best = self.state["best"]
        rose = best is None or metrics[STOP_METRIC] > self.state["highest"]
        self.state["highest"] = metrics[STOP_METRIC] if rose else self.state["highest"]
        self.state["waited"] = 0 if rose else self.state["waited"] + 1
        better = best is None or ordered(metrics) > ordered(best["validation"])
        if better or self.settings.checkpoint_select == "last":
            self.state["best"] = {"epoch": epoch, "validation": metrics, "adapter": adapter_state(self.llm)}


def ordered(metrics: dict[str, float]) -> tuple[float, float]:
    """Return the metrics by which epochs are compared, most important first."""
    return metrics[STOP_METRIC], metrics[TIE_METRIC]


def format_metrics(metrics: dict[str, float]) -> str:
    """Format metrics in one line for the log."""
    return "  ".join(f"{name} {value:.4f}" for name, value in metrics.items())
