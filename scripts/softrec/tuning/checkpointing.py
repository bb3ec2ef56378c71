"""When a training run writes a checkpoint, and when it leaves because it was told to."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from common.process import is_main_process
from softrec.core import distributed
from softrec.core.interruption import Interrupted, Notice, notice
from softrec.io.checkpoints import Checkpoint


class Saver:
    """A checkpoint every few minutes, at the end of an epoch, and when a signal says that the job is about to end.

    Args:
        checkpoint: where states go.
        minutes: time between two checkpoints inside an epoch; 0 writes one after every step.
    """

    def __init__(self, checkpoint: Checkpoint, minutes: float) -> None:
        self.checkpoint, self.seconds = checkpoint, 60 * minutes
        self.last = time.monotonic()
        self.notice = Notice()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Note signals instead of ending at once."""
        with notice() as self.notice:
            yield

    def poll(self) -> tuple[float, float]:
        """What this rank has to say after a step, to be added up over ranks: (a signal has come, a checkpoint is due).

        Clocks differ, so that of rank 0 counts.
        """
        due = is_main_process() and time.monotonic() - self.last >= self.seconds
        return float(bool(self.notice.name)), float(due)

    def load(self) -> dict[str, Any] | None:
        """The last whole state, the same on every rank; None if there is none."""
        return distributed.broadcast_from_main(self.checkpoint.load)

    def save(self, state: dict[str, Any]) -> None:
        """Write a state, from rank 0."""
        if is_main_process():
            self.checkpoint.save(state)
        self.last = time.monotonic()

    def exit_if_requested(self, stop: bool, where: str) -> None:
        """End the run if any rank was told to stop; what is done has been saved."""
        if stop:
            signal = self.notice.name or "a signal to another rank"
            raise Interrupted(
                f"stopped {where}, by {signal}",
                remedy="nothing is lost: the same command goes on from the checkpoint",
            )
