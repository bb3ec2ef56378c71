"""What tests of the workflow share: the configurations as the workflow sees them, and the jobs of dry runs."""

import copy
import os
from collections.abc import Callable
from typing import Any

import pytest

from lib.config import loading
from places import ROOT
from tools import dry_run
from tools.dry_run import Job

SHIPPED = ("paper", "demo", "figure6", "controls", "evidence", "laptop", "one-gpu", "one-gpu-games", "variance")


@pytest.fixture(scope="session")
def checked() -> Callable[[str], dict[str, Any]]:
    """A shipped configuration by name, checked and with its defaults, to change at will."""
    found = {name: loading.load(ROOT / f"config/{name}.yaml") for name in SHIPPED}
    return lambda name: copy.deepcopy(found[name])


def jobs_of(*arguments: str) -> list[Job]:
    """All jobs of a whole run, whatever has been made on this machine already."""
    before = os.getcwd()
    os.chdir(ROOT)
    try:
        return dry_run.jobs([*arguments, "--forceall"])
    finally:
        os.chdir(before)


@pytest.fixture(scope="session")
def planned() -> Callable[..., list[Job]]:
    """`jobs_of`, for plans that one test asks for."""
    return jobs_of


@pytest.fixture(scope="session")
def paper_jobs() -> list[Job]:
    """The jobs of `snakemake --profile profiles/slurm --sdm env-modules`."""
    return jobs_of("--profile", "profiles/slurm", "--sdm", "env-modules")


@pytest.fixture(scope="session")
def demo_jobs() -> list[Job]:
    """The jobs of `snakemake --profile profiles/demo`."""
    return jobs_of("--profile", "profiles/demo")
