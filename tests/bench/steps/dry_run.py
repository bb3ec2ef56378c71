"""The dry run of the paper's grid with eight seeds: what anyone types first on a cluster."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from harness import ROOT, Measured, MismatchError, Row, limit

TITLE = "Dry run of the paper's grid with 8 seeds"
SIDES = ["ours"]
PAIRS = 3
COMMAND = [sys.executable, "-m", "snakemake", "--profile", "profiles/slurm", "--sdm", "env-modules", "-n", "--nolock"]
SEEDS = ["--config", "seeds=[1,2,3,4,5,6,7,8]"]
# tests/workflow/test_paper_grid.py counts 1,255 jobs of five seeds by hand. Each seed has 222 of them: on each of three
# data sets 4 fits, what the teacher says, 4 rankings, 2 x (SFT, SDPO, w/o SA, 4 x SOFT, self-distilled data and their
# description) = 18 tunings and answers, 2 x 7 predictions, as many groundings, 18 evaluations, and LLaRA's d_0.
JOBS = 8 * 222 + 145


def prepare(folder: Path) -> None:
    """Nothing: the configuration and the profile are the project's."""


def ours(folder: Path) -> Iterator[None]:
    """`snakemake -n -q all`, which fails if the graph does."""
    yield
    subprocess.run([*COMMAND, "-q", "all", *SEEDS], cwd=ROOT, check=True, capture_output=True)
    yield


def check(folder: Path, sides: list[str]) -> str:
    """The same command without `-q all` lists the jobs."""
    listed = subprocess.run([*COMMAND, "--forceall", *SEEDS], cwd=ROOT, check=True, capture_output=True, text=True)
    totals = {int(number) for number in re.findall(r"^total +(\d+)$", listed.stdout, re.MULTILINE)}
    if totals != {JOBS}:
        raise MismatchError(f"the dry run lists {totals or 'no'} jobs, not {JOBS:,}")
    return f"{JOBS:,} jobs, as counted by hand"


def rows(measured: Measured) -> list[Row]:
    """Seconds of the command."""
    return limit(measured, f"{JOBS:,} jobs", 6)
