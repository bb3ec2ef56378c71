"""Messages about waiting jobs: unusual reasons for which Slurm holds a job, and queries that fail."""

import subprocess
from collections.abc import Callable, Mapping
from typing import NamedTuple

Run = Callable[..., "subprocess.CompletedProcess[str]"]
# Reasons for which every job waits now and then.
USUAL = {"", "None", "Priority", "Resources", "Dependency", "BeginTime", "Cleaning", "Prolog"}


class State(NamedTuple):
    """A job's state ("PENDING", "RUNNING") and the reason for it, in Slurm's own words."""

    state: str
    reason: str


def states(run_uuid: str, run: Run = subprocess.run) -> dict[str, State] | str:
    """Return the state of each of a run's jobs by its number, or the error if squeue fails."""
    command = ("squeue", "--noheader", "--states=all", "--format=%i|%T|%r", f"--name={run_uuid}")
    try:
        ended = run(command, capture_output=True, text=True, errors="replace", timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if ended.returncode:
        return " ".join(ended.stderr.split()) or f"status {ended.returncode}"
    rows = [line.strip().split("|", 2) for line in ended.stdout.splitlines() if line.count("|") >= 2]
    return {number: State(state, reason) for number, state, reason in rows}


class Told:
    """Shows each reason for waiting, and each failure of squeue, once.

    Args:
        show: prints a line.
    """

    def __init__(self, show: Callable[[str], None]) -> None:
        self.show = show
        self.reasons: set[str] = set()
        self.silent = False

    def tell(self, found: Mapping[str, State] | str) -> None:
        """Show what is new in a result of `states`."""
        if isinstance(found, str):
            if not self.silent:
                self.show(f"squeue does not answer ({found}): it is asked again until it does; jobs are not lost")
            self.silent = True
            return
        if self.silent:
            self.show("squeue answers again")
        self.silent = False
        for number, (state, reason) in found.items():
            if state == "PENDING" and reason not in USUAL and reason not in self.reasons:
                self.reasons.add(reason)
                self.show(f"Slurm job {number} waits: {reason}{advice(number, reason)}")


def advice(number: str, reason: str) -> str:
    """Return the remedy for a reason."""
    if "held" in reason.lower():
        return f"; `scontrol release {number}` lets it go, `scancel {number}` has it submitted again"
    if reason.startswith(("QOS", "Assoc", "MaxJobs", "MaxSubmit")):
        return "; a limit of the site: it goes on when other jobs have ended, or lower what it asks for"
    return "; see `sinfo` and `scontrol show job " + number + "`, or ask who runs the cluster"
