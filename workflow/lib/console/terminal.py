"""Terminal output of a run: a line when a job starts, a line when it ends, and the jobs that failed.

By default Snakemake prints five lines and the whole command per job; if quiet, it prints neither the rules nor the
failures. So its log records are read here, before it drops any.
"""

import logging
import re
import signal
import sys
import textwrap
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from common.display_text import plain
from lib.console.forecast import Forecast
from lib.slurm import preemption

WIDTH = 80
REPLACED = ("job_finished", "progress", "run_info", "resources_info")  # events shown more briefly here or in the plan
# Beginnings of messages that add nothing to the lines printed here, such as a failed job's whole command.
NOISE = (
    "Assuming unrestricted shared",
    "Building DAG",
    "Using shell",
    "Conda environments: ignored",
    "Activating conda environment",
    "Select jobs to execute",
    "Execute ",
    "RuleException:\nCalledProcessError",
    "SLURM run ID:",
    "Cleaning up SLURM log files",
    "No SLURM account given",
    "No account was given",
    "Unable to guess SLURM account",
    "Trying to restart job",
    "Exiting because a job execution failed",
)
SUBMITTED = re.compile(r"Job (\S+) has been submitted with SLURM jobid (\d+) \(log: (.+)\)")
STATUS = re.compile(r"SLURM status is: '(\w+)'")
LOCKED = "cannot be locked"
LEFT_BEHIND = (
    "If Snakemake was killed, its jobs are still on the cluster, and write the same files: `make slurm-recover`\n"
    "finds and cancels them and removes the lock. Then start the same command again."
)
STOPPED = "Stopped. The same command goes on: finished jobs are kept, training resumes."
UNFINISHED = "At least one job did not complete successfully"
PREEMPTED = " preempted  a job waits in the queue again and will resume from its checkpoint"


class Watch(logging.Filter):
    """Filter of Snakemake's log records that prints its own lines if Snakemake is set to be quiet about rules.

    If Snakemake is quiet about progress, it does not log the end of a job, and no lines are printed here either.

    Args:
        quiet: the names of Snakemake's quiet options, such as {"rules", "host"}.
        dryrun: whether this is a dry run; called for every record, because it is unknown when the workflow is read.
        show: prints one line.
        remote: whether jobs are submitted to a cluster: their line is then printed at submission, with Slurm's number.
        interval: seconds between two queries about preempted jobs.

    Attributes:
        failures: the cluster job of every failed job by its rule and log files, in the order of the failures.
        refusals: Slurm's message for every failed submission, by rule and log files.
        forecast: the time that the run has left, once its jobs are known.
        stopped: whether Ctrl-C was pressed; jobs that end with an error from then on were stopped, and have not failed.
    """

    def __init__(
        self,
        quiet: Collection[object],
        dryrun: Callable[[], bool] = lambda: False,
        show: Callable[[str], None] = lambda text: print(f"{plain(text)}\n", end="", file=sys.stderr, flush=True),
        remote: Callable[[], bool] = lambda: False,
        interval: Callable[[], float] = lambda: preemption.SECONDS,
    ) -> None:
        super().__init__()
        names = {str(name) for name in quiet}
        self.quiet = "rules" in names and not names & {"progress", "all"}
        self.dryrun, self.show, self.remote = dryrun, show, remote
        self.failures: dict[tuple[str, tuple[str, ...]], str] = {}
        self.refusals: dict[tuple[str, tuple[str, ...]], str] = {}
        self.running: dict[int, tuple[str, float]] = {}
        self.ended = ""
        self.numbers: list[str] = []
        self.groups: dict[str, str] = {}
        self.forecast: Forecast | None = None
        self.stopped, self.tables = False, 0
        self.requeuer = preemption.Requeuer(self.numbers, show, interval)

    def filter(self, record: logging.LogRecord) -> bool:
        """Process a record. Return False, which drops it, if the lines printed here replace it."""
        if LOCKED in str(record.msg) and self.remote():
            record.msg = f"{record.msg}\n{LEFT_BEHIND}"
        facts = vars(record)
        event = str(facts.get("event"))
        for rule, logs, cluster_job in failed(event, facts):
            if not self.stopped:
                self.failures[rule, logs] = self.failures.get((rule, logs)) or cluster_job
        if not self.quiet:
            return True
        if self.dryrun():
            return self.planned(event, record)
        if event == "job_info":
            self.start(facts)
        elif event == "group_info":
            self.groups.update([group(facts["group_id"], [job.rule.name for job in facts["jobs"]])])
        elif event == "job_error":
            self.show(line("stopped" if self.stopped else "failed", self.end(facts["jobid"], well=False)))
        elif event == "job_finished":
            self.ended = self.end(facts["job_id"])
        elif event == "progress":
            self.show(line(f"{facts['done']} of {facts['total']}", self.ended or "all"))
            if self.forecast and (left := self.forecast.due()):
                self.show(line("left", left))
        elif submitted := SUBMITTED.match(str(record.msg)):
            self.submitted(*submitted.groups())
            return False
        elif "A Job preemption" in str(record.msg):
            self.show(PREEMPTED)
            self.requeuer.begin()
            return False
        elif self.stopped and UNFINISHED in str(record.msg):
            return False
        return event not in (*REPLACED, "group_info", "group_error") and not str(record.msg).startswith(NOISE)

    def planned(self, event: str, record: logging.LogRecord) -> bool:
        """Process a record of a dry run: fold long lines, and drop the table that comes a second time at the end."""
        self.tables += event == "run_info"
        if len(text := str(record.msg)) > WIDTH:
            record.msg = "\n".join(folded(text))
        return event != "run_info" or self.tables == 1

    def listen(self) -> None:
        """Note Ctrl-C before Snakemake does, whose own message may come after the errors of the jobs that it ended."""
        before = signal.getsignal(signal.SIGINT)

        def stop(number: int, frame: FrameType | None) -> None:
            self.stopped = True
            if callable(before):
                before(number, frame)

        if callable(before):  # it is ignored in the background of a shell, and stays so
            signal.signal(signal.SIGINT, stop)

    def start(self, facts: Mapping[str, Any]) -> None:
        """Record the start of a job and print it; the target `all` runs no command and is skipped."""
        if facts["shellcmd"]:
            name = named(facts["rule_name"], facts["wildcards"])
            self.running[facts["jobid"]] = name, time.monotonic()
            if self.forecast:
                self.forecast.start(facts["jobid"])
            if facts.get("local") or not self.remote():
                self.show(line("start", name))

    def submitted(self, job: str, number: str, log: str) -> None:
        """Print that a job is in the cluster's queue; a group of jobs is identified by the folder of its log."""
        self.numbers.append(number)
        folder = Path(log).parent.name
        own = job.isdigit() and int(job) in self.running
        name = self.running[int(job)][0] if own else self.groups.get(folder, folder)
        self.show(line(f"slurm {number}", name))

    def refused(self, job: Any, sentence: str) -> None:
        """Print why the submission of a job or group failed, and record it for the end of the run."""
        members = list(job.jobs) if job.is_group() else [job]
        self.refusals |= {(own.rule.name, tuple(map(str, own.log))): sentence for own in members}
        self.show(line("refused", ", ".join(sorted({own.rule.name for own in members}))))
        self.show(textwrap.fill(sentence, WIDTH, initial_indent=" " * 12, subsequent_indent=" " * 12))

    def end(self, job: int, well: bool = True) -> str:
        """Return the name and run time (m:ss) of a job that has ended; "" if its start was not seen."""
        if self.forecast:
            (self.forecast.end if well else self.forecast.stop)(job)
        name, started = self.running.pop(job, ("", 0.0))
        seconds = round(time.monotonic() - started)
        return name and f"{name}  {seconds // 60}:{seconds % 60:02d}"


def failed(event: str, facts: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Yield rule, log files and cluster job ("Slurm job 7, TIMEOUT") of each failed job, and of each group member."""
    if event == "job_error":
        number = (facts.get("aux") or {}).get("external_jobid")
        status = STATUS.search(str(facts.get("rule_msg")))
        yield facts["rule_name"], tuple(map(str, facts["log"])), cluster_job(number, status[1] if status else "")
    elif event == "group_error":
        for member in facts["job_error_info"]:
            logs = tuple(map(str, member["log"]))
            yield member["rule_name"], logs, cluster_job(facts.get("external_jobid"), "")


def group(name: str, rules: list[str]) -> tuple[str, str]:
    """Return the log folder of a group of jobs, as the Slurm plugin names it, and a short description."""
    names = sorted(set(rules))
    folder = "_".join(["group", name, *names[:5], *(["..."] if len(names) > 5 else [])])
    return folder, f"{name}, {len(rules)} job{'s' if len(rules) > 1 else ''}: {', '.join(names)}"


def cluster_job(number: str | None, status: str) -> str:
    """Format a cluster job as "Slurm job 7, TIMEOUT"; "" for a job on this machine."""
    return ", ".join(part for part in (f"Slurm job {number}", status) if part) if number else ""


def named(rule: str, wildcards: Mapping[str, str] | None) -> str:
    """Format a job: its rule and its wildcards; values that are numbers get their names."""
    shown = (value if value[:1].isalpha() else f"{name}={value}" for name, value in (wildcards or {}).items())
    return "  ".join([rule, " ".join(shown)]).strip()


def folded(text: str) -> Iterator[str]:
    """Yield the lines of a text, those that are too wide divided at spaces, each part indented like its line."""
    for one in text.split("\n"):
        indent = " " * (len(one) - len(one.lstrip()))
        narrow = textwrap.TextWrapper(WIDTH, indent, indent, break_on_hyphens=False, break_long_words=False)
        yield from narrow.wrap(one.strip()) or [""]


def line(left: str, right: str) -> str:
    """Format two columns, cut to the width of a terminal."""
    text = f"{left:>10}  {right}"
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"
