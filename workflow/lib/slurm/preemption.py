"""Jobs that Slurm has ended to make room for others.

Where a partition preempts by REQUEUE, the job waits again by itself. Where it preempts by CANCEL, the job's state stays
PREEMPTED, which Snakemake's Slurm plugin takes for a job that will go on: it would wait for ever. `scontrol requeue`
makes it what the plugin expects, the same job with the same number in the queue, and training goes on.
"""

import subprocess
import threading
from collections.abc import Callable, Collection, Iterable
from typing import Any

Run = Callable[..., "subprocess.CompletedProcess[str]"]
LOOKS = 2  # a job that requeues by itself is PREEMPTED for a moment; one that was cancelled is at a second look too
SECONDS = 60.0


class Requeuer:
    """Puts jobs that were preempted by CANCEL into the queue again.

    It begins to look when a first preemption is seen, so a run without any asks Slurm nothing.

    Args:
        numbers: the Slurm jobs of this run so far.
        show: prints a line.
        interval: seconds between two looks.
        run: starts a program.
    """

    def __init__(
        self,
        numbers: Collection[str],
        show: Callable[[str], None],
        interval: Callable[[], float] = lambda: SECONDS,
        run: Run = subprocess.run,
    ) -> None:
        self.numbers, self.show, self.interval, self.run = numbers, show, interval, run
        self.seen: dict[str, int] = {}
        self.thread: threading.Thread | None = None

    def begin(self) -> None:
        """Look from now on, in a thread that ends with the process."""
        if self.thread is None:
            self.thread = threading.Thread(target=self.watch, daemon=True, name="requeuer")
            self.thread.start()

    def watch(self) -> None:
        """Look, wait, look again, for ever."""
        while True:
            self.look()
            threading.Event().wait(self.interval())

    def look(self) -> None:
        """Requeue the jobs that have been PREEMPTED at `LOOKS` looks in a row."""
        preempted = self.preempted()
        self.seen = {number: self.seen.get(number, 0) + 1 for number in preempted}
        for number in [number for number, looks in self.seen.items() if looks >= LOOKS]:
            del self.seen[number]
            ended = self.call("scontrol", "requeue", number)
            if ended is not None and ended.returncode == 0:
                self.show(f"  requeued  Slurm job {number}, which was preempted and cancelled")
            else:
                reason = ended.stderr.strip() if ended is not None else "scontrol cannot be run"
                self.show(
                    f"Slurm job {number} was preempted and cancelled, and cannot be requeued ({reason}):\n"
                    "press Ctrl-C, then start the same command again."
                )

    def preempted(self) -> Iterable[str]:
        """Those of this run's jobs whose state is PREEMPTED."""
        if not self.numbers:
            return []
        ended = self.call(
            "squeue", "--noheader", "--states=PREEMPTED", "--format=%A", f"--jobs={','.join(self.numbers)}"
        )
        return ended.stdout.split() if ended is not None and ended.returncode == 0 else []

    def call(self, *command: str) -> Any:
        """What a program of Slurm's answered, or None if it could not be run."""
        try:
            return self.run(command, capture_output=True, text=True, errors="replace", timeout=60)
        except (OSError, subprocess.TimeoutExpired):
            return None
