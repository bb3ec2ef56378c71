"""A folder in which Snakemake runs the project's own rules and scripts, apart from the user's results."""

import os
import subprocess
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from tools import dry_run
from tools.dry_run import Job

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PAPER = ROOT / "config/paper.yaml"
SNAKEFILE = ROOT / "workflow/Snakefile"
LINKED = ("scripts", "config", "workflow")
# No progress bars, one thread a job (two jobs at once), and no proxy between this machine and itself.
SURROUNDINGS = {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1", "DS_ACCELERATOR": "cpu", "no_proxy": "127.0.0.1"}


class RehearsalError(Exception):
    """Something in the rehearsal went wrong; the text is a sentence for people."""


class Project:
    """One part of the rehearsal below `folder`, which outlives the process: the next one goes on there.

    Attributes:
        cores: jobs at once; each has one thread.
    """

    cores = 2

    def __init__(self, folder: Path, config: Mapping[str, Any], file: str = "config.yaml") -> None:
        self.folder, self.config = folder, config
        self.file, self.peaks = folder / file, folder / "peaks.jsonl"
        folder.mkdir(parents=True, exist_ok=True)
        for name in LINKED:
            link = folder / name
            if not link.is_symlink():
                link.symlink_to(ROOT / name)
        text = yaml.safe_dump(dict(config), sort_keys=False)
        if not self.file.exists() or self.file.read_text() != text:
            self.file.write_text(text)

    @property
    def options(self) -> list[str]:
        """Where Snakemake finds rules, results and configuration."""
        return ["--snakefile", str(SNAKEFILE), "--directory", str(self.folder), "--configfile", str(self.file)]

    def plan(self, *targets: str) -> list[Job]:
        """Every job that the configuration asks for, done or not."""
        jobs = dry_run.jobs([*self.options, "--forceall", *targets])
        return [job for job in jobs if job.rule != "all"]

    def run(self, targets: Collection[str], rules: Collection[str], **variables: str) -> None:
        """Make the targets by these rules alone: what other rules would make is taken as it stands.

        Raises:
            RehearsalError: a job failed; all that do not depend on it have run.
        """
        if not targets:
            return
        command = [sys.executable, "-m", "snakemake", *self.options, "--cores", str(self.cores), "--keep-going"]
        command += ["--rerun-incomplete", "--quiet", "host", "rules", "--max-checksum-file-size", "100000000000"]
        command += ["--allowed-rules", "all", *sorted(rules), "--", *targets]
        own = {"SOFTREC_PEAKS": str(self.peaks), "PYTHONPATH": str(HERE / "peaks")}
        ended = subprocess.run(command, cwd=ROOT, env={**os.environ, **SURROUNDINGS, **own, **variables})
        if ended.returncode:
            raise RehearsalError(f"a job failed in {self.folder}: its log is named above; the same command goes on")

    def outputs(self, job: Job) -> list[Path]:
        """Where a job's outputs stand."""
        return [self.folder / name for name in job.output]
