"""Inputs that depend on wildcards or on the configuration."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from lib.graph import inputs


def test_only_llara_begins_with_item_embeddings_and_a_seeded_d_0() -> None:
    """BIGRec has neither: its d_0 is one for all seeds."""
    llara, bigrec = SimpleNamespace(backbone="llara"), SimpleNamespace(backbone="bigrec")
    assert inputs.item_embeddings(llara) == ["results/<run>/{dataset}/sasrec/seed={seed}/model.safetensors"]
    assert inputs.item_embeddings(bigrec) == []
    assert inputs.initial_distance(llara) == "results/<run>/{dataset}/{backbone}/seed={seed}/initial_distance.json"
    assert inputs.initial_distance(bigrec) == "results/<run>/{dataset}/{backbone}/initial_distance.json"


def test_every_d_0_has_its_file() -> None:
    """One for BIGRec, one a seed for LLaRA, at the places of the rules that make them."""
    config = {"methods": ["bigrec-soft", "llara-soft"], "datasets": {"game": {}}, "seeds": [1, 2]}
    assert inputs.initial_distances({**config, "soft": {"alphas": [1, 10]}}) == [
        "results/<run>/game/bigrec/initial_distance.json",
        "results/<run>/game/llara/seed=1/initial_distance.json",
        "results/<run>/game/llara/seed=2/initial_distance.json",
    ]


@pytest.mark.parametrize(
    ("rows", "answered", "embeddings"),
    [("sampled", "samples/train.parquet", "self_distilled"), ("all", "sequences/train.parquet", "teacher")],
)
def test_the_teacher_answers_sampled_rows_or_all(rows: str, answered: str, embeddings: str) -> None:
    """Answers to the sampled rows are the self-distilled data; those to all rows are asked for."""
    config = {"dllm2rec": {"teacher_rows": rows}}
    assert inputs.taught_rows(config) == f"results/<run>/{{dataset}}/{answered}"
    folder = "results/<run>/{dataset}/bigrec/sft/seed={seed}"
    assert inputs.teacher_embeddings(config) == f"{folder}/{embeddings}.embeddings.npy"


def test_titles_for_llm_cf_are_those_of_grounding_unless_another_encoder_is_named() -> None:
    """A model by name makes titles of its own."""
    assert inputs.text_titles({"llm_cf": {"text_encoder": None}}) == "results/<run>/{dataset}/titles.npy"
    assert inputs.text_titles({"llm_cf": {"text_encoder": "bge"}}) == "results/<run>/{dataset}/llm-cf/titles.npy"


def test_one_file_of_each_data_set(checked: Callable[[str], dict[str, Any]]) -> None:
    """The first row of the paper's grid is SASRec: its first seed's file on each of three data sets, in their order."""
    config = checked("paper")
    found = inputs.one_of_each_dataset(config, "test.metrics.json")
    assert found == [f"results/<run>/{name}/sasrec/seed=1/test.metrics.json" for name in ("game", "movie", "kindle")]
