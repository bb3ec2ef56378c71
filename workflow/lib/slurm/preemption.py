"""Preempted jobs: requeue those that Slurm has cancelled to make room for others.

Where a partition preempts by REQUEUE, Slurm requeues the job. Where it preempts by CANCEL, the job's state stays
PREEMPTED, which Snakemake's Slurm plugin takes for a job that will resume: it would wait for ever. `scontrol requeue`
puts the same job with the same number into the queue, as the plugin expects, and training resumes.
"""

import subprocess
import threading
from collections.abc import Callable, Collection, Iterable
from typing import Any

Run = Callable[..., "subprocess.CompletedProcess[str]"]
LOOKS = 2  # a job that Slurm requeues is PREEMPTED only briefly; a cancelled one still is at a second query
SECONDS = 60.0


class Requeuer:
    """Requeues jobs that were preempted by CANCEL.

    It starts to query Slurm at the first preemption, so a run without preemptions makes no queries.

    Args:
        numbers: the numbers of this run's Slurm jobs so far.
        show: prints a line.
        interval: seconds between two queries.
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
        """Start to query Slurm, in a thread that ends with the process."""
        if self.thread is None:
            self.thread = threading.Thread(target=self.watch, daemon=True, name="requeuer")
            self.thread.start()

    def watch(self) -> None:
        """Query and wait, in an endless loop."""
        while True:
            self.look()
            threading.Event().wait(self.interval())

    def look(self) -> None:
        """Requeue the jobs that have been PREEMPTED in `LOOKS` consecutive queries."""
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
        """Return the numbers of this run's jobs in state PREEMPTED."""
        if not self.numbers:
            return []
        ended = self.call(
            "squeue", "--noheader", "--states=PREEMPTED", "--format=%A", f"--jobs={','.join(self.numbers)}"
        )
        return ended.stdout.split() if ended is not None and ended.returncode == 0 else []

    def call(self, *command: str) -> Any:
        """Run a program of Slurm and return the finished process, or None if it could not be run."""
        try:
            return self.run(command, capture_output=True, text=True, errors="replace", timeout=60)
        except (OSError, subprocess.TimeoutExpired):
            return None
