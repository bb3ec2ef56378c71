"""Nothing that trains or chooses has seen the test set: shown on the graph of every job."""

from pathlib import Path

import pytest

from tools.dry_run import Job

LEARNS = (
    "fit_sasrec",
    "fit_llm_cf",
    "select_hyperparameter",
    "copy_selected_model",
    "pretrain_tiny_llm",
    "encode_titles",
    "tune_sft",
    "generate_self_distilled",
    "measure_initial_distance",
    "tune_soft",
    "tune_soft_wo_sa",
    "select_alpha",
)
READS_TEST = {
    "sample_sequences",
    "audit_split",
    "audit_sample",
    "predict_titles",
    "ground_predictions",
    "rank_sequential",
    "rank_llm_cf",
    "rank_popularity",
    "embed_histories",
}
READS_TEST |= {"retrieve_examples"}  # of each split its own; training reads those of the others
TEST_ROWS = ("samples/test.parquet", "sequences/test.parquet")


@pytest.fixture(params=["demo", "paper"])
def jobs(request: pytest.FixtureRequest) -> list[Job]:
    """The jobs of the demo and of the paper's grid."""
    return request.getfixturevalue(f"{request.param}_jobs")


def ancestors(job: Job, makers: dict[str, Job]) -> set[str]:
    """Every file that a job's result depends on. The audit is a proof that must come first; it gives no data."""
    seen: set[str] = set()
    waiting = [name for name in job.input if not name.endswith("_audit.json")]
    while waiting:
        file = waiting.pop()
        if file not in seen:
            seen.add(file)
            if file in makers:
                waiting += [name for name in makers[file].input if not name.endswith("_audit.json")]
    return seen


def test_no_training_or_choice_descends_from_the_test_rows(jobs: list[Job]) -> None:
    """Neither from the test split or sample, nor from predictions, ranks or metrics on them.

    The walk itself is checked by what it must find.
    """
    makers = {name: job for job in jobs for name in job.output}
    assert {job.rule for job in jobs} >= set(LEARNS) - {"pretrain_tiny_llm"}
    for job in jobs:
        if job.rule in LEARNS:
            found = ancestors(job, makers)
            assert not [name for name in found if name.endswith(TEST_ROWS) or Path(name).name.startswith("test.")]
            if job.rule.startswith("tune"):
                assert any(name.endswith("samples/train.parquet") for name in found)
                assert any(name.endswith("interactions.parquet") for name in found)


def test_the_walk_finds_test_rows_where_they_are(jobs: list[Job]) -> None:
    """Predictions, ranks and metrics on the test sample do descend from it: the test above could fail."""
    makers = {name: job for job in jobs for name in job.output}
    for job in jobs:
        if job.rule in (
            "predict_titles",
            "rank_sequential",
            "rank_llm_cf",
            "collect_results",
            "make_table2",
            "make_table2_all",
        ):
            found = ancestors(job, makers)
            assert any(name.endswith("samples/test.parquet") for name in found), job.rule
            assert any(name.endswith("sequences/test.parquet") for name in found), job.rule


def test_test_rows_are_read_by_few_rules(jobs: list[Job]) -> None:
    """Those that draw, audit, predict and rank, and no other."""
    assert {job.rule for job in jobs if any(name.endswith(TEST_ROWS) for name in job.input)} == READS_TEST


def test_training_waits_for_the_proof(jobs: list[Job]) -> None:
    """Every job that trains, or measures what training depends on, has the audit of its data set before it."""
    for job in jobs:
        if job.rule in ("fit_sasrec", "tune_sft", "tune_soft", "tune_soft_wo_sa", "measure_initial_distance"):
            dataset = "/".join(job.output[0].split("/")[:3])
            assert f"{dataset}/split_audit.json" in job.input


def test_choices_read_validation_alone(jobs: list[Job]) -> None:
    """L2 and alpha are chosen from training logs, which hold metrics of the validation rows."""
    for job in jobs:
        if job.rule in ("select_hyperparameter", "select_alpha"):
            assert job.input
            assert all(name.endswith("/training.jsonl") for name in job.input)
