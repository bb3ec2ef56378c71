"""config/figure6.yaml: the paper's Figure 6, on one GPU, and in everything else the paper's configuration."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from lib.graph.engine import Engine, shape_problems
from tools.dry_run import Job

Checked = Callable[[str], dict[str, Any]]
COMMAND = ("plot_figure6", "--profile", "profiles/slurm", "--sdm", "env-modules", "--configfile", "config/figure6.yaml")


@pytest.fixture(scope="module")
def jobs(planned: Callable[..., list[Job]]) -> list[Job]:
    """The plan of the command that the file's head and docs/cluster.md name."""
    return planned(*COMMAND)


def test_it_is_the_papers_configuration_but_for_what_figure6_is_about(checked: Checked) -> None:
    """It differs in data sets, methods, seeds, ranks and name, and in the test rows, which are the paper's alone."""
    paper = checked("paper")
    paper |= {"run": "figure6", "seeds": [1], "datasets": {"game": paper["datasets"]["game"]}}
    paper["methods"] = ["sasrec", "bigrec-sft", "bigrec-sdpo", "bigrec-soft-wo-sa", "bigrec-soft"]
    paper["engine"]["ranks"] = 1
    paper["samples"]["test"] = paper["samples"]["paper_test"] = 1000
    assert checked("figure6") == paper


def test_its_jobs_are_counted_by_hand(jobs: list[Job]) -> None:
    """One run of each method, SOFT with four alphas, SASRec with five L2, d_0 and self-distilled data once.

    Seven tuned models answer the test rows. No other method is trained, and no table is made.
    """
    counted = Counter(job.rule for job in jobs)
    expected = {"tune_sft": 1, "tune_sdpo": 1, "tune_soft_wo_sa": 1, "tune_soft": 4, "fit_sasrec": 5}
    expected |= {"measure_initial_distance": 1, "generate_self_distilled": 1, "predict_titles": 7}
    assert {rule: counted[rule] for rule in expected} == expected
    assert not counted.keys() & {"fit_dros", "fit_llm_cf", "fit_dllm2rec", "make_table2", "make_table2_all"}
    assert {name for job in jobs if job.rule == "plot_figure6" for name in job.output} == {
        f"results/figure6/figures/figure6.{form}" for form in ("csv", "pdf", "png")
    }


def test_its_jobs_have_one_gpu_each(checked: Checked, jobs: list[Job]) -> None:
    """A tuning job asks for one GPU and is started without the launcher of ranks; a batch of 256 comes out even."""
    config = checked("figure6")
    assert Engine(config["engine"]).resources == {"gpu": 1}
    assert not [job.rule for job in jobs if "launch_ranks" in job.command]
    assert shape_problems(config) == []
