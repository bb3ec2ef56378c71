"""What the paper's configuration and the demo's would run, listed by Snakemake and counted by hand."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from lib import environment
from lib.dryrun import Job

ROOT = Path(environment.__file__).parents[2]


def snakemake(path: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`snakemake ARGUMENTS` in the project's folder, with another PATH."""
    command = [sys.executable, "-m", "snakemake", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "PATH": path})


@pytest.fixture
def without_conda(tmp_path: Path) -> str:
    """A PATH with the two programs that Snakemake and its Slurm plugin call when they start, and nothing else."""
    for name in ("bash", "which"):
        found = shutil.which(name)
        assert found is not None, f"this test needs {name}"
        (tmp_path / name).symlink_to(found)
    return str(tmp_path)


def test_the_papers_grid_is_listed_whole(paper_jobs: list[Job]) -> None:
    """3 data sets x 5 seeds = 15 runs of a method without candidates; x 4 alphas = 60 of SOFT, x 5 L2 = 75 of SASRec.

    Predicted and grounded are SFT, w/o SA and SOFT: 15 + 15 + 60 = 90; evaluated those and SASRec's 15: 105. Filter,
    split, samples, audit, title embeddings, d_0 and both choices are 3 each; three fetched data sets, one fetched
    model, two tables, the long table, a figure and the target are one each.
    """
    expected = {
        "tune_sft": 15,
        "generate_self_distilled": 15,
        "tune_soft_wo_sa": 15,
        "tune_soft": 60,
        "fit_sasrec": 75,
        "adopt_sasrec": 15,
        "rank_sequential": 15,
        "predict_titles": 90,
        "ground_predictions": 90,
        "evaluate_ranks": 105,
        "draw_sample": 9,
    }
    each = ("filter_interactions", "split_sequences", "audit_split", "encode_titles")
    each += ("measure_initial_distance", "choose_l2", "choose_alpha")
    once = ("fetch_amazon2023_game", "fetch_amazon2023_movie", "fetch_amazon2023_kindle", "fetch_hub_llm_llama")
    once += ("make_table1", "collect_results", "make_table2", "plot_curriculum", "all")
    expected |= dict.fromkeys(each, 3) | dict.fromkeys(once, 1)
    assert Counter(job.rule for job in paper_jobs) == expected
    assert len(paper_jobs) == 534


def test_every_alpha_runs_for_every_seed(paper_jobs: list[Job]) -> None:
    """The 60 adapters, by their paths."""
    adapters = {
        name for job in paper_jobs if job.rule == "tune_soft" for name in job.output if name.endswith("adapter")
    }
    assert adapters == {
        f"results/paper/{dataset}/bigrec/soft/alpha={alpha}/seed={seed}/adapter"
        for dataset in ("game", "movie", "kindle")
        for alpha in ("0.1", "1", "10", "100")
        for seed in range(1, 6)
    }


def test_the_demo_is_listed_whole(demo_jobs: list[Job]) -> None:
    """One data set, one seed, two alphas, two values of L2: 1 + 1 + 2 tunings, 2 fits, 5 results."""
    counted = Counter(job.rule for job in demo_jobs)
    tunings = ("tune_sft", "tune_soft_wo_sa", "tune_soft", "fit_sasrec", "evaluate_ranks")
    assert [counted[rule] for rule in tunings] == [1, 1, 2, 2, 5]
    assert counted["pretrain_tiny_llm"] == counted["fetch_wheel_dataset_ml100k"] == 1


def test_a_configuration_is_complete_and_never_merged(demo_jobs: list[Job], paper_jobs: list[Job]) -> None:
    """The demo's run knows none of the paper's data sets, models, seeds or folders, and the other way round."""
    for jobs, own, foreign in (
        (demo_jobs, "results/demo/ml100k", ("results/paper", "game", "kindle", "llama", "amazon2023", '"seed": 5')),
        (paper_jobs, "results/paper/game", ("results/demo", "ml100k", "recbole", '"tiny')),
    ):
        said = "\n".join("\n".join([*job.input, *job.output, job.command]) for job in jobs)
        assert own in said
        assert [word for word in foreign if word in said] == []


def test_without_conda_the_cluster_profile_says_one_sentence(without_conda: str) -> None:
    """`snakemake --profile profiles/slurm -n` ends at once, non-zero, with what is missing and what to type instead."""
    ended = snakemake(without_conda, "--profile", "profiles/slurm", "-n")
    assert ended.returncode != 0
    assert ended.stderr.strip().endswith(str(environment.conda_sentence(["conda"], lambda name: None)))
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_all_that_is_wrong_with_a_configuration_is_one_list() -> None:
    """A misspelt key, a value out of range and two keys that contradict each other, all in one go, no traceback."""
    wrong = ["--config", "tuning_seed=9", "filter={kk: 3}", "soft={distance_rows: 0}", "-n"]
    ended = snakemake(os.environ["PATH"], "--profile", "profiles/demo", *wrong)
    assert ended.returncode == 1
    lines = [line for line in ended.stderr.splitlines() if line.startswith("the configuration: ")]
    assert lines == [
        "the configuration: filter.kk is 3, but there is no such key; did you mean 'k'?",
        "the configuration: soft.distance_rows is 0; it must be a whole number >= 1",
        "the configuration: tuning_seed is 9; it must be one of seeds, [1]",
    ]
    assert "Traceback" not in ended.stderr
