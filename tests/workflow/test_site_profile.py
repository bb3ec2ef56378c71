"""The profile of a site, a copy of profiles/slurm: used as it is, named in messages, and not in git's way."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
import yte

from lib.slurm import requirements, site_profile
from places import ROOT
from tools import dry_run

SLURM = ROOT / "profiles/slurm"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The copied profile."""
    return Path(shutil.copytree(SLURM, tmp_path / "site")) / "config.yaml"


def edit(copy: Path, old: str, new: str) -> None:
    """Replace a text of the copy, wherever it is."""
    text = copy.read_text()
    assert old in text
    copy.write_text(text.replace(old, new))


def test_git_ignores_the_copy() -> None:
    """`git pull` leaves it alone, and `git status` does not show it."""
    command = ["git", "check-ignore", "profiles/site/config.yaml", "profiles/slurm/config.yaml"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ended.stdout.split() == ["profiles/site/config.yaml"]


def test_a_copy_without_conda_plans_the_papers_grid(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an account and a partition of its own; nothing of the jobs but that differs."""
    monkeypatch.chdir(ROOT)
    line = next(line for line in copy.read_text().splitlines() if line.startswith("software-deployment-method"))
    edit(copy, f"{line}\n", "")
    edit(copy, "  # slurm_account: your_account  ", "  slurm_account: physics  ")
    edit(copy, "slurm_partition: gpu", "slurm_partition: a100")
    target = "results/paper/table1.csv"
    jobs = dry_run.jobs(["--profile", str(copy.parent), target, "--forceall"])
    shipped = dry_run.jobs(["--profile", "profiles/slurm-venv", target, "--forceall"])
    by_output = [sorted(jobs, key=lambda job: job.output) for jobs in (jobs, shipped)]
    assert by_output[0] == by_output[1]


def test_the_profile_without_conda_is_the_other_without_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Snakemake reads it: a template of YTE's."""
    monkeypatch.chdir(ROOT)
    with (ROOT / "profiles/slurm-venv/config.yaml").open() as stream:
        found = yte.process_yaml(stream, require_use_yte=True)
    wanted = yaml.safe_load((SLURM / "config.yaml").read_text())
    assert wanted.pop("software-deployment-method") == "conda"
    assert found == wanted


def test_messages_name_the_copy(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a shipped profile was used, they say to make one."""
    monkeypatch.chdir(ROOT)
    assert site_profile.name(["snakemake", "--profile", str(copy.parent), "-n"]) == str(copy)
    assert site_profile.name([f"--profile={copy.parent}"]) == str(copy)
    for arguments in (["--profile", "profiles/slurm"], ["--profile", "profiles/slurm-venv"], []):
        assert site_profile.name(arguments) == site_profile.COPY


class Job:
    """As much of Snakemake's job as is asked for, of a partition that is not there."""

    threads, is_local, rule = 1, False, type("Rule", (), {"name": "tune_sft"})()
    resources = {"slurm_partition": "gpus", "slurm_account": "physics"}  # noqa: RUF012


def test_a_refusal_says_where_to_mend_it(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Partition and account stand in the profile of the command."""
    node = requirements.read_node("cpu*|login1|(null)|64000|16|2-00:00:00")
    monkeypatch.setattr(requirements, "nodes", lambda: [node])
    monkeypatch.setattr(requirements.accounts, "problems", lambda given: [f"correct {requirements.accounts.KEY}."])
    monkeypatch.setattr(requirements.machine, "shared_file_system", lambda folder, hosts: [])
    partition, account = requirements.preflight([Job()], Path(), ["--profile", str(copy.parent)])
    assert partition.endswith(f"there are cpu: correct slurm_partition in {copy}.")
    assert account == f"correct slurm_account in {copy}."
    assert "in your own profile, a copy of profiles/slurm" in requirements.preflight([Job()], Path(), [])[0]


def test_a_copy_that_has_fallen_behind_is_told(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that profiles/slurm gives resources since the copy was made; the copy may have rules of its own."""
    arguments = ["--profile", str(copy.parent)]
    assert site_profile.problems(arguments) == []
    edit(copy, "  fit_llm_cf: *fit_on_gpu\n", "  my_rule: *fit_on_gpu\n")
    edit(copy, "  encode_cot: *ask\n", "")
    assert site_profile.problems(arguments) == [
        f"{copy} lacks the set-resources of encode_cot, fit_llm_cf: copy them from profiles/slurm/config.yaml."
    ]
    monkeypatch.setattr(requirements, "nodes", lambda: "sinfo cannot be run.")
    assert len(requirements.preflight([], Path(), arguments)) == 2, "the copy is checked without a cluster too"
    shipped = os.path.relpath(ROOT / "profiles/slurm-venv")
    assert site_profile.problems(["--profile", shipped, "--profile=profiles/none"]) == []
