"""A copy of the project with a toy shop in it, in which tests run Snakemake and edit files."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from toy_shop import write_toy_shop

ROOT = Path(__file__).resolve().parents[1]
SHOWING = ("render_page", "write_paper")
OPTIONS = ["--profile", "profiles/demo", "--configfile", "config/toy.yaml"]
# Nothing may reach the network, and no job may take more than its core. 80 columns are a terminal.
DEAD = "http://127.0.0.1:9"
SURROUNDINGS = {"http_proxy": DEAD, "https_proxy": DEAD, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "COLUMNS": "80"}
PATIENCE = 1200  # seconds after which a run hangs: machines may be slow, and no test is about time


class Job(NamedTuple):
    """A job that Snakemake plans to run."""

    rule: str
    output: list[str]
    reason: str


class Project(NamedTuple):
    """A folder with the workflow, the scripts, configurations, profiles and a toy shop."""

    root: Path

    @property
    def toys(self) -> Path:
        """The results of the shop's data set."""
        return self.root / "results/toy/toys"

    def command(self, *arguments: str) -> list[str]:
        """Snakemake on the toy configuration, by this interpreter."""
        return [sys.executable, "-m", "snakemake", *OPTIONS, *arguments]

    def snakemake(self, *arguments: str, returns: int = 0) -> str:
        """Run Snakemake to its end and return all that it printed; fail if it does not return `returns`."""
        return self.run(self.command(*arguments), returns)

    def run(self, command: list[str], returns: int = 0) -> str:
        """Run a command in the project and return all that it printed; fail if it does not return `returns`."""
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        ended = subprocess.run(command, cwd=self.root, env=surroundings(), timeout=PATIENCE, **pipes)
        assert ended.returncode == returns, f"returned {ended.returncode}, not {returns}:\n{ended.stdout}"
        return ended.stdout

    def planned(self, *arguments: str) -> list[Job]:
        """The jobs of a dry run, without the target of all."""
        answer = self.root / "plan.json"
        options = ["--dry-run", "--nolock", *OPTIONS, *arguments]
        self.run([sys.executable, "-P", "workflow/tools/dry_run.py", str(answer), *options])
        jobs = [Job(job["rule"], job["output"], job["reason"]) for job in json.loads(answer.read_text())]
        return [job for job in jobs if job.rule != "all"]

    @contextmanager
    def edited(self, path: str, old: str, new: str) -> Iterator[None]:
        """The file with one text replaced by another; afterwards it is as it was, its time included."""
        file = self.root / path
        text, status = file.read_text(), file.stat()
        assert text.count(old) == 1, f"{path} has {old!r} {text.count(old)} times"
        file.write_text(text.replace(old, new))
        try:
            yield
        finally:
            file.write_text(text)
            os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace one text by another for good."""
        file = self.root / path
        assert file.read_text().count(old) == 1, f"{path} has {old!r} not once"
        file.write_text(file.read_text().replace(old, new))

    def copy(self, folder: Path) -> "Project":
        """The same project elsewhere, results and Snakemake's records included, with all times as they were."""
        shutil.copytree(self.root, folder, symlinks=True)
        return Project(folder)


class Finished(NamedTuple):
    """A project whose graph has run to its end, and what the run printed. Not to be changed: copy it."""

    project: Project
    printed: str


def surroundings() -> dict[str, str]:
    """Environment variables of every run. A proxy that is not there would end any use of the network."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SNAKEMAKE")}
    return {**kept, **SURROUNDINGS}


def rules(jobs: list[Job]) -> dict[str, int]:
    """How many jobs of each rule there are, without those that only put tables and figures into a report or a paper."""
    return dict(Counter(job.rule for job in jobs if job.rule not in SHOWING))


def new_project(folder: Path) -> Project:
    """Workflow, scripts, configurations and profiles copied to `folder`, and a toy shop of more than 1 MB.

    The reviews are padded by a text of a thousand letters each, and plain: Snakemake by itself compares files of over
    1 MB by their times alone.
    """
    for name in ("workflow", "scripts", "config", "envs", "profiles"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "tests/e2e/toy.yaml", folder / "config")
    shop = write_toy_shop(folder / "shop")
    write_reviews(folder / "shop/Toys.jsonl", [{**review, "text": "x" * 1000} for review in read_lines(shop.ratings)])
    write_reviews(folder / "shop/meta_Toys.jsonl", read_lines(shop.metadata))
    shop.ratings.unlink()
    shop.metadata.unlink()
    assert (folder / "shop/Toys.jsonl").stat().st_size > 1_000_000
    return Project(folder)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a gzipped file of JSON lines."""
    import gzip

    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).decode().splitlines()]


def write_reviews(path: Path, values: list[dict[str, Any]]) -> None:
    """Write JSON lines."""
    path.write_text("".join(json.dumps(value) + "\n" for value in values))
