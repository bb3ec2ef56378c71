"""Law 1 on the finished toy shop: after each edit, what would run again is exactly what depends on it."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from toy_project import OPTIONS, Finished, Job, Project, rules

CONFIG = "config/toy.yaml"
TABLE2 = dict.fromkeys(
    ("collect_results", "make_table2", "make_table2_all", "measure_significance", "measure_power", "check_consistency"),
    1,
)
TABLE2 |= dict.fromkeys(("compare_published", "make_run_manifest", "write_summary", "plot_figure6"), 1)
# The figures that are made of training logs.
FIGURES = ("plot_figure2", "plot_figure5", "plot_figure6")
DRAWN = dict.fromkeys(("plot_curriculum", "plot_figure2", "plot_figure5", "collect_runtimes"), 1)
# One backbone, tuned and asked: SFT, SDPO, SOFT w/o SA, and SOFT with either alpha.
TUNED = {"tune_sft": 1, "tune_sdpo": 1, "tune_soft": 2, "tune_soft_wo_sa": 1, "select_alpha": 1}
TUNED |= {"generate_self_distilled": 1, "describe_self_distilled": 1, "predict_titles": 5, "ground_predictions": 5}
# SOFT of both backbones with either alpha.
SOFT_TUNED = {"tune_soft": 4, "predict_titles": 4, "ground_predictions": 4, "evaluate_ranks": 4, "select_alpha": 2}
SOFT_DRAWN = dict.fromkeys(("plot_curriculum", "plot_figure5", "collect_runtimes"), 1)


@pytest.fixture(scope="module")
def project(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the finished project. Only dry runs take place in it, and every edit is undone."""
    return finished.project.copy(tmp_path_factory.mktemp("invalidation") / "softrec")


def own_reason(jobs: list[Job], reason: str) -> dict[str, int]:
    """The jobs that Snakemake gives this reason to run; to those whose inputs are made anew it gives that one."""
    return rules([job for job in jobs if job.reason.startswith(reason)])


@contextmanager
def touched(file: Path) -> Iterator[None]:
    """The file as if it had just been written; afterwards its time is as it was."""
    status = file.stat()
    os.utime(file)
    yield
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_a_longer_grid_of_alpha_adds_the_runs_of_the_new_one(project: Project) -> None:
    """No run of another alpha, and neither SFT nor the self-distilled data."""
    with project.edited(CONFIG, "alphas: [1, 10]", "alphas: [1, 10, 100]"):
        jobs = project.planned()
    added = {"tune_soft": 2, "predict_titles": 2, "ground_predictions": 2, "evaluate_ranks": 2}
    assert rules(jobs) == {**added, "select_alpha": 2, **SOFT_DRAWN, **TABLE2}
    assert all("/soft/alpha=100/seed=1/" in job.output[0] for job in jobs if job.rule in added)


def test_a_module_of_bigrec_alone_reruns_bigrec(project: Project) -> None:
    """No data rule, no SASRec, no LLaRA, and neither the base model nor the titles, in which no backbone has a part.

    DLLM2Rec learns from BIGRec; guidance alone is asked through it.
    """
    with project.edited("scripts/softrec/llm/backbones/bigrec.py", "return quoted(title)", "return title"):
        jobs = project.planned()
        said = project.run([sys.executable, "workflow/tools/explain_rerun.py", "results/toy/table2.csv", *OPTIONS])
    own = {"measure_initial_distance": 1, "predict_titles_untuned": 1}
    assert own_reason(jobs, "Params have changed") == {**own, "tune_sft": 1}
    student = {
        "find_nearest_items": 1,
        "fit_dllm2rec": 1,
        "select_hyperparameter": 1,
        "copy_selected_model": 1,
        "rank_sequential": 1,
    }
    asked = {**TUNED, "ground_predictions": 5 + 1, "evaluate_ranks": 5 + 1 + 1}
    assert rules(jobs) == {**own, **asked, **student, **DRAWN, **TABLE2}
    assert not [job for job in jobs if any("llara" in name for name in job.output)]
    assert "is stale because module softrec.llm.backbones.bigrec changed." in said
    assert said.startswith("results/toy/table2.csv is stale because its input results/toy/table2_long.csv is stale")


def test_words_and_layout_rerun_nothing(project: Project) -> None:
    """What no program can tell apart, comments, docstrings and layout, gives the same digest."""
    file = "scripts/softrec/tuning/curriculum.py"
    comment = ("def tau(", "# The scheduler of section 3.2.\ndef tau(")
    docstring = ("tau is clipped at 1", "tau is at most 1")
    layout = ('if progression == "linear":', 'if (\n        progression == "linear"\n    ):')
    with project.edited(file, *comment), project.edited(file, *docstring), project.edited(file, *layout):
        assert project.planned() == []


def test_another_scheduler_reruns_soft_alone(project: Project) -> None:
    """Tau is SOFT's: its runs are tuned again. SFT, SOFT w/o SA and d_0, which no tau has a part in, are left alone."""
    with project.edited("scripts/softrec/tuning/curriculum.py", "change = alpha * (", "change = 2 * alpha * ("):
        jobs = project.planned()
    assert rules(jobs) == {**SOFT_TUNED, **SOFT_DRAWN, **TABLE2}
    assert all("soft/alpha" in job.output[0] for job in jobs if job.rule in SOFT_TUNED)


def test_how_training_is_computed_reruns_nothing(project: Project) -> None:
    """Ranks, threads, GPUs, DeepSpeed, checkpoints: other hardware for the jobs that are left, and no job anew.

    Only the run's manifest, which holds the whole configuration, is written again, and the page that quotes it.
    """
    engine = "kind: deepspeed, ranks: 2, threads: 4, gpus: 4, zero_stage: 1, checkpoint_minutes: 0"
    with project.edited(CONFIG, "kind: torch, ranks: 1, threads: 1", engine):
        assert rules(project.planned()) == {"make_run_manifest": 1, "write_summary": 1}


@pytest.mark.parametrize(
    ("path", "old", "new", "drawn"),
    [
        ("figures/style", '"savefig.dpi": 200', '"savefig.dpi": 300', {"plot_curriculum", *FIGURES}),
        ("figures/curriculum", "lw=1.7, zorder=3", "lw=2, zorder=3", {"plot_curriculum"}),
        ("figures/figure5", "axes.margins(x=0.12", "axes.margins(x=0.1", {"plot_figure5"}),
    ],
    ids=["style", "curriculum", "one figure"],
)
def test_plotting_style_redraws_figures(project: Project, path: str, old: str, new: str, drawn: set[str]) -> None:
    """The figures that it is the style of, the run's manifest, which has their sha256, and the page that quotes it."""
    with project.edited(f"scripts/softrec/reporting/{path}.py", old, new):
        assert rules(project.planned()) == dict.fromkeys({*drawn, "make_run_manifest", "write_summary"}, 1)


def test_a_key_of_sasrec_leaves_bigrec_alone(project: Project) -> None:
    """SASRec, the models that are SASRec with something added, and LLaRA, which reads its embeddings; no BIGRec job."""
    with project.edited(CONFIG, "  dim: 16", "  dim: 16\n  heads: 2"):
        jobs = project.planned()
        said = project.run([sys.executable, "workflow/tools/explain_rerun.py", "results/toy/table2.csv", *OPTIONS])
    own = {
        "fit_sasrec": 2,
        "fit_dros": 2,
        "fit_dllm2rec": 1,
        "fit_llm_cf": 2,
        "select_hyperparameter": 4,
        "copy_selected_model": 4,
    }
    own |= {"rank_sequential": 3, "rank_llm_cf": 1}
    llara = {**TUNED, "measure_initial_distance_llara": 1, "evaluate_ranks": 5 + 4}
    assert rules(jobs) == {**own, **llara, **DRAWN, **TABLE2}
    assert not [job for job in jobs if any("/bigrec/" in name for name in job.output)]
    assert "is stale because setting rank.heads changed from 1 to 2." in said


def test_a_touched_file_of_over_a_megabyte_reruns_nothing(project: Project) -> None:
    """By itself Snakemake compares such a file by its time; the profile's `max-checksum-file-size` lets it compare."""
    reviews = project.root / "shop/Toys.jsonl"
    with touched(reviews):
        assert project.planned() == []
        by_time = project.planned("--max-checksum-file-size", "1000000")
    assert own_reason(by_time, "Updated input files: shop/Toys.jsonl") == {"filter_interactions": 1}


def test_touched_results_rerun_nothing(project: Project) -> None:
    """Files are compared by their checksums, folders by the time that Snakemake noted when they were made."""
    with ExitStack() as stack:
        for name in ("interactions.parquet", "titles.npy", "bigrec/sft/seed=1/adapter", "llm"):
            stack.enter_context(touched(project.toys / name))
        assert project.planned() == []


def test_new_content_in_a_large_file_reruns_what_reads_it(project: Project) -> None:
    """One more review of the padded file; everything comes from there."""
    reviews = project.root / "shop/Toys.jsonl"
    last = reviews.read_text().splitlines()[-1]
    with project.edited("shop/Toys.jsonl", last, f"{last}\n{last}"):
        jobs = project.planned()
        said = project.run([sys.executable, "workflow/tools/explain_rerun.py", "results/toy/table1.csv", *OPTIONS])
    assert own_reason(jobs, "Updated input files: shop/Toys.jsonl") == {"filter_interactions": 1}
    assert "input shop/Toys.jsonl changed." in said


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("log", "ETA {clock", "left {clock"),
        ("errors", "more characters", "characters more"),
        ("manifests", "let Snakemake make it again", "let Snakemake make it anew"),
    ],
)
def test_words_of_the_frame_rerun_nothing(project: Project, module: str, old: str, new: str) -> None:
    """A line of the log, an error, a remedy: nothing that a result depends on."""
    with project.edited(f"scripts/common/{module}.py", old, new):
        assert project.planned() == []
