"""`sasrec.valid`: models over item ids are validated on the whole validation split, or on the sampled sequences."""

import pytest

from places import ROOT
from tools import dry_run
from tools.dry_run import Job

FITS = {"fit_sasrec", "fit_dros", "fit_llm_cf", "fit_dllm2rec", "fit_sasrec_rows", "fit_sasrec_full_softmax"}
RETRIEVED = "retrieve_examples"  # for the rows of each split


def validation_of(jobs: list[Job]) -> dict[str, set[str]]:
    """By rule, the files of validation rows that its jobs read, below the data set's folder."""
    found: dict[str, set[str]] = {}
    for job in jobs:
        rows = {name.removeprefix("results/demo/ml100k/") for name in job.input if name.endswith("/valid.parquet")}
        found.setdefault(job.rule, set()).update(rows)
    return found


def test_the_sample_is_a_switch(demo_jobs: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every model over item ids follows it, and nothing else does: language models are validated on the sample."""
    monkeypatch.chdir(ROOT)
    switch = ["--profile", "profiles/demo", "--forceall", "--config", "sasrec={valid: samples}"]
    whole, sampled = validation_of(demo_jobs), validation_of(dry_run.jobs(switch))
    assert {rule for rule in sampled if sampled[rule] != whole[rule]} == {*FITS, RETRIEVED}
    for rule in (*FITS, RETRIEVED):
        assert (sampled[rule], whole[rule]) == ({"samples/valid.parquet"}, {"sequences/valid.parquet"})
    assert whole["tune_sft"] == {"samples/valid.parquet"}
