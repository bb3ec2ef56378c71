"""Disk space of the remaining jobs' outputs, estimated from the configuration.

Counted are raw files, base models, embeddings of titles and texts, adapters, and ID-based recommenders. Tables, logs
and figures are negligible, and so are checkpoints, which are removed when their job ends.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from lib.cost.sizes import Left, Sizes, weights_of

# Bytes of the publisher's files, unpacked, as stated in its repository on the hub.
RAW_BYTES = {
    "raw/review_categories/Video_Games.jsonl": 2_682_948_518,
    "raw/meta_categories/meta_Video_Games.jsonl": 437_375_785,
    "raw/review_categories/Movies_and_TV.jsonl": 8_391_445_499,
    "raw/meta_categories/meta_Movies_and_TV.jsonl": 1_285_744_674,
    "raw/review_categories/Kindle_Store.jsonl": 15_800_555_546,
    "raw/meta_categories/meta_Kindle_Store.jsonl": 6_865_237_738,
    "benchmark/0core/rating_only/Video_Games.csv": 264_209_546,
    "benchmark/5core/rating_only/Video_Games.csv": 47_244_051,
    "benchmark/0core/rating_only/Movies_and_TV.csv": 995_092_641,
    "benchmark/5core/rating_only/Movies_and_TV.csv": 431_542_901,
    "benchmark/0core/rating_only/Kindle_Store.csv": 1_467_649_846,
    "benchmark/5core/rating_only/Kindle_Store.csv": 932_197_614,
}
OTHER_RAW, WHEEL = 2e9, 5e6  # assumed bytes of another category's file; of the two files in a wheel
FP32, BF16 = 4, 2  # bytes of a number
# Input plus output widths of LoRA's target matrices, in model widths: the mean of q and v; all seven of a layer.
TARGET, ALL_LINEAR = 5 / 3, 53 / 3


def gib(jobs: Iterable[Left], config: Mapping[str, Any]) -> float:
    """Return the GiB of the jobs' outputs."""
    return sum(written(job, config) for job in jobs) / 2**30


def written(job: Left, config: Mapping[str, Any]) -> float:
    """Return the bytes of one job's outputs; 0 for small outputs."""
    sizes = Sizes(config, job)
    if job.rule.startswith("fetch_"):
        return fetched(job.rule, config)
    if job.rule == "pretrain_tiny_llm":
        return FP32 * sizes.weights
    if job.rule.startswith("tune_"):
        return FP32 * adapter(sizes)
    if job.rule.startswith(("fit_", "copy_")):
        return FP32 * 2 * sizes.titles * config["sasrec"]["dim"]  # item embeddings, and output layer
    return FP32 * sizes.width * embedded(sizes)


def fetched(rule: str, config: Mapping[str, Any]) -> float:
    """Return the bytes of a data set's raw files, or of a base model in bf16, as published."""
    if rule.startswith("fetch_amazon2023_"):
        source = config["datasets"][rule.removeprefix("fetch_amazon2023_")]["source"]
        return sum(RAW_BYTES.get(source[role]["path"], OTHER_RAW) for role in ("ratings", "metadata"))
    if rule.startswith("fetch_wheel_dataset_"):
        return WHEEL
    return BF16 * weights_of(config["llms"][rule.partition("_llm_")[2]])


def embedded(sizes: Sizes) -> int:
    """Return the number of texts whose embeddings a job writes."""
    rule = sizes.job.rule
    if rule.startswith("encode_titles"):
        return sizes.titles
    if rule.startswith("predict_titles") or rule == "embed_histories":
        return sizes.rows(sizes.split) * sizes.texts
    if rule == "encode_cot":
        return sizes.cot_rows
    if rule == "predict_training_titles":
        return sizes.training_rows
    return sizes.rows("train") if rule == "generate_self_distilled" else 0


def adapter(sizes: Sizes) -> float:
    """Return the parameters of an adapter: LoRA in each layer, and LLaRA's two-layer projector from SASRec's width."""
    own, width, shape = sizes.config["lora"], sizes.width, sizes.shape
    named = own["targets"]
    # Without a config.json to match, a regular expression is taken for all layers.
    per_layer = ALL_LINEAR if isinstance(named, str) or named == ["all-linear"] else TARGET * len(named)
    lora = own["rank"] * (shape.adapted(named) if shape else per_layer * width * sizes.layers)
    return lora + (width * (sizes.config["sasrec"]["dim"] + width) if "llara" in sizes.job.place else 0)
