"""The row of SASRec with LLM-CF's loss: nobody gets it unasked, and it needs no language model."""

from collections import Counter

import pytest

from places import ROOT
from tools import dry_run
from tools.dry_run import Job


def test_it_is_in_no_table_unless_it_is_asked_for(demo_jobs: list[Job], paper_jobs: list[Job]) -> None:
    """The demo has every other row of the paper's table."""
    assert "fit_sasrec_softmax" not in {job.rule for job in (*demo_jobs, *paper_jobs)}


def test_asked_for_it_is_trained_and_ranked_like_sasrec(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two seeds the first tries both L2 that LLM-CF is given, and the second takes the chosen one.

    3 trainings, one choice, one copied model, 2 rankings. No chain of thought is generated.
    """
    monkeypatch.chdir(ROOT)
    asked = ["seeds=[1, 2]", "methods=[sasrec-softmax]", "llm_cf={l2: [1.0e-3, 1.0e-5]}"]
    jobs = dry_run.jobs(["--profile", "profiles/demo", "--forceall", "--config", *asked])
    counted = Counter(job.rule for job in jobs)
    expected = {"fit_sasrec_softmax": 3, "select_hyperparameter": 1, "copy_selected_model": 1, "rank_sequential": 2}
    assert {rule: counted[rule] for rule in expected} == expected
    assert not counted.keys() & {"fit_sasrec", "fit_llm_cf", "generate_cot", "retrieve_examples", "encode_titles"}
    [fits] = [{*job.input} for job in jobs if job.rule == "select_hyperparameter"]
    assert fits == {f"results/demo/ml100k/sasrec-softmax/l2={l2}/seed=1/training.jsonl" for l2 in (0.001, 1e-05)}
