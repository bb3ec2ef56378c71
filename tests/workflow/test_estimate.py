"""Seconds of jobs by their formulas, by hand; which jobs run on GPUs, and which on all ranks, as the rules say it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from lib import estimate
from lib.sizes import Left, Sizes
from rule_text import WORKFLOW, rules

Checked = Callable[[str], dict[str, Any]]
SPEED, READ = 312e12 * 0.35, 2.0e12 * 0.6  # operations and bytes a second
WEIGHTS = 3.21e9


def left(rule: str, place: str = "game/job.tsv") -> Left:
    """A job of the paper's run."""
    return Left(rule, f"results/paper/benchmarks/{place}")


def test_training_is_operations_over_speed() -> None:
    """1e9 weights, 10 rows of 220 + 15 tokens, 2 epochs: 4 * 1e9 * 4,700 operations at 312e12 * 0.35 a second."""
    assert estimate.seconds_of_training(1e9, 10, 2, 1) == pytest.approx(4 * 1e9 * 4700 / SPEED)


def test_generation_is_prefill_and_reading_the_weights() -> None:
    """100 rows in batches of 64 are 2 batches of 30 steps; each reads 2e9 bytes at 1.2e12 a second."""
    prefill = 2 * 1e9 * 100 * 220 / SPEED
    assert estimate.seconds_of_generation(1e9, 100, 64, 30) == pytest.approx(prefill + 60 * 2e9 / READ)


def test_soft_costs_more_than_sft_and_less_than_twice(checked: Checked) -> None:
    """A second short title per prompt, and d_t: not a second prompt."""
    sft, soft = (estimate.seconds(left(rule), checked("paper")) for rule in ("tune_sft", "tune_soft"))
    assert sft < soft < 2 * sft


def test_every_rank_loads_the_model(checked: Checked) -> None:
    """4,096 answers: 64 batches of 30 steps (two titles), not of 64; 30 s of loading on each of 4 GPUs, or on one."""
    config = checked("paper")
    work = 2 * WEIGHTS * 4096 * 220 / SPEED + 64 * 30 * 2 * WEIGHTS / READ
    assert estimate.seconds(left("generate_self_distilled"), config) == pytest.approx(work + 4 * 30)
    config["engine"]["ranks"] = 1
    assert estimate.seconds(left("generate_self_distilled"), config) == pytest.approx(work + 30)


def test_the_teacher_answers_the_whole_train_split(checked: Checked) -> None:
    """Game has 196,508 - 10 x 11,658 = 79,928 windows, of which 0.8 are 63,942 rows: 1,000 batches of 64."""
    config = checked("paper")
    assert Sizes(config, left("answer_all_training_rows")).training_rows == 63_942
    work = 2 * WEIGHTS * 63_942 * 220 / SPEED + 1000 * 30 * 2 * WEIGHTS / READ
    assert estimate.seconds(left("answer_all_training_rows"), config) == pytest.approx(work + 4 * 30)


def test_the_demos_train_split_is_the_one_that_was_counted(checked: Checked) -> None:
    """97,953 - 10 x 943 windows, 0.8 of them: the README's 70,818 rows."""
    assert Sizes(checked("demo"), Left("fit_sasrec", "results/demo/benchmarks/ml100k/f.tsv")).training_rows == 70_818


def test_a_data_set_of_unknown_counts_is_a_large_one(checked: Checked) -> None:
    """Without `expected` a million training rows are assumed: a hundred epochs of SASRec are 1,800 s."""
    config = checked("paper")
    del config["datasets"]["game"]["expected"]
    assert Sizes(config, left("fit_sasrec")).training_rows == 1_000_000
    assert estimate.seconds(left("fit_sasrec"), config) == pytest.approx(1800)


def test_the_whole_test_split_has_a_tenth_of_the_windows(checked: Checked) -> None:
    """`samples.test: all` of Game: 7,993 rows."""
    config = checked("paper")
    config["samples"]["test"] = "all"
    assert Sizes(config, left("predict_titles")).rows("test") == 7_993


@pytest.mark.parametrize(("rows", "batches"), [(None, 64), (1024, 16), (9999, 64)])
def test_a_chain_of_thought_is_as_long_as_it_may_be(checked: Checked, rows: int | None, batches: int) -> None:
    """256 steps a batch, not the 30 of a title; `llm_cf.rows` of the 4,096 sampled rows, which are no more."""
    config = checked("paper")
    config["llm_cf"]["rows"] = rows
    work = 2 * WEIGHTS * batches * 64 * 320 / SPEED + batches * 256 * 2 * WEIGHTS / READ
    assert estimate.seconds(left("generate_cot"), config) == pytest.approx(work + 30)


def test_a_text_encoder_of_its_own_counts_for_llm_cf_alone(checked: Checked) -> None:
    """Of 3e8 weights: 5,335 titles of 15 tokens are one pass."""
    config = checked("paper")
    config["llms"]["bge"] = {**config["llms"]["llama"], "parameters": 3e8}
    config["llm_cf"]["text_encoder"] = "bge"
    for rule, weights in (("encode_titles_for_llm_cf", 3e8), ("encode_titles", WEIGHTS)):
        expected = 2 * weights * 5335 * 15 / SPEED + 30
        assert estimate.seconds(left(rule), config) == pytest.approx(expected)


def test_jobs_on_all_ranks_are_those_that_the_launcher_starts() -> None:
    """As the rules' commands say."""
    assert set(estimate.ON_ALL_RANKS) == {rule.name for rule in rules() if "$SOFTREC_LAUNCH" in rule.shell}


def test_jobs_of_language_models_are_those_on_the_gpu_partition() -> None:
    """As the cluster's profile says."""
    profile = yaml.safe_load((Path(WORKFLOW).parent / "profiles/slurm/config.yaml").read_text())
    asked = {rule for rule, own in profile["set-resources"].items() if own.get("slurm_partition") == "gpu"}
    assert set(estimate.LLM_RULES) == asked
