"""Being told to stop: Slurm sends SIGTERM before it kills a job that is preempted or out of time."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from common.errors import SoftrecError

SIGNALS = (signal.SIGTERM, signal.SIGUSR1)


class Interrupted(SoftrecError):  # noqa: N818 -- a request to stop
    """The run stopped because it was told to; its checkpoint holds all that was done."""


class Notice:
    """Whether a signal to stop has come.

    Attributes:
        name: the signal's name, or "" while there is none.
    """

    def __init__(self) -> None:
        self.name = ""

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Note the signal; whoever is at work looks at the end of a step."""
        self.name = signal.Signals(number).name


@contextmanager
def notice() -> Iterator[Notice]:
    """Take note of signals to stop instead of ending at once, for as long as the block lasts."""
    noted = Notice()
    before = {number: signal.signal(number, noted) for number in SIGNALS}
    try:
        yield noted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
