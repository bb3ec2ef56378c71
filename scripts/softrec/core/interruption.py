"""Signals to stop: Slurm sends SIGTERM before it kills a job that is preempted or out of time."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from common.errors import SoftrecError

SIGNALS = (signal.SIGTERM, signal.SIGUSR1)


class Interrupted(SoftrecError):  # noqa: N818 -- a request to stop
    """A run was stopped by a signal; its checkpoint holds its state."""


class Notice:
    """Signal handler that records whether a signal to stop has arrived.

    Attributes:
        name: the signal's name, or "" if none has arrived.
    """

    def __init__(self) -> None:
        self.name = ""

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Record the signal; the running code checks for it after each step."""
        self.name = signal.Signals(number).name


@contextmanager
def notice() -> Iterator[Notice]:
    """Record signals to stop instead of exiting, for the duration of the block."""
    noted = Notice()
    before = {number: signal.signal(number, noted) for number in SIGNALS}
    try:
        yield noted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
