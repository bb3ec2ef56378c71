"""Seconds of jobs by their formulas, by hand; which jobs run on GPUs, and which on all ranks, as the rules say it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from lib.cost import disk, estimate, roofline
from lib.cost.roofline import Llm
from lib.cost.sizes import Left, Sizes
from lib.graph import methods
from tools.rule_text import WORKFLOW, rules

Checked = Callable[[str], dict[str, Any]]
LLAMA = Llm(3.21e9, 3072, 3072 / 110)


def left(rule: str, place: str = "game/job.tsv") -> Left:
    """A job of the paper's run."""
    return Left(rule, f"results/paper/benchmarks/{place}")


def trained(rows: int, tokens: int, micro: int = 8) -> float:
    """Seconds of an epoch of training."""
    return roofline.training(LLAMA, rows, tokens, micro).seconds


def read(rows: int, tokens: int, batch: int = 64) -> float:
    """Seconds of a forward pass."""
    return roofline.reading(LLAMA, rows, tokens, batch).seconds


def said(rows: int, beams: int, prompt: int, mean: int, steps: int) -> float:
    """Seconds of prefill (150 tokens of titles after the rest) and of all steps, each as long as one halfway.

    In batches of 64; a row is there for `mean` of the `steps`.
    """
    step = roofline.decoding(LLAMA, 64 * mean / steps, beams, prompt, mean / 2)
    return roofline.reading(LLAMA, rows, 150, 64, prompt - 150).seconds + rows / 64 * steps * step.seconds


def answered(rows: int) -> float:
    """Seconds of titles of 15 tokens, 30 steps until the longest has ended, and of their embeddings."""
    return said(rows, 4, 220, 15, 30) + read(rows, 15)


# Grounding 512 texts among Game's 5,335 titles, float64: each of 4 ranks has 8 cores of 3e10 operations a second.
WAIT = 4 * 2 * 512 * 5335 * 3072 / 3e10 / 8
VALIDATION = answered(512) + WAIT


@pytest.mark.parametrize(
    ("rule", "work"),
    [
        ("tune_sft", 7 * (trained(4096, 235) + VALIDATION)),
        ("tune_soft", trained(4096, 235) + 6 * trained(4096, 250) + 7 * VALIDATION + 6 * answered(256)),
        ("tune_sdpo", 3 * (trained(4096, 280) + VALIDATION) + read(4096, 280, 8)),
    ],
)
def test_tuning_is_epochs_and_validations(checked: Checked, rule: str, work: float) -> None:
    """A prompt of 70 + 10 x 15 tokens and its titles of 15 are one row.

    The first epoch of SOFT has one title, the other six have two, and d_t before them; S-DPO has three epochs of four
    titles and asks its reference once.
    """
    assert estimate.seconds(left(rule), checked("paper")) == pytest.approx(work + 4 * 30)


def test_titles_in_rows_of_their_own_take_a_prompt_each(checked: Checked) -> None:
    """`share_prompt: false`: six epochs of SOFT are 8,192 rows of 235 tokens, in micro batches of 16."""
    config = checked("paper")
    shared = estimate.seconds(left("tune_soft"), config)
    config["tuning"]["share_prompt"] = False
    more = 6 * (trained(8192, 235, 16) - trained(4096, 250))
    assert estimate.seconds(left("tune_soft"), config) == pytest.approx(shared + more)


def test_every_rank_loads_the_model(checked: Checked) -> None:
    """4,096 answers: 30 s of loading on each of 4 GPUs, or on one."""
    config = checked("paper")
    assert estimate.seconds(left("generate_self_distilled"), config) == pytest.approx(answered(4096) + 4 * 30)
    config["engine"]["ranks"] = 1
    assert estimate.seconds(left("generate_self_distilled"), config) == pytest.approx(answered(4096) + 30)


def test_the_teacher_answers_the_whole_train_split(checked: Checked) -> None:
    """Game has 196,508 - 10 x 11,658 = 79,928 windows, of which 0.8 are 63,942 rows."""
    config = checked("paper")
    assert Sizes(config, left("predict_training_titles")).training_rows == 63_942
    expected = answered(63_942) + 4 * 30
    assert estimate.seconds(left("predict_training_titles"), config) == pytest.approx(expected)


@pytest.mark.parametrize(("split", "rows"), [("test", 7993), ("valid", 512)])
def test_predictions_are_of_the_split_that_their_benchmark_names(checked: Checked, split: str, rows: int) -> None:
    """Predicted on one GPU; grounded on a core, with a job's usual ten seconds.

    Of 8,000 test rows that are asked for Game's split holds 7,993.
    """
    place = f"game/bigrec/sft/seed=1/{split}"
    predicted = estimate.seconds(left("predict_titles", f"{place}.predict.tsv"), checked("paper"))
    assert predicted == pytest.approx(answered(rows) + 30)
    grounded = estimate.seconds(left("ground_predictions", f"{place}.ground.tsv"), checked("paper"))
    assert grounded == pytest.approx(2 * rows * 5335 * 3072 / 3e10 + 10)


def test_all_texts_of_a_test_row_are_embedded_and_grounded(checked: Checked) -> None:
    """With grounding least or softmin 4 texts of each of Game's 7,993 rows, and of each of 512 rows of validation.

    Self-distilled data and d_t are of one text, as before.
    """
    config, place = checked("paper"), "game/bigrec/sft/seed=1/test"
    config["generation"]["grounding"] = "softmin"
    predicted = estimate.seconds(left("predict_titles", f"{place}.predict.tsv"), config)
    assert predicted == pytest.approx(said(7993, 4, 220, 15, 30) + read(4 * 7993, 15) + 30)
    grounded = estimate.seconds(left("ground_predictions", f"{place}.ground.tsv"), config)
    assert grounded == pytest.approx(2 * 4 * 7993 * 5335 * 3072 / 3e10 + 10)
    validation = said(512, 4, 220, 15, 30) + read(4 * 512, 15) + 4 * WAIT
    assert estimate.seconds(left("tune_sft"), config) == pytest.approx(7 * (trained(4096, 235) + validation) + 4 * 30)
    assert estimate.seconds(left("generate_self_distilled"), config) == pytest.approx(answered(4096) + 4 * 30)
    written = disk.written(left("predict_titles", f"{place}.predict.tsv"), config)
    assert written == 4 * 4 * 7993 * 3072


def test_the_demos_train_split_is_the_one_that_was_counted(checked: Checked) -> None:
    """97,953 - 10 x 943 windows, 0.8 of them: the README's 70,818 rows."""
    assert Sizes(checked("demo"), Left("fit_sasrec", "results/demo/benchmarks/ml100k/f.tsv")).training_rows == 70_818


def test_a_data_set_of_unknown_counts_is_a_large_one(checked: Checked) -> None:
    """Without `expected` a million training rows of 50,000 items are assumed, and 125,000 to validate on.

    250 epochs of 3,906.25 steps of 8 + 9 ms, and of rows of 0.1 + 0.2 ms.
    """
    config = checked("paper")
    del config["datasets"]["game"]["expected"]
    assert Sizes(config, left("fit_sasrec")).training_rows == 1_000_000
    expected = 250 * (3906.25 * 17e-3 + 125_000 * 0.3e-3)
    assert estimate.seconds(left("fit_sasrec"), config) == pytest.approx(expected)


def test_a_fit_on_a_gpu_is_steps_whatever_the_catalogue(checked: Checked) -> None:
    """Game: 63,942 rows are 249.77 steps of 10 ms, 7,992.8 validation rows of 0.1 ms, 250 times.

    The demo has no GPU, and few epochs: a step of DROS is 8 ms and 4.4 us for each of 1,152 items.
    """
    expected = 250 * (63_942 / 256 * 10e-3 + 7_992.8 * 1e-4)
    for rule in estimate.FITS_ON_GPU:
        assert estimate.seconds(left(rule), checked("paper")) == pytest.approx(expected)
    demo = checked("demo")
    sizes = Sizes(demo, Left("fit_dros", "results/demo/benchmarks/ml100k/f.tsv"))
    step, row = 8e-3 + 1152 * 4.4e-6, 1e-4 + 1152 * 4e-9
    expected = demo["sasrec"]["epochs"] * (70_818 / 256 * step + sizes.validated * row)
    assert estimate.seconds(sizes.job, demo) == pytest.approx(expected)


def test_the_whole_test_split_has_a_tenth_of_the_windows(checked: Checked) -> None:
    """`samples.test: all` of Game: 7,993 rows, which are fewer than 8,000; of 1,000 asked for there are 1,000."""
    config = checked("paper")
    for asked, rows in (("all", 7_993), (8000, 7_993), (1000, 1000)):
        config["samples"]["test"] = asked
        assert Sizes(config, left("predict_titles")).rows("test") == rows


@pytest.mark.parametrize(("rows", "asked"), [(None, 4096), (1024, 1024), (9999, 4096)])
def test_a_chain_of_thought_is_as_long_as_it_may_be(checked: Checked, rows: int | None, asked: int) -> None:
    """Greedy, 256 steps of all rows, not the 30 of a title; `llm_cf.rows` of the 4,096 sampled, if that is less."""
    config = checked("paper")
    config["llm_cf"]["rows"] = rows
    expected = said(asked, 1, 320, 256, 256) + 30
    assert estimate.seconds(left("generate_cot"), config) == pytest.approx(expected)


@pytest.mark.parametrize(("split", "rows"), [("train", 63_942), ("valid", 7_992.8), ("test", 7_993)])
def test_retrieval_multiplies_each_row_with_each_decision(checked: Checked, split: str, rows: float) -> None:
    """Game has 196,508 - 10 x 11,658 = 79,928 windows, 8:1:1, and 8,000 test rows or all.

    A row and each of 4,096 decisions are 2 x 3,072 operations, 6e10 a second.
    """
    job = Left("retrieve_examples", f"results/paper/benchmarks/game/llm-cf/retrieve_{split}.tsv")
    assert estimate.seconds(job, checked("paper")) == pytest.approx(rows * 4096 * 2 * 3072 / 6e10)


def test_a_text_encoder_of_its_own_counts_for_llm_cf_alone(checked: Checked) -> None:
    """Of 3e8 weights: its width and layers are by their third root. 5,335 titles of 15 tokens are one pass."""
    config = checked("paper")
    config["llms"]["bge"] = {**config["llms"]["llama"], "parameters": 3e8}
    config["llm_cf"]["text_encoder"] = "bge"
    width = 3072 * (3e8 / 3.21e9) ** (1 / 3)
    small = Llm(3e8, width, width / 110)
    for rule, llm in (("encode_titles_for_llm_cf", small), ("encode_titles", LLAMA)):
        expected = roofline.reading(llm, 5335, 15, 64).seconds + 30
        assert estimate.seconds(left(rule), config) == pytest.approx(expected)


def test_jobs_on_all_ranks_are_those_that_the_launcher_starts() -> None:
    """As the rules' commands say."""
    started = {rule.name for rule in rules() if "$SOFTREC_LAUNCH" in rule.shell}
    assert started - {"tune"} == set(estimate.ON_ALL_RANKS) - set(estimate.STRATEGY_OF)
    assert "tune" in started, "the rules of all strategies are written as one"


def test_jobs_on_gpus_are_those_on_the_gpu_partition() -> None:
    """As the cluster's profile says."""
    profile = yaml.safe_load((Path(WORKFLOW).parent / "profiles/slurm/config.yaml").read_text())
    asked = {rule for rule, own in profile["set-resources"].items() if own.get("slurm_partition") == "gpu"}
    asked |= {rule for rule, like in methods.like().items() if like in asked}
    assert set(estimate.GPU_RULES) == asked
