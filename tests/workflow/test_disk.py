"""What jobs leave on the disk, by hand."""

from collections.abc import Callable
from typing import Any

import pytest

from lib.cost import disk
from lib.cost.sizes import Left

Checked = Callable[[str], dict[str, Any]]
CELL = "game/bigrec/sft/seed=1"


@pytest.mark.parametrize(
    ("rule", "place", "size"),
    [
        ("fetch_amazon2023_game", "game/fetch_amazon2023.tsv", 47_244_051 + 437_375_785),
        ("fetch_hub_llm_llama", "fetch_hub_llm_llama.tsv", 2 * 3.21e9),
        ("encode_titles", "game/encode_titles.tsv", 5335 * 3072 * 4),
        ("generate_self_distilled", f"{CELL}/generate_self_distilled.tsv", 4096 * 3072 * 4),
        ("predict_training_titles", f"{CELL}/answer_all.tsv", 63_942 * 3072 * 4),
        ("predict_titles", f"{CELL}/test.predict.tsv", 7_993 * 3072 * 4),
        ("predict_titles", f"{CELL}/valid.predict.tsv", 512 * 3072 * 4),
        ("encode_cot", "game/llm-cf/encode_cot.tsv", 4096 * 3072 * 4),
        ("fit_sasrec", "game/sasrec/l2=0.1/seed=1/fit.tsv", 2 * 5335 * 64 * 4),
        ("copy_selected_model", "game/sasrec/seed=1/copy.tsv", 2 * 5335 * 64 * 4),
        ("make_table2", "make_table2.tsv", 0),
        ("make_table2_all", "make_table2_all.tsv", 0),
    ],
)
def test_each_job_leaves_what_it_writes(checked: Checked, rule: str, place: str, size: float) -> None:
    """The publisher's sizes; bf16 weights; titles, texts and rows times Llama-3.2-3B's width of 3,072, in fp32.

    A fit leaves two tables of items, 64 wide.
    """
    assert disk.written(Left(rule, f"results/paper/benchmarks/{place}"), checked("paper")) == pytest.approx(size)


@pytest.mark.parametrize(("backbone", "projector"), [("bigrec", 0), ("llara", 64 * 3072 + 3072 * 3072)])
def test_an_adapter_is_a_lora_and_llaras_projector(checked: Checked, backbone: str, projector: int) -> None:
    """Rank 8 on q (3,072 to 3,072) and v (3,072 to 1,024) of 28 layers: 8 x 10,240 x 28 numbers, to one percent."""
    job = Left("tune_sft", f"results/paper/benchmarks/game/{backbone}/sft/seed=1/tune.tsv")
    expected = 4 * (8 * (3072 + 3072 + 3072 + 1024) * 28 + projector)
    assert disk.written(job, checked("paper")) == pytest.approx(expected, rel=0.01)


def test_a_category_of_unknown_size_and_a_wheel(checked: Checked) -> None:
    """2 GB a file; a wheel's files are small. A tiny model has its configured width and is fp32."""
    config = checked("paper")
    for role in ("ratings", "metadata"):
        config["datasets"]["game"]["source"][role]["path"] = "elsewhere"
    assert disk.written(Left("fetch_amazon2023_game", ""), config) == 4e9
    assert disk.written(Left("fetch_wheel_dataset_ml100k", ""), checked("demo")) == 5e6
    titles = Left("encode_titles", "results/demo/benchmarks/ml100k/encode_titles.tsv")
    assert disk.written(titles, checked("demo")) == 1152 * 96 * 4


def test_jobs_add_up(checked: Checked) -> None:
    """A base model twice is two of them, in units of 2^30 bytes."""
    jobs = [Left("fetch_hub_llm_llama", "")] * 2
    assert disk.gib(jobs, checked("paper")) == pytest.approx(2 * 2 * 3.21e9 / 2**30)
