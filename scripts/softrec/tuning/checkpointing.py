"""When a training run writes a checkpoint, and when it exits after a signal."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from common.process import is_main_process
from softrec.core import distributed
from softrec.core.interruption import Interrupted, Notice, notice
from softrec.io.checkpoints import Checkpoint


class Saver:
    """Checkpoints every few minutes, at the end of an epoch, and on a signal that announces the end of the job.

    Args:
        checkpoint: reads and writes the checkpoints of this run.
        minutes: time between two checkpoints inside an epoch; 0 writes one after every step.
    """

    def __init__(self, checkpoint: Checkpoint, minutes: float) -> None:
        self.checkpoint, self.seconds = checkpoint, 60 * minutes
        self.last = time.monotonic()
        self.notice = Notice()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Record signals for the duration of the block, instead of ending the process at once."""
        with notice() as self.notice:
            yield

    def poll(self) -> tuple[float, float]:
        """Return (signal received, checkpoint due) of this rank as 0.0 or 1.0, to be summed over ranks after a step.

        The ranks' clocks differ, so only rank 0 decides that a checkpoint is due.
        """
        due = is_main_process() and time.monotonic() - self.last >= self.seconds
        return float(bool(self.notice.name)), float(due)

    def load(self) -> dict[str, Any] | None:
        """Return the last complete checkpoint, broadcast from rank 0; None if there is none."""
        return distributed.broadcast_from_main(self.checkpoint.load)

    def save(self, state: dict[str, Any]) -> None:
        """Write a checkpoint, on rank 0 only."""
        if is_main_process():
            self.checkpoint.save(state)
        self.last = time.monotonic()

    def exit_if_requested(self, stop: bool, where: str) -> None:
        """Exit if any rank has received a signal; the caller has saved a checkpoint.

        Raises:
            Interrupted: `stop` is true.
        """
        if stop:
            signal = self.notice.name or "a signal to another rank"
            raise Interrupted(
                f"stopped {where}, by {signal}",
                remedy="nothing is lost: the same command resumes from the checkpoint",
            )
