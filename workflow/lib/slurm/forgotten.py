"""Jobs that Slurm has forgotten: their outputs decide whether they count as finished or failed.

A cluster without accounting forgets a job some time after its end (MinJobAge). If Snakemake was stopped or the
controller was down during that time, Snakemake's Slurm plugin would wait for the job for ever. If MinJobAge is short,
the plugin queries `sacct` instead of `squeue`, and loses track of all jobs if `sacct` fails.
"""

import functools
import subprocess
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any

from lib.slurm import waiting

Run = Callable[..., "subprocess.CompletedProcess[str]"]
LOOKS = 3  # consecutive queries without a job until it counts as forgotten
SOON, SELDOM = 5, 45  # seconds between two queries: while a job is missing, and at most


def wrap(executor: Any, show: Callable[[str], None], since: float, run: Run = subprocess.run) -> None:
    """Patch the plugin's class `executor` to end jobs that Slurm has forgotten; `show` prints a line about each.

    An output counts only if it was written after `since`, the start of the run by the clock of the file system: older
    outputs are from an earlier run, and the job was forgotten before it began.
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
    """Return a set to which the numbers of jobs are added whose end is reported from now on."""
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
    """Schedule the next query soon, or else within a minute unless the profile sets a longer interval.

    The plugin starts with the interval of the profile, and adds ten seconds after each round, up to three minutes.
    """
    first = executor.workflow.executor_settings.init_seconds_before_status_checks or 0
    seconds = executor.next_seconds_between_status_checks
    executor.next_seconds_between_status_checks = SOON if soon else min(seconds, max(first, SELDOM))


def outputs(job: Any) -> Iterable[Path]:
    """Return the output files of a job or of a group of jobs."""
    members = job.jobs if job.is_group() else [job]
    return [Path(name) for member in members for name in member.output]
