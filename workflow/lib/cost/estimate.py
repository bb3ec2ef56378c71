"""Estimated seconds of a job from the configuration: of one GPU if a language model runs, else of one core.

Seconds are operations and bytes divided by speeds (`roofline`), so they do not depend on the number of GPUs of a job.
The sources of constants are in comments.
"""

from collections.abc import Mapping
from typing import Any

from lib.cost import fits, roofline
from lib.cost.sizes import Left, Sizes
from lib.graph import methods

COT_MORE = (
    100  # tokens of LLM-CF's prompt beyond a prompt: a worked example, the task (llm_enhanced/chains_of_thought.py)
)
LONGEST = 2  # length of a batch's longest text, in titles: the batch is decoded until this text ends
DOUBLE = 30e9  # float64 operations per second of a core: grounding took 6.0 s on two cores for 0.38e12 operations
SINGLE = 2 * DOUBLE  # float32 operations: twice as many fit into a register
LOAD_SECONDS, OTHER_SECONDS = 30.0, 10.0  # to start and load a language model; of every other job

STRATEGY_OF = {f"tune_{how.module}": how for how in methods.TUNED.values()}
ON_ALL_RANKS = (*STRATEGY_OF, "generate_self_distilled", "predict_training_titles")
LLM_RULES = (
    *ON_ALL_RANKS, "predict_titles", "predict_titles_untuned", "recommend", "measure_initial_distance",
    "measure_initial_distance_llara", "encode_titles", "generate_cot", "encode_cot", "encode_titles_for_llm_cf",
)  # fmt: skip
EVERY_TEXT = ("predict_titles", "predict_titles_untuned", "recommend")  # embed all beams' texts, if configured
# These take days on cores.
FITS_ON_GPU = (*methods.fits_on_gpu(), "fit_dllm2rec", "fit_llm_cf")
GPU_RULES = (*LLM_RULES, *FITS_ON_GPU)
KINDS = ("training", "generation", "encoding", "grounding", "loading", "other")


class Work(dict[str, float]):
    """Seconds by kind; GPU time includes waiting for grounding on cores."""

    def __missing__(self, kind: str) -> float:
        """Return no time for a kind that is absent."""
        return 0.0

    def __add__(self, other: "Work") -> "Work":
        """Add the seconds of both, kind by kind."""
        return Work({kind: self[kind] + other[kind] for kind in dict.fromkeys([*self, *other])})

    def total(self) -> float:
        """Return the seconds of all kinds."""
        return sum(self.values())


def ranks(rule: str, config: Mapping[str, Any]) -> int:
    """Return the number of processes of a job, each of which occupies a GPU."""
    return config["engine"]["ranks"] if rule in ON_ALL_RANKS else 1


def has_gpus(config: Mapping[str, Any]) -> bool:
    """Whether a run uses GPUs: only the demo's tiny language models, which are pre-trained here, do without."""
    return any(llm["kind"] != "tiny" for llm in config["llms"].values())


def seconds(job: Left, config: Mapping[str, Any]) -> float:
    """Return the seconds of one job, from its start."""
    return sum(work(Sizes(config, job)).values())


def work(sizes: Sizes) -> Work:
    """Return the seconds of one job by kind. Every rank loads the language model."""
    rule, own = sizes.job.rule, sizes.config["llm_cf"]
    if rule not in LLM_RULES:
        return Work(on_cores(sizes))
    found = Work(loading=LOAD_SECONDS * ranks(rule, sizes.config))
    if rule.startswith("tune_"):
        return found + tuning(sizes)
    if rule == "generate_cot":
        longest = own["max_new_tokens"]
        return found + generating(sizes, sizes.cot_rows, sizes.prompt + COT_MORE, 1, longest, longest)
    if rule == "encode_cot":
        return found + encoding(sizes, sizes.cot_rows, own["max_new_tokens"])
    if rule.startswith("encode_titles"):
        return found + encoding(sizes, sizes.titles, sizes.title)
    return found + answering(sizes, asked(sizes), sizes.texts if rule in EVERY_TEXT else 1)


def on_cores(sizes: Sizes) -> dict[str, float]:
    """Return the seconds of a job without a language model, by kind."""
    rule, config = sizes.job.rule, sizes.config
    if rule.startswith("fit_"):
        return {"training": fits.seconds(sizes, on_gpu=rule in FITS_ON_GPU and has_gpus(config))}
    if rule == "retrieve_examples":
        return {"grounding": 2 * queries(sizes) * sizes.cot_rows * sizes.width / SINGLE}
    if rule == "find_nearest_items":
        every = config["dllm2rec"]["teacher_rows"] == "all"
        return {"grounding": grounding(sizes, sizes.training_rows if every else sizes.rows("train"))}
    return {
        "grounding": grounding(sizes, sizes.rows(sizes.split) * sizes.texts) if rule == "ground_predictions" else 0.0,
        "other": OTHER_SECONDS,
    }


def queries(sizes: Sizes) -> float:
    """Return the number of rows that retrieve in-context examples, by the benchmark's name: `retrieve_SPLIT.tsv`."""
    name = sizes.job.place[-1] if sizes.job.place else ""
    if name.startswith("retrieve_test"):
        return sizes.rows("test")
    return sizes.validated if name.startswith("retrieve_valid") else sizes.training_rows


def asked(sizes: Sizes) -> int:
    """Return the number of prompts of a language model's job."""
    rule = sizes.job.rule
    if rule.startswith("measure_initial_distance"):
        return sizes.config["soft"]["distance_rows"]
    if rule == "predict_training_titles":
        return sizes.training_rows
    return sizes.rows("train" if rule == "generate_self_distilled" else sizes.split)


def tuning(sizes: Sizes) -> Work:
    """Return the seconds of all epochs of training, each with a validation; early stopping is not assumed.

    The first epoch of a curriculum uses only self-distilled titles. SOFT measures d_t before each later epoch; the
    curriculum by validation loss reads the validation rows before each epoch. SDPO runs one forward pass of its
    reference.
    """
    config, how = sizes.config, STRATEGY_OF[sizes.job.rule]
    own = config[how.section or "tuning"]
    epochs, found = how.runs * own.get("epochs", config["tuning"]["epochs"]), Work()
    later = 1 + (how.titles if isinstance(how.titles, int) else own[how.titles])
    for epoch in range(epochs):
        found += training(sizes, 1 if how.curriculum and epoch == 0 else later) + validating(sizes)
        if how.curriculum == "validation":
            found["training"] += roofline.reading(sizes.llm, *laid_out(sizes, 1, "valid")).seconds
    if how.curriculum == "distance":
        for _ in range(epochs - 1):
            found += answering(sizes, config["soft"]["distance_rows"])
    if how.reference:
        found["training"] += roofline.reading(sizes.llm, *laid_out(sizes, later)).seconds
    return found


def training(sizes: Sizes, branches: int) -> Work:
    """Return the seconds of an epoch over the sampled rows with `branches` titles per prompt."""
    recompute = sizes.config["engine"]["gradient_checkpointing"]
    return Work(training=roofline.training(sizes.llm, *laid_out(sizes, branches), recompute).seconds)


def laid_out(sizes: Sizes, branches: int, split: str = "train") -> tuple[int, int, int]:
    """Return rows of an epoch (of a split's sample), tokens per row, and rows of a micro-batch.

    With `share_prompt` all titles of a prompt are in one row, else each title has a row with the prompt.
    """
    own, rows = sizes.config["tuning"], sizes.rows(split)
    if own["share_prompt"]:
        return rows, sizes.prompt + branches * sizes.title, own["micro_batch_size"]
    return rows * branches, sizes.prompt + sizes.title, own["micro_batch_size"] * branches


def validating(sizes: Sizes) -> Work:
    """Return the seconds of a validation: each rank's threads ground the titles while its GPU waits."""
    rows, engine = sizes.rows("valid"), sizes.config["engine"]
    waiting = engine["ranks"] * grounding(sizes, rows * sizes.texts) / engine["threads"]
    return answering(sizes, rows, sizes.texts) + Work(grounding=waiting)


def answering(sizes: Sizes, rows: int, texts: int = 1) -> Work:
    """Return the seconds to generate titles for each of `rows` prompts, and to embed `texts` of each."""
    own = sizes.config["generation"]
    steps = min(own["max_new_tokens"], LONGEST * sizes.title)
    said = generating(sizes, rows, sizes.prompt, own["beams"], sizes.title, steps)
    return said + encoding(sizes, rows * texts, sizes.title)


def generating(sizes: Sizes, rows: int, prompt: int, beams: int, mean: int, steps: int) -> Work:
    """Return the seconds to generate texts of `mean` tokens for `rows` prompts.

    Prefill covers only the titles in prompts, because the instruction is common to all. Then each batch takes `steps`
    decoding steps, with fewer rows as texts end.
    """
    batch = min(rows, sizes.config["generation"]["batch_size"])
    prefill = roofline.reading(sizes.llm, rows, sizes.history, batch, prompt - sizes.history)
    step = roofline.decoding(sizes.llm, batch * mean / steps, beams, prompt, mean / 2)
    return Work(generation=prefill.seconds + rows / batch * steps * step.seconds)


def encoding(sizes: Sizes, texts: int, length: int) -> Work:
    """Return the seconds to embed texts: one forward pass."""
    batch = sizes.config["generation"]["batch_size"]
    return Work(encoding=roofline.reading(sizes.llm, texts, length, batch).seconds)


def grounding(sizes: Sizes, rows: int) -> float:
    """Return the core-seconds of the float64 distances between `rows` texts and all titles."""
    return 2 * rows * sizes.titles * sizes.width / DOUBLE
