"""How long a script works, without its start and what it loads: a note in the manifests beside what it writes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from softrec.job import program

NOTE = "work_seconds"


@contextmanager
def timed(before: float = 0.0) -> Iterator[None]:
    """Note the wall seconds of a block, and those that earlier attempts have worked `before`."""
    start = time.monotonic()
    yield
    program.note(NOTE, round(before + time.monotonic() - start, 3))
