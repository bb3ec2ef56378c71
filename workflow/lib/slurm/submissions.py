"""Failed submissions: Slurm's message is shown at once, and again at the end of the run.

For a group of jobs Snakemake drops this message, and its Slurm plugin 2.8 loses the error itself in the thread that
submits: without a job and without a message, the run waits for ever.
"""

import functools
import re
import time
from collections.abc import Callable
from typing import Any

from lib.slurm import forgotten

LIMIT = re.compile(r"\w*(MaxSubmit|MaxJobs|GrpSubmit|GrpJobs)\w*|submit/size limit", re.IGNORECASE)
SAID = re.compile(r"The error message was '(.*?)'\.\n", re.DOTALL)
PAUSE = 20.0  # seconds before a job that met a limit on jobs is submitted again
ADVICE = "lower `jobs` in the profile: the site takes no more at once"

Note = Callable[[Any, str], None]


def attach(note: Note, show: Callable[[str], None], since: float) -> None:
    """Patch the Slurm plugin to call `note(job, sentence)` for every failed submission, and to end forgotten jobs.

    `show` prints a line. `since` is when the run began, by the clock of the file system.
    """
    from snakemake_executor_plugin_slurm import Executor

    wrap(Executor, note)
    forgotten.wrap(Executor, show, since)


def wrap(executor: Any, note: Note, pause: Callable[[float], None] = time.sleep) -> None:
    """Patch the plugin's class `executor` to call `note` for every failed submission.

    The two methods that submit a job and report its failure are wrapped. After a limit on the number of jobs was met,
    the failure is reported after a pause, because Snakemake submits again at once.
    """
    from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo

    submit, report = executor.run_job, executor._report_job_error_threadsafe

    @functools.wraps(submit)
    def run_job(self: Any, job: Any) -> None:
        try:
            submit(self, job)
        except Exception as error:
            self._report_job_error_threadsafe(SubmittedJobInfo(job), str(error.__context__ or error))

    @functools.wraps(report)
    def report_job_error(self: Any, job_info: Any, msg: str) -> None:
        note(job_info.job, sentence(msg))
        if LIMIT.search(msg):
            pause(PAUSE)
        report(self, job_info, msg)

    executor.run_job, executor._report_job_error_threadsafe = run_job, report_job_error


def sentence(msg: str) -> str:
    """Return the message of sbatch without the long command around it, and a remedy for a limit on jobs."""
    said = SAID.search(msg)
    text = " ".join((said[1] if said else msg.removeprefix("Job submission failed with exception: ")).split())
    return f"{text} ({ADVICE})" if LIMIT.search(text) else text
