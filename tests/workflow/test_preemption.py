"""Jobs that were preempted by CANCEL are put into the queue again; the others are left to Slurm."""

import subprocess
from typing import Any

from lib.slurm.preemption import Requeuer


class Slurm:
    """A cluster that answers `squeue` with the states it was given, look after look, and notes what is requeued."""

    def __init__(self, *looks: str, error: str = "") -> None:
        self.looks, self.error = list(looks), error
        self.requeued: list[str] = []

    def __call__(self, command: tuple[str, ...], **_: Any) -> "subprocess.CompletedProcess[str]":
        """Answer a command."""
        if command[0] == "squeue":
            assert "--jobs=7,8" in command
            return subprocess.CompletedProcess(command, 0, self.looks.pop(0), "")
        self.requeued.append(command[-1])
        return subprocess.CompletedProcess(command, int(bool(self.error)), "", self.error)


def looked(slurm: Slurm, times: int) -> list[str]:
    """What is said in so many looks at jobs 7 and 8."""
    said: list[str] = []
    requeuer = Requeuer(["7", "8"], said.append, run=slurm)
    for _ in range(times):
        requeuer.look()
    return said


def test_a_cancelled_job_is_requeued_at_the_second_look() -> None:
    """Job 7 stays PREEMPTED; job 8 is for a moment, as one that Slurm requeues by itself."""
    slurm = Slurm("7\n8\n", "7\n", "")
    assert looked(slurm, 3) == ["  requeued  Slurm job 7, which was preempted and cancelled"]
    assert slurm.requeued == ["7"]


def test_looks_count_in_a_row() -> None:
    """PREEMPTED, gone, PREEMPTED: twice requeued by Slurm itself."""
    slurm = Slurm("7\n", "", "7\n")
    assert looked(slurm, 3) == []
    assert slurm.requeued == []


def test_a_cluster_that_does_not_requeue_is_told_with_a_remedy() -> None:
    """`scontrol requeue` is refused where jobs are submitted with --no-requeue."""
    [said] = looked(Slurm("7\n", "7\n", error="Requested operation is presently disabled"), 2)
    assert "presently disabled" in said
    assert "Ctrl-C" in said


def test_without_jobs_slurm_is_not_asked() -> None:
    """Nothing has been submitted yet."""
    slurm = Slurm()
    Requeuer([], print, run=slurm).look()
    assert slurm.requeued == []
