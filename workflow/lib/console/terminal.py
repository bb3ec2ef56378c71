"""Terminal output of a run: a line when a job starts, a line when it ends, and the jobs that failed.

By default Snakemake prints five lines and the whole command per job; if quiet, it prints neither the rules nor the
failures. So its log records are read here, before it drops any.
"""

import logging
import re
import sys
import textwrap
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from common.display_text import plain
from lib.slurm import preemption

WIDTH = 80
REPLACED = ("job_finished", "progress", "run_info", "resources_info")  # events shown more briefly here or in the plan
# Beginnings of messages that add nothing to the lines printed here, such as a failed job's whole command.
NOISE = (
    "Assuming unrestricted shared",
    "Building DAG",
    "Using shell",
    "Conda environments: ignored",
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
        self.requeuer = preemption.Requeuer(self.numbers, show, interval)

    def filter(self, record: logging.LogRecord) -> bool:
        """Process a record. Return False, which drops it, if the lines printed here replace it."""
        if LOCKED in str(record.msg) and self.remote():
            record.msg = f"{record.msg}\n{LEFT_BEHIND}"
        facts = vars(record)
        event = str(facts.get("event"))
        for rule, logs, cluster_job in failed(event, facts):
            self.failures[rule, logs] = self.failures.get((rule, logs)) or cluster_job
        if not self.quiet or self.dryrun():
            return True
        if event == "job_info":
            self.start(facts)
        elif event == "group_info":
            self.groups.update([group(facts["group_id"], [job.rule.name for job in facts["jobs"]])])
        elif event == "job_error":
            self.show(line("failed", self.end(facts["jobid"])))
        elif event == "job_finished":
            self.ended = self.end(facts["job_id"])
        elif event == "progress":
            self.show(line(f"{facts['done']} of {facts['total']}", self.ended or "all"))
        elif submitted := SUBMITTED.match(str(record.msg)):
            self.submitted(*submitted.groups())
            return False
        elif "A Job preemption" in str(record.msg):
            self.show(PREEMPTED)
            self.requeuer.begin()
            return False
        return event not in (*REPLACED, "group_info", "group_error") and not str(record.msg).startswith(NOISE)

    def start(self, facts: Mapping[str, Any]) -> None:
        """Record the start of a job and print it; the target `all` runs no command and is skipped."""
        if facts["shellcmd"]:
            name = named(facts["rule_name"], facts["wildcards"])
            self.running[facts["jobid"]] = name, time.monotonic()
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

    def end(self, job: int) -> str:
        """Return the name and run time (m:ss) of a job that has ended; "" if its start was not seen."""
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


def line(left: str, right: str) -> str:
    """Format two columns, cut to the width of a terminal."""
    text = f"{left:>10}  {right}"
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"
