"""Dry run of Snakemake in a separate process that writes the planned jobs as JSON.

Snakemake prints its plan as text; its log records have the same data and need no parsing.
"""

import json
import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

SNAKEFILES = ("Snakefile", "snakefile", "workflow/Snakefile", "workflow/snakefile")  # that Snakemake finds by itself
OWN = Path(__file__).resolve().parents[1] / "Snakefile"


class Job(NamedTuple):
    """A planned job: its rule, files, command, Snakemake's reason to run it, and its benchmark."""

    rule: str
    input: list[str]
    output: list[str]
    command: str
    reason: str
    benchmark: str = ""


class DryRunError(Exception):
    """Snakemake could not make a plan; the text is Snakemake's output."""


class Recorder(logging.Filter):
    """Stores the record of each planned job; a filter, because Snakemake removes foreign log handlers."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[dict[str, Any]] = []

    def filter(self, record: logging.LogRecord) -> bool:
        """Store a record of kind "job info"; let all records pass."""
        facts = vars(record)
        if "shellcmd" in facts and "rule_name" in facts and "reason" in facts:
            scripts = os.environ.get("SOFTREC_SCRIPTS", "scripts")  # set by the Snakefile, in this process
            files = {name: [str(file) for file in facts[name] or ()] for name in ("input", "output")}
            self.jobs.append(
                {
                    **files,
                    "rule": facts["rule_name"],
                    "command": (facts["shellcmd"] or "").replace('"$SOFTREC_SCRIPTS"', scripts),
                    "reason": facts["reason"],
                    "benchmark": str(facts.get("benchmark") or ""),
                }
            )
        return True


def jobs(arguments: list[str]) -> list[Job]:
    """Return the jobs of `snakemake --dry-run ARGUMENTS`, in the order of the plan.

    In a folder without a Snakefile the plan is that of the project's own.

    Raises:
        DryRunError: Snakemake could not make a plan.
    """
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "jobs.json"
        command = [sys.executable, "-P", __file__, str(answer), "--dry-run", "--nolock", "--rerun-incomplete"]
        if not any(Path(name).is_file() for name in SNAKEFILES):  # the last one named counts
            command += ["--snakefile", str(OWN)]
        child = subprocess.run([*command, *arguments], capture_output=True, text=True, errors="replace")
        if child.returncode != 0 or not answer.exists():
            raise DryRunError(f"{child.stdout}{child.stderr}".strip())
        return [Job(**job) for job in json.loads(answer.read_text())]


def record(answer: Path, arguments: list[str]) -> None:
    """Run Snakemake in this process and write the planned jobs to the file `answer`."""
    from snakemake import cli
    from snakemake.logging import logger

    recorder = Recorder()
    logger.addFilter(recorder)
    try:
        cli.main(arguments)
    except SystemExit as end:
        if end.code:
            raise
    answer.write_text(json.dumps(recorder.jobs))


if __name__ == "__main__":
    record(Path(sys.argv[1]), sys.argv[2:])
