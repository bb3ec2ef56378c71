"""Nothing that trains or chooses has seen the test set: shown on the graph of every job."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from lib import digest
from lib.dryrun import Job

ROOT = Path(digest.__file__).parents[2]
LEARNS = (
    "fit_sasrec",
    "choose_l2",
    "adopt_sasrec",
    "pretrain_tiny_llm",
    "encode_titles",
    "tune_sft",
    "generate_self_distilled",
    "measure_initial_distance",
    "tune_soft",
    "tune_soft_wo_sa",
    "choose_alpha",
)
READS_TEST = {"draw_samples", "audit_split", "predict_titles", "ground_predictions", "rank_sequential"}
TEST_ROWS = ("samples/test.parquet", "sequences/test.parquet")
SPLITS = ("train", "valid", "test")


@pytest.fixture(params=["demo", "paper"])
def jobs(request: pytest.FixtureRequest) -> list[Job]:
    """The jobs of the demo and of the paper's grid."""
    return request.getfixturevalue(f"{request.param}_jobs")


def sources_of(file: str, job: Job) -> list[str]:
    """The inputs of a job that an output of it is made from: all of them, but that a sample is drawn from its own split
    alone, which `test_a_sample_depends_on_its_own_split_alone` shows."""
    if job.rule == "draw_samples":
        (split,) = [name for name in SPLITS if file.endswith(f"samples/{name}.parquet")]
        return [name for name in job.input if name.endswith(f"sequences/{split}.parquet")]
    return job.input


def ancestors(job: Job, makers: dict[str, Job]) -> set[str]:
    """Every file that a job's result depends on. The audit is a proof that must come first; it gives no data."""
    seen: set[str] = set()
    waiting = [name for name in job.input if not name.endswith("split_audit.json")]
    while waiting:
        file = waiting.pop()
        if file not in seen:
            seen.add(file)
            if file in makers:
                waiting += [name for name in sources_of(file, makers[file]) if not name.endswith("split_audit.json")]
    return seen


def test_no_training_or_choice_descends_from_the_test_rows(jobs: list[Job]) -> None:
    """Neither from the test split nor from the test sample, nor from anything that was predicted, ranked or measured
    on them; the walk itself is checked by what it must find."""
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
        if job.rule in ("predict_titles", "rank_sequential", "collect_results", "make_table2"):
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
        if job.rule in ("choose_l2", "choose_alpha"):
            assert job.input
            assert all(name.endswith("/training.jsonl") for name in job.input)


def draw(folder: Path, rows: dict[str, int]) -> dict[str, bytes]:
    """The samples, as bytes, that `draw_samples` draws from splits of so many rows."""
    from softrec import sequences
    from softrec.files import write_table

    spec = importlib.util.spec_from_file_location("draw_samples", ROOT / "scripts/draw_samples.py")
    assert spec is not None and spec.loader is not None
    script: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    flags = ["--settings", '{"train": 5, "valid": 3, "test": 4, "seed": 42}']
    for split, n in rows.items():
        columns = {name: range(n) for name in ("user", "target", "timestamp", "position")}
        write_table(folder / split, {**columns, "history": [[1]] * n}, sequences.TYPES)
        flags += [f"--{split}", str(folder / split), f"--{split}-sample", str(folder / f"{split}_sample")]
    script.main(script.parser().parse_args(flags))
    return {split: (folder / f"{split}_sample").read_bytes() for split in SPLITS}


def test_a_sample_depends_on_its_own_split_alone(tmp_path: Path) -> None:
    """With another test split, the train and the valid sample have the same bytes, and the test sample has not."""
    one = draw(tmp_path, {"train": 20, "valid": 10, "test": 10})
    other = draw(tmp_path, {"train": 20, "valid": 10, "test": 9})
    assert one["train"] == other["train"]
    assert one["valid"] == other["valid"]
    assert one["test"] != other["test"]
