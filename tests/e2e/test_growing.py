"""A grid that grows: another seed, data set, alpha or method adds its own jobs, and leaves what is there alone."""

from pathlib import Path

import pytest

from toy_project import Finished, Job, Project, rules

CONFIG = "config/toy.yaml"
# What gathers all runs.
GATHERED = (
    "collect_results",
    "measure_significance",
    "measure_power",
    "check_consistency",
    "make_table2",
    "make_table2_all",
    "compare_published",
)
GATHERED += ("make_run_manifest", "write_summary", "collect_runtimes", "plot_curriculum")
GATHERED += ("plot_figure2", "plot_figure5", "plot_figure6")
# What a seed adds for each of two backbones: SFT, SDPO, SOFT w/o SA, and SOFT with either alpha.
TUNED = {"tune_sft": 2, "tune_sdpo": 2, "tune_soft_wo_sa": 2, "tune_soft": 4}
TUNED |= {"generate_self_distilled": 2, "describe_self_distilled": 2, "predict_titles": 10, "ground_predictions": 10}


@pytest.fixture(scope="module")
def project(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the finished project. Only dry runs take place in it, and every edit is undone."""
    return finished.project.copy(tmp_path_factory.mktemp("growing") / "softrec")


def elsewhere(jobs: list[Job], part: str) -> dict[str, int]:
    """The jobs none of whose outputs has `part` in its path."""
    return rules([job for job in jobs if not any(part in name for name in job.output)])


def test_another_seed_adds_its_own_jobs(project: Project) -> None:
    """One fit of each of the four models over item ids, with the L2 or alpha that the first seed chose.

    One run of each tuned model. Of what is there only alpha is chosen anew, for its mean is over all seeds, and the
    tables.
    """
    with project.edited(CONFIG, "seeds: [1]", "seeds: [1, 2]"):
        jobs = project.planned()
    own = {"fit_sasrec": 1, "fit_dros": 1, "fit_llm_cf": 1, "fit_dllm2rec": 1, "find_nearest_items": 1}
    own |= {"rank_sequential": 3, "rank_llm_cf": 1, "measure_initial_distance_llara": 1, "evaluate_ranks": 14, **TUNED}
    assert rules([job for job in jobs if any("seed=2/" in name for name in job.output)]) == own
    assert elsewhere(jobs, "seed=2/") == {"select_alpha": 2, **dict.fromkeys(GATHERED, 1)}


def samples_of(jobs: list[Job]) -> set[str]:
    """What is drawn, and what is held against the split that it was drawn from."""
    return {Path(name).name for job in jobs if job.rule in ("sample_sequences", "audit_sample") for name in job.output}


@pytest.mark.parametrize(("old", "new"), [("  test: 24\n", "  test: 20\n"), ("paper_test: 16", "paper_test: 12")])
def test_other_test_rows_train_nothing(project: Project, old: str, new: str) -> None:
    """How many test rows there are, and which are the paper's, is asked of models that are there."""
    with project.edited(CONFIG, old, new):
        jobs = project.planned()
    assert samples_of(jobs) == {"test.parquet", "test_audit.json"}
    training = {"plot_curriculum", "plot_figure2", "collect_runtimes"}
    asking = {
        "retrieve_examples",
        "predict_titles",
        "predict_titles_untuned",
        "ground_predictions",
        "rank_sequential",
        "rank_llm_cf",
    }
    drawing = {"sample_sequences", "audit_sample", "evaluate_ranks"}
    assert set(rules(jobs)) == asking | drawing | set(GATHERED) - training


@pytest.mark.parametrize("split", ["train", "valid"])
def test_other_rows_to_tune_on_leave_models_over_item_ids_alone(project: Project, split: str) -> None:
    """SASRec, DROS and their choices read the splits, no sample."""
    rows = {"train": 48, "valid": 24}[split]
    with project.edited(CONFIG, f"  {split}: {rows}\n", f"  {split}: {rows - 4}\n"):
        jobs = project.planned()
    assert samples_of(jobs) == {f"{split}.parquet", f"{split}_audit.json"}
    assert {"tune_sft", "tune_sdpo", "tune_soft", "tune_soft_wo_sa"} <= {job.rule for job in jobs}
    paths = [name for job in jobs for name in job.output]
    assert not [name for name in paths if "/sasrec/" in name or "/dros/" in name or name.endswith("split_audit.json")]


def test_another_data_set_adds_its_own_jobs(project: Project) -> None:
    """The same shop under another name: no job of the first is planned."""
    text = (project.root / CONFIG).read_text()
    first = text[text.index("  toys:\n") : text.index("llms:\n")]
    second = first.replace("  toys:\n", "  more:\n").replace("label: Toys", "label: More")
    with project.edited(CONFIG, first, first + second):
        jobs = project.planned()
    assert elsewhere(jobs, "/more/") == dict.fromkeys((*GATHERED, "make_table1"), 1)


def test_another_method_adds_its_own_jobs(finished: Finished, tmp_path: Path) -> None:
    """The run as it would have ended without LLM-CF, and then with it: its texts, its two candidates, its ranks."""
    project = finished.project.copy(tmp_path / "softrec")
    project.edit(CONFIG, "  - llm-cf\n", "")
    project.snakemake()
    project.edit(CONFIG, "  - dros\n", "  - dros\n  - llm-cf\n")
    for name in (*project.toys.glob("llm-cf/**/model.safetensors"), *project.toys.glob("llm-cf/**/test.*")):
        name.unlink()
    jobs = project.planned()
    of_training_logs = ("plot_curriculum", "plot_figure2", "collect_runtimes")
    assert elsewhere(jobs, "/llm-cf/") == {name: 1 for name in GATHERED if name not in of_training_logs}
    assert rules(jobs)["fit_llm_cf"] == 2


def test_another_alpha_is_run(copied: Project) -> None:
    """Not only planned: its runs are made, the choice and the tables are made anew, and nothing is left to do."""
    folders = [
        copied.toys / f"{backbone}/soft/alpha={alpha}/seed=1" for backbone in ("bigrec", "llara") for alpha in (1, 10)
    ]
    before = {folder: (folder / "adapter/adapter_model.safetensors").stat().st_mtime_ns for folder in folders}
    copied.edit(CONFIG, "alphas: [1, 10]", "alphas: [1, 10, 100]")
    printed = copied.snakemake()
    assert {folder: (folder / "adapter/adapter_model.safetensors").stat().st_mtime_ns for folder in folders} == before
    assert (copied.toys / "llara/soft/alpha=100/seed=1/test.metrics.json").stat().st_size
    assert "tune_sft" not in printed
    assert copied.planned() == []
