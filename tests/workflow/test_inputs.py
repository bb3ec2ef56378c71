"""Inputs that depend on wildcards or on the configuration."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from lib.cost.sizes import Left, Sizes
from lib.graph import inputs
from lib.slices import Slices

Checked = Callable[[str], dict[str, Any]]


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


def test_scores_of_all_texts_are_read_by_what_ranks_several(checked: Checked) -> None:
    """With the paper's grounding nothing does. Titles of the history are one text a row, whatever is configured."""
    config = checked("demo")
    assert inputs.scores(config, "bigrec/sft/seed=1", "test") == []
    config["generation"] |= {"grounding": "softmin", "softmin_temperature": 2.0}
    place = "results/<run>/{dataset}/bigrec/sft/seed=1/test.predictions.parquet"
    assert inputs.scores(config, "bigrec/sft/seed=1", "test") == [place]
    assert inputs.scores(config, "nearest-mean", "test") == []
    slices, plain = Slices(config), '{"mask": "seen", "tie_seed": 42}'
    several = {**json.loads(plain), "distance": "softmin", "temperature": 2.0}
    assert json.loads(slices.ground("llara/sft/seed=1")) == several
    assert slices.ground("nearest-last") == plain
    for rule, texts in (("bigrec/sft/seed=1", 4), ("nearest-mean", 1)):
        job = Left("ground_predictions", f"results/demo/benchmarks/ml100k/{rule}/test.ground.tsv")
        assert Sizes(config, job).texts == texts
