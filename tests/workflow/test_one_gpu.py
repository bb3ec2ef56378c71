"""One GPU and no cluster: who shares the card, and how the configurations differ from the paper's."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
Checked = Callable[[str], dict[str, Any]]


def profile(name: str) -> dict[str, Any]:
    """A shipped profile."""
    return yaml.safe_load((ROOT / f"profiles/{name}/config.yaml").read_text())


def test_whatever_runs_on_a_gpu_asks_for_one() -> None:
    """All rules that the cluster's profile sends to its GPUs, and the fits that use one where they see it.

    Rules of tuning ask by themselves (engine.ranks), as they do on a cluster.
    """
    on_cluster = profile("slurm")["set-resources"]
    given = {rule for rule, own in on_cluster.items() if own.get("gpu")}
    own = profile("one-gpu")["set-resources"]
    assert {rule for rule, asked in own.items() if asked == {"gpu": 1}} == set(own)
    assert set(own) == given | {"fit_sasrec", "fit_sasrec_softmax"}
    tuning = {rule for rule, asked in on_cluster.items() if asked.get("slurm_partition") == "gpu"} - given
    assert tuning == {
        "tune_sft",
        "tune_sdpo",
        "tune_soft",
        "tune_soft_wo_sa",
        "generate_self_distilled",
        "predict_training_titles",
    }


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    """The values of a configuration by dotted path; a list is one value."""
    if not isinstance(value, dict):
        return {path: value}
    return {k: v for key, inner in value.items() for k, v in leaves(inner, f"{path}.{key}".lstrip(".")).items()}


def test_what_differs_from_the_paper(checked: Checked) -> None:
    """Besides data, model and rows of the table: the paper's sample alone, and what a small model and one card need."""
    paper, own = leaves(checked("paper")), leaves(checked("one-gpu"))
    parts = {key: value for key, value in own.items() if key.partition(".")[0] not in ("datasets", "llms")}
    assert {key for key, value in parts.items() if paper[key] != value} == {
        "run",
        "seeds",
        "methods",
        "samples.test",
        "tuning.learning_rate",
        "tuning.micro_batch_size",
        "engine.kind",
        "engine.ranks",
        "engine.threads",
        "generation.batch_size",
    }
    assert own["tuning.micro_batch_size"] == own["datasets.ml100k.global_batch_size"] == 32


def test_the_second_file_adds_a_data_set_and_nothing_else(checked: Checked) -> None:
    """Its label says that the order between its users is made up."""
    one, two = checked("one-gpu"), checked("one-gpu-games")
    added = two["datasets"].pop("games18")
    assert "made up" in added["label"]
    assert added["source"]["kind"] == "files"
    assert {**two, "run": "one-gpu"} == one
