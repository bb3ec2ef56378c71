"""The whole graph on the cluster as a user starts it, with the profile's conda: its table is the local run's."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from slurm_project import HERE, QUICK, Driver, SlurmProject, facts

TABLES = ("table2.csv", "table2_long.csv", "table2.md", "table2.tex")
TUNED = ("tune_sft", "tune_sdpo", "tune_soft")


@pytest.fixture(scope="session")
def conda(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment variables with the double of conda on PATH, and a channel for it."""
    folder = tmp_path_factory.mktemp("conda")
    subprocess.run([sys.executable, HERE / "conda/make_channel.py", folder / "channel"], check=True)
    return {
        "PATH": f"{HERE / 'conda/bin'}{os.pathsep}{os.environ['PATH']}",
        "LAB_CONDA_CHANNEL": f"file://{folder / 'channel'}",
        "LAB_CONDA_PREFIX": str(folder / "prefix"),
        "LAB_CONDA_PYTHON": sys.executable,
    }


@pytest.fixture(scope="session")
def begun(
    cluster: None, conda: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[SlurmProject, Driver]]:
    """The graph on the cluster, while it runs: environments are made and jobs are submitted beside the local run."""
    project = SlurmProject.new(tmp_path_factory.mktemp("cluster") / "softrec")
    project.environment |= conda
    for name in ("http_proxy", "https_proxy"):  # environments are made from the package index
        del project.environment[name]
    driver = project.begin("--profile", "profiles/slurm", *QUICK)
    yield project, driver
    if driver.process.poll() is None:
        driver.stop(signal.SIGINT)


@pytest.fixture(scope="session")
def finished(begun: tuple[SlurmProject, Driver], local: SlurmProject) -> tuple[SlurmProject, Driver]:
    """The graph on the cluster, and the local run: both have ended well."""
    begun[1].well()
    return begun


def test_the_table_is_that_of_a_local_run(finished: tuple[SlurmProject, Driver], local: SlurmProject) -> None:
    """Same engine, ranks, threads and dropout 0: every byte of Table 2, in each of its forms."""
    assert finished[0].contents(*TABLES) == local.contents(*TABLES)


def test_tuning_jobs_have_four_gpus_and_deepspeed(finished: tuple[SlurmProject, Driver]) -> None:
    """SFT of both backbones, SDPO and SOFT asked Slurm for four A800 each; two ranks, as configured, ran ZeRO-2."""
    project, driver = finished
    of_rule = [(facts(number)["Comment"], facts(number)) for number in driver.jobs()]
    tuned = [known for comment, known in of_rule if comment.startswith(tuple(f"rule_{name}_" for name in TUNED))]
    assert len(tuned) == 4
    assert {known["TresPerJob"] for known in tuned} == {"gres:gpu:a800:4"}
    assert {known["Partition"] for known in tuned} == {"gpu"}
    for run in ("bigrec/sft", "bigrec/sdpo", "bigrec/soft/alpha=1", "llara/sft"):
        manifest = json.loads((project.toys / run / "seed=1/training.jsonl.manifest.json").read_text())
        assert manifest["notes"]["engine"] == {"kind": "deepspeed", "ranks": 2, "deterministic": False}
        assert "deepspeed" in manifest["versions"]


def test_short_rules_share_submissions(finished: tuple[SlurmProject, Driver]) -> None:
    """65 jobs of the graph are at most 22 of the cluster: chains and batches of them.

    Among the 65 are the target of all, and 15 pages and floats, which are written where Snakemake runs.
    """
    assert "65 of 65" in finished[1].said()
    assert len(finished[1].jobs()) <= 21


def test_rules_ran_in_environments_of_their_own(finished: tuple[SlurmProject, Driver]) -> None:
    """Each script's manifest names the environment: three of them, and torch is in one alone."""
    project, _ = finished
    used = {script: environment(project, path) for script, path in EXAMPLES.items()}
    assert len(set(used.values())) == 3
    for script, prefix in used.items():
        assert project.root / ".snakemake/conda" in prefix.parents, script
        has_torch = any(prefix.glob("lib/python*/site-packages/torch"))
        assert has_torch == (script == "tune_sft"), script


EXAMPLES = {
    "tune_sft": "toys/bigrec/sft/seed=1/training.jsonl",
    "evaluate_ranks": "toys/bigrec/sft/seed=1/test.metrics.json",
    "plot_figure6": "figures/figure6.png",
}


def environment(project: SlurmProject, path: str) -> Path:
    """The environment in which a result was made."""
    manifest = project.root / f"results/toy/{path}.manifest.json"
    return Path(json.loads(manifest.read_text())["environment"])


def test_editing_one_environment_reruns_its_rules_alone(finished: tuple[SlurmProject, Driver]) -> None:
    """A finished graph has nothing to do.

    After an edit of envs/report.yaml these are the rules that draw and show, the manifest of the run, which lists their
    figures, and the page that quotes it.
    """
    project, _ = finished
    assert planned(project) == set()
    project.edit("envs/report.yaml", "- python=3.11", "- python=3.11.*")
    redrawn = {"plot_curriculum", "plot_figure5", "plot_figure6", "render_page", "write_paper"}
    assert planned(project) == {*redrawn, "make_run_manifest", "write_summary"}
    project.edit("envs/report.yaml", "- python=3.11.*", "- python=3.11")


def planned(project: SlurmProject) -> set[str]:
    """The rules that a dry run would run."""
    answer = project.root / "plan.json"
    options = ["--dry-run", "--nolock", "--configfile", "config/toy.yaml", "--profile", "profiles/slurm"]
    project.run([sys.executable, "-P", "workflow/tools/dry_run.py", str(answer), *options])
    return {job["rule"] for job in json.loads(answer.read_text())} - {"all"}
