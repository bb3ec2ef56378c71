"""Forecast of the time that a run has left, from its jobs so far and from the cost model for kinds not yet seen.

The cost model's seconds are those of the paper's hardware, so only their ratios count here: they are scaled by the jobs
that have ended, those of the same rule if there are any. Jobs that run at once are accounted for by the busy time per
elapsed time so far.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping

from lib.cost.summary import Wall

SHARE = 0.1  # of the work between two forecasts,
LEAST, MOST = 30.0, 3600.0  # and seconds


class Forecast:
    """The jobs of a run, as they start and end.

    Args:
        jobs: what is expected of each job, by its number.
        clock: seconds since any moment.
    """

    def __init__(self, jobs: Mapping[int, Wall], clock: Callable[[], float] = time.monotonic) -> None:
        self.waiting, self.clock = dict(jobs), clock
        self.running: dict[int, float] = {}
        self.taken: dict[str, list[float]] = {}
        # Seconds of ended jobs whose seconds were estimated, and the estimates: by rule, and of "" all together.
        self.spent, self.estimated = defaultdict[str, float](float), defaultdict[str, float](float)
        self.began = clock()
        self.told_at, self.told_share = self.began, 0.0

    def start(self, job: int) -> None:
        """Note that a job has started, or has been submitted."""
        if job in self.waiting:
            self.running[job] = self.clock()

    def stop(self, job: int) -> None:
        """Note that a job has failed; it is expected to run again."""
        self.running.pop(job, None)

    def end(self, job: int) -> None:
        """Note that a job has ended well."""
        if (expected := self.waiting.pop(job, None)) is None or (started := self.running.pop(job, None)) is None:
            return
        seconds = self.clock() - started
        self.taken.setdefault(expected.kind, []).append(seconds)
        for rule in dict.fromkeys((expected.rule, "")) if not expected.measured else ():
            self.spent[rule] += seconds
            self.estimated[rule] += expected.seconds

    def seconds(self, expected: Wall) -> float | None:
        """Return the seconds that a job takes here; None if its estimate cannot be scaled yet."""
        if taken := self.taken.get(expected.kind):
            return sum(taken) / len(taken)
        if expected.measured:
            return expected.seconds
        rule = expected.rule if self.spent[expected.rule] else ""
        return expected.seconds * self.spent[rule] / self.estimated[rule] if self.spent[rule] else None

    def left(self) -> tuple[float, float] | None:
        """Return the seconds that the run has left and the share of its work that is done; None if unknown."""
        now = self.clock()
        ran = {job: now - started for job, started in self.running.items()}
        busy = sum(map(sum, self.taken.values())) + sum(ran.values())
        more = 0.0
        for job, expected in self.waiting.items():
            if (whole := self.seconds(expected)) is None:
                return None
            more += max(whole - ran.get(job, 0.0), 0.0)
        return (more * (now - self.began) / busy, busy / (busy + more)) if busy else None

    def due(self) -> str:
        """Return the time left if a tenth of the work (or an hour) has passed since the last answer, else ""."""
        if (found := self.left()) is None or not self.waiting:
            return ""
        seconds, share = found
        passed = self.clock() - self.told_at
        if passed < LEAST or (share + 1e-9 < self.told_share + SHARE and passed < MOST):
            return ""
        self.told_at, self.told_share = self.clock(), share
        return f"about {duration(seconds)}, at the pace so far ({share:.0%} of the work is done)"


def duration(seconds: float) -> str:
    """Format a time to two digits or so: "40 s", "7 min", "2 h 10 min", "3 d 4 h"."""
    minutes, hours = round(seconds / 60), round(seconds / 3600)
    if seconds < 59.5:
        return f"{max(round(seconds), 1)} s"
    if minutes < 60:
        return f"{minutes} min"
    if hours < 24:
        tens = round(minutes, -1)
        return f"{tens // 60} h {tens % 60} min" if tens % 60 else f"{tens // 60} h"
    return f"{hours // 24} d {hours % 24} h" if hours % 24 else f"{hours // 24} d"
