"""Working time of a script, without start-up and loading, as a note in its manifests."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from softrec.job import program

NOTE = "work_seconds"


@contextmanager
def timed(before: float = 0.0) -> Iterator[None]:
    """Note the wall-clock seconds of a block plus those of earlier attempts, `before`."""
    start = time.monotonic()
    yield
    program.note(NOTE, round(before + time.monotonic() - start, 3))
