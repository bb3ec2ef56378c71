"""Law 1 on the finished toy shop: after each edit, what would run again is exactly what depends on it."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from toy_project import OPTIONS, Finished, Job, Project, rules

CONFIG = "config/toy.yaml"
TABLE2 = dict.fromkeys(("collect_results", "make_table2", "measure_significance", "audit_numbers", "compare_published"), 1)
TABLE2 |= dict.fromkeys(("make_run_manifest", "plot_figure6"), 1)
# Everything downstream of the four tuned models: SFT, SOFT w/o SA, and SOFT with either alpha.
RANKED = {"predict_titles": 4, "ground_predictions": 4, "evaluate_ranks": 4, "choose_alpha": 1, "plot_curriculum": 1}
SOFT_TUNED = {"tune_soft": 2, "predict_titles": 2, "ground_predictions": 2, "evaluate_ranks": 2}


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
    added = {"tune_soft": 1, "predict_titles": 1, "ground_predictions": 1, "evaluate_ranks": 1}
    assert rules(jobs) == {**added, "choose_alpha": 1, "plot_curriculum": 1, **TABLE2}
    assert all("/soft/alpha=100/seed=1/" in job.output[0] for job in jobs if job.rule in added)


def test_a_module_of_bigrec_alone_reruns_bigrec(project: Project) -> None:
    """No data rule, no SASRec, and not the pre-training of the base model, which no backbone has a part in."""
    with project.edited("scripts/softrec/backbones/bigrec.py", "return quoted(title)", "return title"):
        jobs = project.planned()
        said = project.run([sys.executable, "workflow/lib/why.py", "results/toy/table2.csv", *OPTIONS])
    assert own_reason(jobs, "Params have changed") == {"encode_titles": 1, "measure_initial_distance": 1}
    tuned = {"tune_sft": 1, "generate_self_distilled": 1, "tune_soft": 2, "tune_soft_wo_sa": 1}
    assert rules(jobs) == {"encode_titles": 1, "measure_initial_distance": 1, **tuned, **RANKED, **TABLE2}
    assert "is stale because module softrec.backbones.bigrec changed." in said
    assert said.startswith("results/toy/table2.csv is stale because its input results/toy/table2_long.csv is stale")


def test_words_and_layout_rerun_nothing(project: Project) -> None:
    """What no program can tell apart, comments, docstrings and layout, gives the same digest."""
    file = "scripts/softrec/curriculum.py"
    comment = ("def tau(", "# The scheduler of section 3.2.\ndef tau(")
    docstring = ("The paper calls d_t an average", "The paper says that d_t is an average")
    layout = ('if progression == "linear":', 'if (\n        progression == "linear"\n    ):')
    with project.edited(file, *comment), project.edited(file, *docstring), project.edited(file, *layout):
        assert project.planned() == []


def test_another_scheduler_reruns_soft_alone(project: Project) -> None:
    """d_t and tau are SOFT's: what measures or uses them runs again, SFT and SOFT w/o SA are left alone."""
    with project.edited("scripts/softrec/curriculum.py", "change = alpha * (", "change = 2 * alpha * ("):
        jobs = project.planned()
    after = {**SOFT_TUNED, "choose_alpha": 1, "plot_curriculum": 1, **TABLE2}
    assert rules(jobs) == {"measure_initial_distance": 1, **after}
    assert all("soft/alpha=" in job.output[0] for job in jobs if job.rule in SOFT_TUNED)


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("scripts/softrec/style.py", '"savefig.dpi": 200', '"savefig.dpi": 300'),
        ("scripts/softrec/plots.py", "lw=1.7, zorder=3", "lw=2, zorder=3"),
    ],
    ids=["style", "plots"],
)
def test_plotting_style_redraws_the_figure(project: Project, path: str, old: str, new: str) -> None:
    """The figure and nothing else."""
    with project.edited(path, old, new):
        assert rules(project.planned()) == {"plot_curriculum": 1}


def test_a_key_of_sasrec_reruns_no_language_model(project: Project) -> None:
    """SASRec is trained, chosen and ranked again, and the table made; no BIGRec job is in the plan."""
    with project.edited(CONFIG, "  dim: 16", "  dim: 16\n  dropout: 0.5"):
        jobs = project.planned()
        said = project.run([sys.executable, "workflow/lib/why.py", "results/toy/table2.csv", *OPTIONS])
    own = {"fit_sasrec": 2, "choose_l2": 1, "adopt_sasrec": 1, "rank_sequential": 1, "evaluate_ranks": 1}
    assert rules(jobs) == {**own, **TABLE2}
    assert "is stale because setting dropout changed from 0.1 to 0.5." in said


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
        said = project.run([sys.executable, "workflow/lib/why.py", "results/toy/table1.csv", *OPTIONS])
    assert own_reason(jobs, "Updated input files: shop/Toys.jsonl") == {"filter_interactions": 1}
    assert "input shop/Toys.jsonl changed." in said
