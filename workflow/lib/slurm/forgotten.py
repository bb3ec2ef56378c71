"""Jobs that Slurm does not know any more, decided by what they have written.

A cluster without accounting forgets a job some time after its end (MinJobAge). If nobody asked in that time, because
Snakemake was stopped or the controller was down, its Slurm plugin would wait for that job for ever. Where that time is
short the plugin asks `sacct` instead of `squeue`, and loses sight of all jobs if that does not answer.
"""

import functools
import subprocess
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any

from lib.slurm import waiting

Run = Callable[..., "subprocess.CompletedProcess[str]"]
LOOKS = 3  # questions in a row in which Slurm does not name a job
SOON, SELDOM = 5, 45  # seconds between two questions: where a job is not named, and at most


def wrap(executor: Any, show: Callable[[str], None], since: float, run: Run = subprocess.run) -> None:
    """Let the plugin's class `executor` end jobs that Slurm has forgotten; `show` prints a line about each.

    An output counts if it was written after `since`, the start of the run by the clock of the file system: one that is
    older is of an earlier run, and the job was forgotten before it began.
    """
    check = executor.check_active_jobs
    absent: dict[str, int] = {}
    ended, told = noted(executor), waiting.Told(show)

    @functools.wraps(check)
    async def check_active_jobs(self: Any, active_jobs: list[Any]) -> AsyncIterator[Any]:
        active_jobs = list(active_jobs)
        async for _ in check(self, active_jobs):
            pass
        left = [job for job in active_jobs if job.external_jobid not in ended]
        known = waiting.states(self.run_uuid, run) if left else {}
        told.tell(known)
        for job in left:
            number = job.external_jobid
            absent[number] = 0 if isinstance(known, str) or number in known else absent.get(number, 0) + 1
            if absent[number] < LOOKS:
                yield job
            elif missing := [
                path for path in outputs(job.job) if not (path.exists() and path.stat().st_mtime >= since)
            ]:
                self.report_job_error(
                    job, msg=f"Slurm does not know job {number} any more, which has not written {missing[0]}. "
                )
            else:
                show(f"Slurm does not know job {number} any more; its outputs are there, so it has ended well.")
                self.report_job_success(job)
        hurry(self, any(0 < absent[job.external_jobid] < LOOKS for job in left))

    executor.check_active_jobs = check_active_jobs


def noted(executor: Any) -> set[str]:
    """The numbers of jobs whose end is reported from now on."""
    ended: set[str] = set()

    def wrapped(report: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(report)
        def noting(self: Any, job_info: Any, *arguments: Any, **options: Any) -> None:
            ended.add(job_info.external_jobid)
            report(self, job_info, *arguments, **options)

        return noting

    executor.report_job_success = wrapped(executor.report_job_success)
    executor.report_job_error = wrapped(executor.report_job_error)
    return ended


def hurry(executor: Any, soon: bool) -> None:
    """Ask again soon, or else within a minute; the profile's wish stays if it is longer.

    The plugin waits for what the profile says at first, and ten seconds more after each round, up to three minutes.
    """
    first = executor.workflow.executor_settings.init_seconds_before_status_checks or 0
    seconds = executor.next_seconds_between_status_checks
    executor.next_seconds_between_status_checks = SOON if soon else min(seconds, max(first, SELDOM))


def outputs(job: Any) -> Iterable[Path]:
    """The files that a job or a group of jobs writes."""
    members = job.jobs if job.is_group() else [job]
    return [Path(name) for member in members for name in member.output]
