"""The profile of a site, a copy of profiles/slurm: used as it is, named in messages, and not in git's way."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
import yte

from lib.graph import methods
from lib.slurm import requirements, site_profile
from places import ROOT
from tools import dry_run

SLURM = ROOT / "profiles/slurm"
RULE = re.compile(r"^ *rule (\w+):", re.MULTILINE)


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


def test_misspelt_names_are_refused_before_anything_is_planned(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Snakemake would ignore tune_stf and ask for no GPU model by gpu_modle; names of a site's own are left alone."""
    monkeypatch.chdir(ROOT)
    edit(copy, "  tune_sdpo: *ranks\n", "  tune_spdo: *ranks\n  fetch_amazon2023_Gane: 2\n")
    edit(copy, "    gpu_model: a800\n    mem_mb: min(60", "    gpu_modle: a800\n    licences: 2\n    mem_mb: min(60")
    edit(copy, "software-deployment-method: conda ", "# without conda ")
    with pytest.raises(dry_run.DryRunError) as refused:
        dry_run.jobs(["--profile", str(copy.parent), "results/paper/table1.csv"])
    said = [line for line in str(refused.value).splitlines() if "did you mean" in line]
    assert said == [
        f"{copy} has the rule 'tune_spdo', which is not there: did you mean 'tune_sdpo'?",
        f"{copy} has the resource 'gpu_modle', which is not there: did you mean 'gpu_model'?",
    ]


@pytest.mark.parametrize("profile", sorted(path.parent for path in ROOT.glob("profiles/*/config.yaml")))
def test_shipped_profiles_name_rules_that_are_there(profile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not only near ones: every rule that a profile gives resources or threads is a rule of the workflow."""
    rules = {name for file in (ROOT / "workflow/rules").glob("*.smk") for name in RULE.findall(file.read_text())}
    assert len(rules) > 50
    rules |= {f"tune_{how.module}" for how in methods.TUNED.values()}
    rules |= {f"fit_{row.rule}" for row in methods.fitted()}
    own = profile / "config.yaml"
    assert {*site_profile.resources(own), *site_profile.section(own, "set-threads")} - rules == set()
