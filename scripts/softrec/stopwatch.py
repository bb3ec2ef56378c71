"""How long a script works, without its start and what it loads: a note in the manifests beside what it writes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from softrec import job

NOTE = "work_seconds"


@contextmanager
def timed() -> Iterator[None]:
    """Note the wall seconds of a block."""
    start = time.monotonic()
    yield
    job.note(NOTE, round(time.monotonic() - start, 3))
