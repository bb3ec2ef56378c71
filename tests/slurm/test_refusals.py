"""What Slurm will not take, and what it has forgotten: said with Slurm's own words, and never waited for."""

import os
import re
import shutil
import signal
from pathlib import Path

import pytest
from slurm_project import QUICK, SPLIT, SlurmProject, slurm, wait_for

LIMIT = "sbatch: error: QOSMaxSubmitJobPerUserLimit"
FILTERED = "results/toy/toys/interactions.parquet"
LOG = "results/toy/logs/toys/filter_interactions.log"


def put_before(project: SlurmProject, folder: Path, program: str, script: str) -> None:
    """Let the project find another program in place of one of Slurm's."""
    folder.mkdir(exist_ok=True)
    (folder / program).write_text(f"#!/bin/sh\n{script}\n")
    (folder / program).chmod(0o755)
    project.environment["PATH"] = f"{folder}{os.pathsep}{project.environment.get('PATH', os.environ['PATH'])}"


@pytest.fixture
def project(tmp_path: Path) -> SlurmProject:
    """A project in which nothing has run."""
    return SlurmProject.new(tmp_path / "softrec")


def test_an_account_with_a_typo_is_refused_before_anything_is_submitted(project: SlurmProject, tmp_path: Path) -> None:
    """This cluster keeps no accounts, so another `sacctmgr` lists those of one that does.

    The typo is in a site's own profile, which the message names.
    """
    put_before(project, tmp_path / "bin", "sacctmgr", "printf '%256s\\n' physics")
    shutil.copytree(project.root / "profiles/slurm", project.root / "profiles/site")
    project.edit("profiles/site/config.yaml", "software-deployment-method: conda", "# ")
    project.edit("profiles/site/config.yaml", "  # slurm_account: your_account  ", "  slurm_account: phisics  ")
    driver = project.begin(SPLIT, "--profile", "profiles/site", *QUICK)
    said = driver.ended()
    assert driver.process.returncode == 1
    assert (
        "account 'phisics' is not yours; yours are physics: correct slurm_account in profiles/site/config.yaml." in said
    )
    assert driver.jobs() == []
    assert "Traceback" not in said


def test_what_sbatch_says_of_a_group_is_shown(project: SlurmProject, tmp_path: Path) -> None:
    """At a site's limit of jobs: after each of three attempts, and at the end with what helps."""
    put_before(project, tmp_path / "bin", "sbatch", f"echo '{LIMIT}' >&2\nexit 1")
    driver = project.submit(SPLIT)
    said = driver.ended()
    assert driver.process.returncode == 1
    assert said.count("   refused  filter_interactions, split_sequences") == 3
    assert f"filter_interactions, split_sequences failed: {LIMIT} (lower `jobs`" in said
    assert "Traceback" not in said


def test_any_other_error_of_a_groups_submission_ends_the_run(project: SlurmProject) -> None:
    """Snakemake's plugin raises within its thread, and fails while it reports that: a run without jobs or words."""
    project.edit(
        "profiles/slurm/config.yaml", "  runtime: min(60 *", "  slurm_extra: \"'--account=x'\"\n  runtime: min(60 *"
    )
    driver = project.submit(SPLIT)
    said = driver.ended()
    assert driver.process.returncode == 1
    assert "   refused  filter_interactions, split_sequences" in said
    assert "slurm_extra" in said.split("failed:")[-1]


def test_a_job_that_slurm_has_forgotten_is_ended_by_its_outputs(project: SlurmProject) -> None:
    """Nobody asks while the job ends and is forgotten: the cluster keeps it for two seconds, the driver is stopped."""
    project.gate("scripts/filter_interactions.py")
    driver = project.submit(FILTERED)
    number = driver.running()
    # A node that is told to read its configuration again loses a job that it is about to start.
    wait_for(lambda: (project.root / LOG).exists(), "the filter to start")
    conf = Path("/etc/slurm/slurm.conf")
    kept = conf.read_text()
    conf.write_text(re.sub(r"MinJobAge=\d+", "MinJobAge=2", kept))
    try:
        slurm("scontrol", "reconfigure")
        driver.process.send_signal(signal.SIGSTOP)
        project.open_gate()
        wait_for(lambda: (project.root / FILTERED).exists(), "the filter")
        wait_for(lambda: forgotten(number), f"job {number} to be forgotten")
        driver.process.send_signal(signal.SIGCONT)
        said = driver.well()
    finally:
        conf.write_text(kept)
        slurm("scontrol", "reconfigure")
    assert f"Slurm does not know job {number} any more; its outputs are there, so it has ended well." in said


def forgotten(number: str) -> bool:
    """Whether Slurm does not know a job any more."""
    return number not in slurm("squeue", "--noheader", "--states=all", "--format=%A").split()
