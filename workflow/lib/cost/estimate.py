"""Seconds of a job by the configuration: of one GPU where a language model runs, else of one core.

They are operations and bytes over speeds (`roofline`), so they do not depend on how many GPUs share a job. Constants
have their sources beside them.
"""

from collections.abc import Mapping
from typing import Any

from lib.cost import fits, roofline
from lib.cost.sizes import Left, Sizes

COT_MORE = (
    100  # tokens of LLM-CF's prompt beyond a prompt: a worked example, the task (llm_enhanced/chains_of_thought.py)
)
LONGEST = 2  # a batch goes on until its longest text has ended: as long as so many titles
DOUBLE = 30e9  # float64 operations per second of a core: 0.38e12 in 6.0 s of two, as measured with grounding
SINGLE = 2 * DOUBLE  # float32 operations: twice as many fit into a register
LOAD_SECONDS, OTHER_SECONDS = 30.0, 10.0  # to start and read a language model; of every other job

ON_ALL_RANKS = (
    "tune_sft", "tune_sdpo", "tune_soft", "tune_soft_wo_sa", "generate_self_distilled", "predict_training_titles",
)  # fmt: skip
LLM_RULES = (
    *ON_ALL_RANKS, "predict_titles", "predict_titles_untuned", "measure_initial_distance",
    "measure_initial_distance_llara", "encode_titles", "generate_cot", "encode_cot", "encode_titles_for_llm_cf",
)  # fmt: skip
FITS_ON_GPU = ("fit_dros", "fit_dllm2rec", "fit_llm_cf")  # on cores they take days
GPU_RULES = (*LLM_RULES, *FITS_ON_GPU)
KINDS = ("training", "generation", "encoding", "grounding", "loading", "other")


class Work(dict[str, float]):
    """Seconds by kind; the time that a language model waits for grounding on cores counts for its GPUs."""

    def __missing__(self, kind: str) -> float:
        """A kind that took no time."""
        return 0.0

    def __add__(self, other: "Work") -> "Work":
        """The seconds of both, kind by kind."""
        return Work({kind: self[kind] + other[kind] for kind in dict.fromkeys([*self, *other])})

    def total(self) -> float:
        """Seconds of all kinds."""
        return sum(self.values())


def ranks(rule: str, config: Mapping[str, Any]) -> int:
    """Processes of a job: a second of it is a second of as many GPUs."""
    return config["engine"]["ranks"] if rule in ON_ALL_RANKS else 1


def has_gpus(config: Mapping[str, Any]) -> bool:
    """Whether a run is one for GPUs: a demo's language model is one that is pre-trained here."""
    return any(llm["kind"] != "tiny" for llm in config["llms"].values())


def seconds(job: Left, config: Mapping[str, Any]) -> float:
    """Seconds of one job, from its start."""
    return sum(work(Sizes(config, job)).values())


def work(sizes: Sizes) -> Work:
    """Seconds of one job by kind. Every rank loads the language model."""
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
    return found + answering(sizes, asked(sizes))


def on_cores(sizes: Sizes) -> dict[str, float]:
    """Jobs without a language model."""
    rule, config = sizes.job.rule, sizes.config
    if rule.startswith("fit_"):
        return {"training": fits.seconds(sizes, on_gpu=rule in FITS_ON_GPU and has_gpus(config))}
    if rule == "retrieve_examples":
        return {"grounding": 2 * queries(sizes) * sizes.cot_rows * sizes.width / SINGLE}
    if rule == "find_nearest_items":
        every = config["dllm2rec"]["teacher_rows"] == "all"
        return {"grounding": grounding(sizes, sizes.training_rows if every else sizes.rows("train"))}
    return {
        "grounding": grounding(sizes, sizes.rows(sizes.split)) if rule == "ground_predictions" else 0.0,
        "other": OTHER_SECONDS,
    }


def queries(sizes: Sizes) -> float:
    """Rows whose in-context examples are retrieved: its benchmark is `retrieve_train.tsv`, or of another split."""
    name = sizes.job.place[-1] if sizes.job.place else ""
    if name.startswith("retrieve_test"):
        return sizes.rows("test")
    return sizes.validated if name.startswith("retrieve_valid") else sizes.training_rows


def asked(sizes: Sizes) -> int:
    """How many rows a language model is asked to answer."""
    rule = sizes.job.rule
    if rule.startswith("measure_initial_distance"):
        return sizes.config["soft"]["distance_rows"]
    if rule == "predict_training_titles":
        return sizes.training_rows
    return sizes.rows("train" if rule == "generate_self_distilled" else sizes.split)


def tuning(sizes: Sizes) -> Work:
    """Epochs of training, with a validation after each. No run is expected to stop early.

    SOFT's first epoch is of self-distilled titles alone; before each later one d_t is measured. SDPO asks its reference
    once, with a forward pass.
    """
    rule, config = sizes.job.rule, sizes.config
    own = config["sdpo"] if rule == "tune_sdpo" else config["tuning"]
    epochs, found = own["epochs"], Work()
    later = {"tune_soft": 2, "tune_sdpo": 1 + config["sdpo"]["negatives"]}.get(rule, 1)
    for epoch in range(epochs):
        found += training(sizes, 1 if rule == "tune_soft" and epoch == 0 else later) + validating(sizes)
    if rule == "tune_soft":
        for _ in range(epochs - 1):
            found += answering(sizes, config["soft"]["distance_rows"])
    if rule == "tune_sdpo":
        found["training"] += roofline.reading(sizes.llm, *laid_out(sizes, later)).seconds
    return found


def training(sizes: Sizes, branches: int) -> Work:
    """An epoch over the sampled rows with so many titles for each prompt."""
    recompute = sizes.config["engine"]["gradient_checkpointing"]
    return Work(training=roofline.training(sizes.llm, *laid_out(sizes, branches), recompute).seconds)


def laid_out(sizes: Sizes, branches: int) -> tuple[int, int, int]:
    """Rows that an epoch runs, tokens of each, and rows at once: the titles of a prompt follow it, or have one each."""
    own, rows = sizes.config["tuning"], sizes.rows("train")
    if own["share_prompt"]:
        return rows, sizes.prompt + branches * sizes.title, own["micro_batch_size"]
    return rows * branches, sizes.prompt + sizes.title, own["micro_batch_size"] * branches


def validating(sizes: Sizes) -> Work:
    """After an epoch: titles for the validation rows, grounded by each rank's threads while its GPU waits."""
    rows, engine = sizes.rows("valid"), sizes.config["engine"]
    waiting = engine["ranks"] * grounding(sizes, rows) / engine["threads"]
    return answering(sizes, rows) + Work(grounding=waiting)


def answering(sizes: Sizes, rows: int) -> Work:
    """A title to each of `rows` prompts, and the embedding of what was said."""
    own = sizes.config["generation"]
    steps = min(own["max_new_tokens"], LONGEST * sizes.title)
    said = generating(sizes, rows, sizes.prompt, own["beams"], sizes.title, steps)
    return said + encoding(sizes, rows, sizes.title)


def generating(sizes: Sizes, rows: int, prompt: int, beams: int, mean: int, steps: int) -> Work:
    """Texts of `mean` tokens for `rows` prompts.

    Prefill of what prompts do not have in common, their titles; then `steps` for each batch, which rows leave as their
    texts end.
    """
    batch = min(rows, sizes.config["generation"]["batch_size"])
    prefill = roofline.reading(sizes.llm, rows, sizes.history, batch, prompt - sizes.history)
    step = roofline.decoding(sizes.llm, batch * mean / steps, beams, prompt, mean / 2)
    return Work(generation=prefill.seconds + rows / batch * steps * step.seconds)


def encoding(sizes: Sizes, texts: int, length: int) -> Work:
    """Embeddings of texts: one forward pass."""
    batch = sizes.config["generation"]["batch_size"]
    return Work(encoding=roofline.reading(sizes.llm, texts, length, batch).seconds)


def grounding(sizes: Sizes, rows: int) -> float:
    """Core-seconds of the distances between `rows` texts and all titles, in float64."""
    return 2 * rows * sizes.titles * sizes.width / DOUBLE
