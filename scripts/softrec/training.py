"""The epoch loop of SFT and SOFT (paper, sections 2.2 and 3.2): tau, train, validate, keep the best, stop early."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import torch

from softrec import objectives, seeds
from softrec.batches import Arithmetic, global_batches, micro_batches
from softrec.branches import Row, collate
from softrec.checkpoints import Checkpoint
from softrec.engine import TorchEngine
from softrec.errors import SoftrecError
from softrec.language_model import LanguageModel, adapter_state, load_adapter_state
from softrec.log import Progress, say
from softrec.validation import Validator

STOP_METRIC, TIE_METRIC = "H@10", "NG@10"


@dataclass(frozen=True)
class LoopSettings:
    """The loop's own settings: sizes, patience in epochs, and which epoch's adapter is kept."""

    seed: int
    epochs: int
    patience: int
    global_batch_size: int
    micro_batch_size: int
    loss_reduction: objectives.Reduction
    share_prompt: bool
    checkpoint_select: Literal["best", "last"]


class Schedule(Protocol):
    """What decides tau before each epoch."""

    def __call__(self, epoch: int, llm: LanguageModel) -> dict[str, float]:
        """The facts of epoch 1, 2, ...: "tau" where the loss has one, and what it was computed from."""
        ...


@dataclass(frozen=True)
class Constant:
    """The same tau in every epoch: 0 is SFT, 1 is SOFT without its scheduler (w/o SA, section 4.3)."""

    tau: float

    def __call__(self, epoch: int, llm: LanguageModel) -> dict[str, float]:
        """tau alone: nothing is measured."""
        return {"tau": self.tau}


class Tuner:
    """Tunes the adapter of `llm` on prompts and their responses.

    Args:
        prompts: token ids of the N prompts x.
        responses: for each kind that the schedule can ask for ("y", "yhat"), token ids of the N responses.
    """

    def __init__(
        self,
        llm: LanguageModel,
        engine: TorchEngine,
        prompts: Sequence[Sequence[int]],
        responses: dict[str, Sequence[Sequence[int]]],
        settings: LoopSettings,
    ) -> None:
        self.llm, self.engine, self.settings = llm, engine, settings
        self.prompts, self.responses = prompts, responses
        self.lengths = [len(prompt) for prompt in prompts]
        self.arithmetic = Arithmetic(len(prompts), settings.global_batch_size, settings.micro_batch_size, engine.world)
        self.state: dict[str, Any] = {"epoch": 0, "waited": 0, "best": None, "lines": []}
        say(str(self.arithmetic))

    def fit(self, schedule: Schedule, validator: Validator, checkpoint: Checkpoint) -> list[dict[str, Any]]:
        """Run until patience or epochs end. The adapter of the kept epoch is in the model afterwards.

        Returns the lines of the training log; the last one is the summary.
        """
        self.resume(checkpoint)
        while not self.stopped():
            epoch = self.state["epoch"] + 1
            line = self.run_epoch(epoch, schedule, validator)
            self.keep(epoch, line["validation"])
            self.state["lines"].append(line)
            self.state["epoch"] = epoch
            checkpoint.save({**self.state, "adapter": adapter_state(self.llm), "engine": self.engine.state_dict()})
        best = self.state["best"]
        load_adapter_state(self.llm, best["adapter"])
        reason = "patience" if self.state["waited"] >= self.settings.patience else "epochs"
        last = {"summary": True, "kept_epoch": best["epoch"], "validation": best["validation"], "stopped": reason}
        last["device"] = device_name(self.llm.device)
        return [*self.state["lines"], last]

    def resume(self, checkpoint: Checkpoint) -> None:
        """Go on from the last whole epoch of an interrupted run, if there is one."""
        saved = checkpoint.load()
        if saved is None:
            return
        load_adapter_state(self.llm, saved.pop("adapter"))
        self.engine.load_state_dict(saved.pop("engine"))
        self.state = saved
        say(f"resumed after epoch {saved['epoch']}")

    def stopped(self) -> bool:
        """Whether the epochs are used up or patience is."""
        return self.state["epoch"] >= self.settings.epochs or self.state["waited"] >= self.settings.patience

    def run_epoch(self, epoch: int, schedule: Schedule, validator: Validator) -> dict[str, Any]:
        """One epoch: tau, updates, validation. Returns its line of the training log."""
        start = time.monotonic()
        facts = schedule(epoch, self.llm)
        scheduled = time.monotonic()
        say(f"epoch {epoch}/{self.settings.epochs}  " + "  ".join(f"{k} {v:.4f}" for k, v in facts.items()))
        loss = self.train_epoch(epoch, facts)
        trained = time.monotonic()
        metrics = validator(self.llm)
        say(f"epoch {epoch}/{self.settings.epochs}  loss {loss:.4f}  validation " + described(metrics))
        seconds = {"schedule": scheduled - start, "train": trained - scheduled, "validate": time.monotonic() - trained}
        rounded = {name: round(value, 2) for name, value in seconds.items()}
        return {"epoch": epoch, "loss": loss, **facts, "validation": metrics, "seconds": rounded}

    def train_epoch(self, epoch: int, facts: dict[str, float]) -> float:
        """All updates of an epoch; returns the mean of their losses."""
        batches = global_batches(len(self.prompts), self.settings.global_batch_size, self.settings.seed, epoch)
        progress = Progress(f"tune  epoch {epoch}/{self.settings.epochs}", len(batches), unit="tok")
        torch.manual_seed(seeds.derive(self.settings.seed, "dropout", epoch, self.engine.rank))
        self.llm.model.train()
        total = 0.0
        for step, batch in enumerate(batches, start=1):
            loss, norm, tokens = self.update(batch, facts)
            if not math.isfinite(loss) or not math.isfinite(norm):
                raise SoftrecError(
                    f"the loss is {loss} in epoch {epoch}, step {step} of {len(batches)}",
                    where=f"tuning the adapter; the gradient's norm is {norm}",
                    remedy="lower tuning.learning_rate or tuning.gradient_clip, or tune in fp32",
                )
            total += loss
            progress.step(1, tokens, loss=loss)
        return total / len(batches)

    def update(self, batch: np.ndarray, facts: dict[str, float]) -> tuple[float, float, int]:
        """One optimiser step on a global batch. Returns its loss, the gradient's norm and the tokens run."""
        kinds = self.kinds(facts)
        n = self.denominators(batch, kinds)
        loss, tokens = 0.0, 0
        for chosen in micro_batches(batch, self.lengths, self.arithmetic, self.engine.rank):
            rows = self.rows(chosen, kinds)
            laid_out = collate(rows, self.llm.pad_id, self.settings.share_prompt).to(self.llm.device)
            part = self.part_of_loss(self.engine(laid_out), chosen, kinds, n, facts)
            self.engine.backward(part)
            loss += part.item()
            tokens += sum(len(row) for row in rows)
        return loss, self.engine.step(), tokens

    def rows(self, chosen: Sequence[int], kinds: Sequence[str]) -> list[Row]:
        """The chosen prompts with their responses of these kinds, in this order."""
        return [Row(self.prompts[i], [(kind, self.responses[kind][i]) for kind in kinds]) for i in chosen]

    def kinds(self, facts: dict[str, float]) -> tuple[str, ...]:
        """The kinds of response that the loss depends on."""
        return objectives.needed(facts["tau"])

    def denominators(self, batch: np.ndarray, kinds: Sequence[str]) -> dict[str, float]:
        """N of each kind of response in the global batch."""
        counts = {kind: sum(len(self.responses[kind][i]) for i in batch) for kind in kinds}
        return {kind: objectives.denominator(count, self.settings.loss_reduction) for kind, count in counts.items()}

    def part_of_loss(
        self,
        likelihood: torch.Tensor,
        chosen: Sequence[int],
        kinds: Sequence[str],
        n: dict[str, float],
        facts: dict[str, float],
    ) -> torch.Tensor:
        """This micro batch's share of L_SOFT of the global batch.

        `likelihood` holds those of the chosen rows' responses, row after row, each in the order of `kinds`.
        """
        of_kind = dict(zip(kinds, likelihood.view(-1, len(kinds)).T, strict=True))
        l_y, l_yhat = (of_kind.get(kind, likelihood[:0]) for kind in ("y", "yhat"))
        return objectives.soft(l_y, l_yhat, n.get("y", 1.0), n.get("yhat", 1.0), facts["tau"])

    def keep(self, epoch: int, metrics: dict[str, float]) -> None:
        """Note whether this epoch's adapter is the one to keep, and what it does to patience.

        The choice is by H@10, then NG@10; patience counts epochs in which H@10 did not rise, so a tie counts.
        """
        best = self.state["best"]
        rose = best is None or metrics[STOP_METRIC] > self.state["highest"]
        self.state["highest"] = metrics[STOP_METRIC] if rose else self.state["highest"]
        self.state["waited"] = 0 if rose else self.state["waited"] + 1
        better = best is None or ordered(metrics) > ordered(best["validation"])
        if better or self.settings.checkpoint_select == "last":
            self.state["best"] = {"epoch": epoch, "validation": metrics, "adapter": adapter_state(self.llm)}


def device_name(device: torch.device) -> str:
    """What a run's minutes were spent on: the GPU's name, or "CPU"."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"


def ordered(metrics: dict[str, float]) -> tuple[float, float]:
    """What epochs are compared by."""
    return metrics[STOP_METRIC], metrics[TIE_METRIC]


def described(metrics: dict[str, float]) -> str:
    """Metrics in one line."""
    return "  ".join(f"{name} {value:.4f}" for name, value in metrics.items())
