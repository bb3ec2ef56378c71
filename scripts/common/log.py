"""Log lines: one per step, greppable, without cursor movement."""

import sys
import time

from common.display_text import plain
from common.process import is_main_process


def info(text: str) -> None:
    """Write one line to standard error, unbuffered, from the main process. A rule's log file is its standard error."""
    if is_main_process():
        print(plain(text), file=sys.stderr, flush=True)


def clock(seconds: float) -> str:
    """Format seconds as h:mm:ss, or m:ss below an hour."""
    minutes, rest = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


class Progress:
    """Progress of a job of `total` units: `name  42 %  loss 1.2345  5,120 tok/s  ETA 0:32`.

    At most one line per `interval` seconds, and always one for the last unit.
    """

    def __init__(self, name: str, total: int, *, unit: str = "rows", interval: float = 10.0) -> None:
        self.name, self.total, self.unit, self.interval = name, total, unit, interval
        self.done = self.count = self.skipped = 0
        self.start = self.last = time.monotonic()

    def skip(self, done: int) -> None:
        """Record what an earlier attempt has done: it counts for the percentage, but not for throughput and ETA."""
        self.done += done
        self.skipped = done

    def step(self, done: int, count: int | None = None, **facts: float) -> None:
        """Record `done` more units of the total and `count` more units of throughput (default: `done`)."""
        self.done += done
        self.count += done if count is None else count
        now = time.monotonic()
        if self.done < self.total and now - self.last < self.interval:
            return
        self.last = now
        spent = max(now - self.start, 1e-9)
        shown = "".join(f"  {name} {value:.4f}" for name, value in facts.items())
        eta = spent / max(self.done - self.skipped, 1) * (self.total - self.done)
        percent = 100 * self.done // max(self.total, 1)
        info(f"{self.name}  {percent:3d} %{shown}  {self.count / spent:,.0f} {self.unit}/s  ETA {clock(eta)}")
