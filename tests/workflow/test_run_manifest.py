"""The run's manifest is made of what the whole run makes: nothing is newer than it, nothing is left out."""

import json
from collections.abc import Callable
from typing import Any

from lib.records.changes import option
from lib.slices import Slices
from tools.dry_run import Job


def ancestors(jobs: list[Job], rule: str) -> list[Job]:
    """The jobs that a rule's job depends on, through the inputs that manifests name (audits of splits are gates)."""
    maker = {name: job for job in jobs for name in job.output}
    waiting, found = [job for job in jobs if job.rule == rule], []
    while waiting:
        job = waiting.pop()
        if job not in found:
            found.append(job)
            waiting += [maker[name] for name in job.input if name in maker and not name.endswith("_audit.json")]
    return found


def test_every_job_is_in_the_runs_manifest(demo_jobs: list[Job], paper_jobs: list[Job]) -> None:
    """All but audits, of which nothing is made, the pages and floats that are made of it, and the target of all."""
    for jobs in (demo_jobs, paper_jobs):
        left = {job.rule for job in jobs} - {job.rule for job in ancestors(jobs, "make_run_manifest")}
        assert left == {"audit_split", "audit_sample", "write_summary", "write_paper", "render_page", "all"}


def test_it_does_not_read_data_again(paper_jobs: list[Job]) -> None:
    """Its inputs, which are hashed, are tables, numbers and figures.

    The hashes of gigabytes of reviews and weights are in the manifests of the jobs that read them.
    """
    (own,) = (job for job in paper_jobs if job.rule == "make_run_manifest")
    assert {name.rpartition(".")[2] for name in own.input} == {"csv", "json", "pdf", "png"}
    settings = option(own.command, "--settings")
    assert settings is not None
    assert settings["models"] == ["results/raw/llms/meta-llama--Llama-3.2-3B@main"]


def test_the_text_encoder_of_llm_cf_is_a_model_too(checked: Callable[[str], dict[str, Any]]) -> None:
    """If it is configured and LLM-CF runs."""
    config = checked("demo")
    config["llms"]["bge"] = {"kind": "path", "precision": "fp32", "folder": "/m"}
    config["llm_cf"]["text_encoder"] = "bge"
    assert json.loads(Slices(config).manifest())["models"] == ["/m", "results/demo/ml100k/llm"]
    config["methods"].remove("llm-cf")
    assert json.loads(Slices(config).manifest())["models"] == ["results/demo/ml100k/llm"]
