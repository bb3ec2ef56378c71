"""Inputs that depend on a job's wildcards or on the configuration, as patterns that Snakemake fills."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from lib.graph import grid


def item_embeddings(wildcards: Any) -> list[str]:
    """What the backbone begins with: for LLaRA the SASRec model of the same data set and seed."""
    return ["results/<run>/{dataset}/sasrec/seed={seed}/model.safetensors"] if wildcards.backbone == "llara" else []


def initial_distance(wildcards: Any) -> str:
    """d_0: of the un-tuned LLM, and for LLaRA with the projector that this seed begins with."""
    seeded = "seed={seed}/" if wildcards.backbone == "llara" else ""
    return f"results/<run>/{{dataset}}/{{backbone}}/{seeded}initial_distance.json"


def initial_distances(config: Mapping[str, Any]) -> list[str]:
    """Every d_0 that SOFT starts from, in the order of `grid.distance_cells`."""
    found = []
    for cell in grid.distance_cells(config):
        at = SimpleNamespace(dataset=cell.dataset, backbone=cell.row.backbone.lower(), seed=cell.seed)
        found.append(initial_distance(at).format(**vars(at)))
    return found


def taught_rows(config: Mapping[str, Any]) -> str:
    """The training rows that DLLM2Rec's teacher answers: the sampled ones, or every one."""
    folder = {"sampled": "samples", "all": "sequences"}[config["dllm2rec"]["teacher_rows"]]
    return f"results/<run>/{{dataset}}/{folder}/train.parquet"


def teacher_embeddings(config: Mapping[str, Any]) -> str:
    """Embeddings of its answers: those of the sampled rows are the self-distilled data, which are there anyway."""
    name = {"sampled": "self_distilled", "all": "teacher"}[config["dllm2rec"]["teacher_rows"]]
    return f"results/<run>/{{dataset}}/bigrec/sft/seed={{seed}}/{name}.embeddings.npy"


def text_titles(config: Mapping[str, Any]) -> str:
    """Title embeddings by LLM-CF's text encoder: those of grounding, unless another encoder is configured."""
    return f"results/<run>/{{dataset}}/{'llm-cf/' if config['llm_cf']['text_encoder'] else ''}titles.npy"


def audits(*samples: str) -> list[str]:
    """The proofs that the splits leak nothing, and that each of `samples` holds rows of its split alone.

    A proof that is made anew makes all stale that waits for it. It could be named as `ancient`; but Snakemake does not
    look at what else may have made a job stale (its code, its settings) if a job before it is to run.
    """
    drawn = [f"results/<run>/{{dataset}}/samples/{split}_audit.json" for split in samples]
    return ["results/<run>/{dataset}/split_audit.json", *drawn]


def queries(wildcards: Any, valid: str) -> str:
    """The rows of a split that LLM-CF reads: all training windows, validation windows in `valid`, the test sample."""
    folder = {"train": "sequences", "valid": valid, "test": "samples"}[wildcards.split]
    return f"results/<run>/{{dataset}}/{folder}/{{split}}.parquet"


def audits_of_queries(wildcards: Any, valid: str) -> list[str]:
    """The proofs of the rows that LLM-CF reads for a split: of the training sample, and of these where drawn."""
    return audits("train", *([wildcards.split] if "samples/" in queries(wildcards, valid) else []))


def one_of_each_dataset(config: Mapping[str, Any], name: str) -> list[str]:
    """The file `name` of one cell of each data set, in the configured order: what is the same for all of its cells."""
    first = {cell.dataset: cell.folder for cell in reversed(list(grid.cells(config)))}
    return [f"results/<run>/{first[dataset]}/{name}" for dataset in config["datasets"]]
