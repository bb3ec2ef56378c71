"""Seconds of a job by the configuration: of one GPU where a language model runs, else of one core.

They are operations and bytes over speeds, so they do not depend on how many GPUs share a job. Constants have their
sources beside them.
"""

from collections.abc import Mapping
from typing import Any

from lib.sizes import Left, Sizes

PROMPT, TITLE = 220, 15  # tokens of a prompt of ten titles and of a title, for a tokeniser of words
COT_PROMPT = 320  # of a prompt of LLM-CF: the same titles, a worked example and the task (scripts/softrec/cot.py)
TRAIN_FLOPS, FORWARD_FLOPS = 4, 2  # per weight and token: LoRA needs no gradient of frozen weights, so 2 + 2, not 6
PEAK, EFFICIENCY = 312e12, 0.35  # bf16 operations per second of an A800 or A100, and the share that is reached
BANDWIDTH, READ_SHARE = 2.0e12, 0.6  # bytes per second of its memory, and the share that is reached
FIT_SECONDS, FIT_EPOCHS = 18.0, 100  # an epoch over a million windows on one core; patience ends a run before 500
LOAD_SECONDS, OTHER_SECONDS = 30.0, 10.0  # to start and read a language model; of every other job

ON_ALL_RANKS = (
    "tune_sft", "tune_sdpo", "tune_soft", "tune_soft_wo_sa", "generate_self_distilled", "answer_all_training_rows",
)  # fmt: skip
LLM_RULES = (
    *ON_ALL_RANKS, "predict_titles", "predict_titles_untuned", "measure_initial_distance",
    "measure_initial_distance_llara", "encode_titles", "generate_cot", "encode_cot", "encode_titles_for_llm_cf",
)  # fmt: skip


def ranks(rule: str, config: Mapping[str, Any]) -> int:
    """Processes of a job: a second of it is a second of as many GPUs."""
    return config["engine"]["ranks"] if rule in ON_ALL_RANKS else 1


def seconds(job: Left, config: Mapping[str, Any]) -> float:
    """Seconds of one job, from its start: every rank loads the language model."""
    loading = LOAD_SECONDS * ranks(job.rule, config) if job.rule in LLM_RULES else 0.0
    return computing(job.rule, Sizes(config, job)) + loading


def computing(rule: str, sizes: Sizes) -> float:
    """Seconds without the start."""
    own = sizes.config["llm_cf"]
    if rule.startswith("tune_"):
        return tuning(rule, sizes)
    if rule == "generate_cot":
        batch, steps = sizes.config["generation"]["batch_size"], own["max_new_tokens"]
        return seconds_of_generation(sizes.weights, sizes.cot_rows, batch, steps, COT_PROMPT)
    if rule == "encode_cot":
        return seconds_of_reading(sizes.weights, sizes.cot_rows * own["max_new_tokens"])
    if rule.startswith("encode_titles"):
        return seconds_of_reading(sizes.weights, sizes.titles * TITLE)
    if rule in LLM_RULES:
        return answering(sizes, asked(rule, sizes))
    if rule.startswith("fit_"):
        epochs = min(sizes.config["sasrec"]["epochs"], FIT_EPOCHS)
        return FIT_SECONDS * epochs * sizes.training_rows / 1e6
    return OTHER_SECONDS


def asked(rule: str, sizes: Sizes) -> int:
    """How many rows a language model is asked to answer."""
    if rule.startswith("measure_initial_distance"):
        return sizes.config["soft"]["distance_rows"]
    if rule == "answer_all_training_rows":
        return sizes.training_rows
    return sizes.rows("train" if rule == "generate_self_distilled" else "test")


def tuning(rule: str, sizes: Sizes) -> float:
    """Epochs of training, with a validation after each. SOFT measures d_t between them; SDPO asks its reference once.

    No run is expected to stop early.
    """
    rows, epochs, own = sizes.rows("train"), sizes.config["tuning"]["epochs"], sizes.config["sdpo"]
    validation = answering(sizes, sizes.rows("valid"))
    if rule == "tune_sdpo":
        training = seconds_of_training(sizes.weights, rows, own["epochs"] + 1, 1 + own["negatives"])
        return training + own["epochs"] * validation
    if rule == "tune_soft":
        probe = answering(sizes, sizes.config["soft"]["distance_rows"])
        return seconds_of_training(sizes.weights, rows, epochs, 2) + epochs * validation + (epochs - 1) * probe
    return seconds_of_training(sizes.weights, rows, epochs, 1) + epochs * validation


def answering(sizes: Sizes, rows: int) -> float:
    """A title to each of `rows` prompts. A batch goes on until its longest text has ended: as long as two titles."""
    own = sizes.config["generation"]
    return seconds_of_generation(sizes.weights, rows, own["batch_size"], min(own["max_new_tokens"], 2 * TITLE))


def seconds_of_training(weights: float, rows: int, epochs: int, branches: float) -> float:
    """Epochs over `rows` prompts with so many titles each."""
    tokens = rows * (PROMPT + TITLE * branches) * epochs
    return TRAIN_FLOPS * weights * tokens / (PEAK * EFFICIENCY)


def seconds_of_generation(weights: float, rows: int, batch: int, steps: int, prompt: int = PROMPT) -> float:
    """Prefill of `rows` prompts, then one read of all weights per step and batch of beams (2 bytes each, bf16)."""
    batches = -(-rows // batch)
    return seconds_of_reading(weights, rows * prompt) + batches * steps * 2 * weights / (BANDWIDTH * READ_SHARE)


def seconds_of_reading(weights: float, tokens: int) -> float:
    """One forward pass over so many tokens."""
    return FORWARD_FLOPS * weights * tokens / (PEAK * EFFICIENCY)
