"""What a run shows on the terminal: a line when a job starts and one when it ends; and which jobs failed.

Snakemake prints five lines and the whole command per job, or, made quiet, neither the names of rules nor what failed.
So its log records are read here, before it drops any.
"""

import logging
import sys
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

WIDTH = 80
REPLACED = ("job_finished", "progress", "run_info", "resources_info")  # events told here in fewer words, or in the plan
# How messages begin that say nothing beside the lines printed here: a failed job's whole command is among them.
NOISE = (
    "Assuming unrestricted shared",
    "Building DAG",
    "Using shell",
    "Conda environments: ignored",
    "Select jobs to execute",
    "Execute ",
    "RuleException:\nCalledProcessError",
)


class Watch(logging.Filter):
    """Sees all records of Snakemake's logger; prints lines of its own if Snakemake is to be quiet about rules.

    Quiet about progress, Snakemake would not even log that a job has ended: then there are no lines either.

    Args:
        quiet: what Snakemake is quiet about, by name, such as {"rules", "host"}.
        dryrun: whether nothing is to run; asked at every record, since it is not known when a workflow is read.
        show: prints one line.

    Attributes:
        failures: rule and log files of every failed job, in the order in which they failed.
    """

    def __init__(
        self,
        quiet: Collection[object],
        dryrun: Callable[[], bool] = lambda: False,
        show: Callable[[str], None] = lambda text: print(text, file=sys.stderr, flush=True),
    ) -> None:
        super().__init__()
        names = {str(name) for name in quiet}
        self.quiet = "rules" in names and not names & {"progress", "all"}
        self.dryrun, self.show = dryrun, show
        self.failures: dict[tuple[str, tuple[str, ...]], None] = {}
        self.running: dict[int, tuple[str, float]] = {}
        self.ended = ""

    def attach(self) -> "Watch":
        """Begin to see the records of this process."""
        from snakemake.logging import logger

        logger.addFilter(self)
        return self

    def filter(self, record: logging.LogRecord) -> bool:
        """Note a record. False, so that nobody prints it, if it says less than the lines printed here."""
        facts = vars(record)
        event = str(facts.get("event"))
        if event == "job_error":
            self.failures[facts["rule_name"], tuple(map(str, facts["log"]))] = None
        if not self.quiet or self.dryrun():
            return True
        if event == "job_info":
            self.start(facts)
        elif event == "job_error":
            self.show(line("failed", self.end(facts["jobid"])))
        elif event == "job_finished":
            self.ended = self.end(facts["job_id"])
        elif event == "progress":
            self.show(line(f"{facts['done']} of {facts['total']}", self.ended or "all"))
        return event not in REPLACED and not str(record.msg).startswith(NOISE)

    def start(self, facts: Mapping[str, Any]) -> None:
        """Note that a job starts, and say so; the target of all runs no command and is passed over."""
        if facts["shellcmd"]:
            name = named(facts["rule_name"], facts["wildcards"])
            self.running[facts["jobid"]] = name, time.monotonic()
            self.show(line("start", name))

    def end(self, job: int) -> str:
        """A job that has ended and how long it ran, as m:ss; "" if it was not seen to start."""
        name, started = self.running.pop(job, ("", 0.0))
        seconds = round(time.monotonic() - started)
        return name and f"{name}  {seconds // 60}:{seconds % 60:02d}"


def named(rule: str, wildcards: Mapping[str, str] | None) -> str:
    """A job in a few words: its rule, and its wildcards, numbers with their names."""
    shown = (value if value[:1].isalpha() else f"{name}={value}" for name, value in (wildcards or {}).items())
    return "  ".join([rule, " ".join(shown)]).strip()


def line(left: str, right: str) -> str:
    """Two columns, no wider than a terminal."""
    text = f"{left:>10}  {right}"
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"
