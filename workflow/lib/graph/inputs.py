"""Inputs that depend on a job's wildcards or on the configuration, as patterns that Snakemake fills in."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from lib.graph import grid, methods, search


def item_embeddings(wildcards: Any) -> list[str]:
    """Return the item embeddings of a backbone: for LLaRA the SASRec model of the same data set and seed."""
    return ["results/<run>/{dataset}/sasrec/seed={seed}/model.safetensors"] if wildcards.backbone == "llara" else []


def initial_distance(wildcards: Any) -> str:
    """Return the file of d_0, measured on the untuned LLM, for LLaRA with the projector initialised by this seed."""
    seeded = "seed={seed}/" if wildcards.backbone == "llara" else ""
    return f"results/<run>/{{dataset}}/{{backbone}}/{seeded}initial_distance.json"


def of_strategy(config: Mapping[str, Any], how: methods.Tune) -> dict[str, Any]:
    """Return the inputs that only some strategies and backbones read, each a list that may be empty."""
    folder = "results/<run>/{dataset}/{backbone}"
    sft, runs = f"{folder}/sft/seed={{seed}}", [f"alpha={value}/seed={{seed}}" for value in config["soft"]["alphas"]]
    return {
        "start": [f"{sft}/adapter"] if how.from_sft else [],
        "item_embeddings": [] if how.from_sft else item_embeddings,
        "self_distilled": [f"{sft}/self_distilled.parquet"] if "self_distilled" in how.reads else [],
        "embeddings": [f"{sft}/self_distilled.embeddings.npy"] if "embeddings" in how.reads else [],
        "initial_distance": initial_distance if "initial_distance" in how.reads else [],
        "sft_log": [f"{sft}/training.jsonl"] if "runs" in how.reads else [],
        "soft_logs": [f"{folder}/soft/{run}/training.jsonl" for run in runs] if "runs" in how.reads else [],
        "soft_choice": [f"{folder}/soft/alpha.json"] if "runs" in how.reads else [],
    }


def scores(config: Mapping[str, Any], grounded: str, split: str) -> list[str]:
    """Return the scores of all beams' texts for the rows of a split, if grounding reads them."""
    several = config["generation"]["grounding"] != "first" and grounded not in methods.UNTRAINED
    return [f"results/<run>/{{dataset}}/{grounded}/{split}.predictions.parquet"] if several else []


def initial_distances(config: Mapping[str, Any]) -> list[str]:
    """Return every file of d_0 that SOFT needs, in the order of `grid.distance_cells`."""
    found = []
    for cell in grid.distance_cells(config):
        at = SimpleNamespace(dataset=cell.dataset, backbone=cell.row.backbone.lower(), seed=cell.seed)
        found.append(initial_distance(at).format(**vars(at)))
    return found


def taught_rows(config: Mapping[str, Any]) -> str:
    """Return the training rows that DLLM2Rec's teacher labels: the sampled rows, or all."""
    folder = {"sampled": "samples", "all": "sequences"}[config["dllm2rec"]["teacher_rows"]]
    return f"results/<run>/{{dataset}}/{folder}/train.parquet"


def teacher_embeddings(config: Mapping[str, Any]) -> str:
    """Return the embeddings of the teacher's predictions; on sampled rows these are the self-distilled data."""
    name = {"sampled": "self_distilled", "all": "teacher"}[config["dllm2rec"]["teacher_rows"]]
    return f"results/<run>/{{dataset}}/bigrec/sft/seed={{seed}}/{name}.embeddings.npy"


def text_titles(config: Mapping[str, Any]) -> str:
    """Return the title embeddings of LLM-CF: those of grounding, unless another text encoder is configured."""
    return f"results/<run>/{{dataset}}/{'llm-cf/' if config['llm_cf']['text_encoder'] else ''}titles.npy"


def audits(*samples: str) -> list[str]:
    """Return the audits: that splits have no leakage, and that each of `samples` has only rows of its split.

    A repeated audit makes its dependent jobs stale. `ancient` would avoid this, but Snakemake does not check whether
    code or settings have made a job stale if a job upstream is to run.
    """
    drawn = [f"results/<run>/{{dataset}}/samples/{split}_audit.json" for split in samples]
    return ["results/<run>/{dataset}/split_audit.json", *drawn]


def queries(wildcards: Any, valid: str) -> str:
    """Return the rows of a split that LLM-CF reads: all training rows, validation rows in `valid`, the test sample."""
    folder = {"train": "sequences", "valid": valid, "test": "samples"}[wildcards.split]
    return f"results/<run>/{{dataset}}/{folder}/{{split}}.parquet"


def audits_of_queries(wildcards: Any, valid: str) -> list[str]:
    """Return the audits of LLM-CF's rows of a split: of the training sample, and of these rows if sampled."""
    return audits("train", *([wildcards.split] if "samples/" in queries(wildcards, valid) else []))


def one_of_each_dataset(config: Mapping[str, Any], name: str) -> list[str]:
    """Return the file `name` of one cell of each data set, in the configured order; all cells would give the same."""
    first = {cell.dataset: cell.folder for cell in reversed(list(grid.cells(config)))}
    return [f"results/<run>/{first[dataset]}/{name}" for dataset in config["datasets"]]


def bounds(config: Mapping[str, Any], kind: str) -> list[str]:
    """Return Table 3's long table of this kind ("long", "all_long") if some of its rows stand below Table 2's."""
    return [f"results/<run>/table3_{kind}.csv"] if any(row.family == "bound" for row in grid.rows(config)) else []


def curricula_tables(config: Mapping[str, Any]) -> list[str]:
    """Return the long tables of all candidates that Figure 5 reads: SOFT's, and those of other curricula if any ran."""
    others = len(grid.curricula(config)) > len(grid.soft_rows(config))
    return ["results/<run>/all_settings_long.csv", *(["results/<run>/table3_settings_long.csv"] if others else [])]


def training_runs(config: Mapping[str, Any]) -> list[str]:
    """Return the folder, below `results/RUN/`, of every training run behind the configured rows, in their order."""
    found = [cell.folder for cell in grid.tuned_cells(config)]
    for row in grid.rows(config):
        for dataset in config["datasets"] if row.folder in search.SEARCHES else ():
            others = [seed for seed in config["seeds"] if seed != config["tuning_seed"]]
            found += search.candidate_folders(config, dataset, row.folder)
            found += [f"{dataset}/{row.folder}/seed={seed}" for seed in others]
    return found
