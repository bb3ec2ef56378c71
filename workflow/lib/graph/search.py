"""Hyperparameter search of ID-based sequential recommenders, and their training runs.

The candidates are trained with `tuning_seed` only. The selected candidate is the model of this seed; every other seed
trains once, with the selected hyperparameter. So a further seed adds one training run, and changes neither the
candidates nor the selection.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from lib.graph import grid, methods

# By the folder of the model.
SEARCHES = {row.folder: row.search for row in methods.ROWS if row.search}


class Training(NamedTuple):
    """One training run: of a candidate `value`, or with the selected hyperparameter if `value` is None."""

    value: str | None
    seed: str


def wildcards(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the constraints of Snakemake's wildcards as regular expressions.

    `training` is the folder of a training run: "l2=1e-05/seed=1" with the tuning seed, or "seed=2" with another seed;
    `searched` is a model, `setting` the hyperparameter that is selected.
    """
    seed, settings = config["tuning_seed"], grid.alternatives(search.setting for search in SEARCHES.values())
    return {
        "training": rf"({settings})=[^/]+/seed={seed}|seed=(?!{seed}/)\d+",
        "searched": grid.alternatives(map(re.escape, SEARCHES)),
        "setting": settings,
    }


def training(folder: str) -> Training:
    """Parse the folder of a training run: "l2=1e-05/seed=1" or "seed=2"."""
    candidate, _, seed = folder.rpartition("seed=")
    return Training(candidate.rstrip("/").partition("=")[2] or None, seed)


def candidates(config: Mapping[str, Any], model: str) -> list[float]:
    """Return the configured candidates of a model's hyperparameter."""
    found: Any = config
    for key in SEARCHES[model].keys:
        found = found[key]
    return list(found)


def candidate_folders(config: Mapping[str, Any], dataset: str, model: str) -> list[str]:
    """Return the folders, below `results/RUN/`, of the candidates' training runs, in the configured order."""
    setting, seed = SEARCHES[model].setting, config["tuning_seed"]
    return [f"{dataset}/{model}/{setting}={value}/seed={seed}" for value in candidates(config, model)]


def choice(model: str, wildcards: Any) -> list[str]:
    """Return the choice file with the hyperparameter of a training run; none if the run is a candidate itself."""
    of_candidate = training(wildcards.training).value is not None
    return [] if of_candidate else [f"results/<run>/{{dataset}}/{model}/{SEARCHES[model].setting}.json"]


def seed_of(wildcards: Any) -> str:
    """Return the seed of a training run, as in its path."""
    return training(wildcards.training).seed


def choosing_seeds(config: Mapping[str, Any]) -> list[int]:
    """Return the seeds whose validation selects a tuned row's candidate; all are trained and tested with every seed."""
    return list(config["seeds"]) if config["soft"]["choose_by"] == "mean" else [config["tuning_seed"]]


def sasrec_trainings(config: Mapping[str, Any]) -> list[tuple[str, grid.Cell]]:
    """Return the folder below `results/RUN/` and the cell of every training run behind SASRec's row."""
    found = []
    for cell in grid.sasrec_cells(config):
        own = cell.seed == config["tuning_seed"]
        folders = candidate_folders(config, cell.dataset, "sasrec") if own else [cell.folder]
        found += [(folder, cell) for folder in folders]
    return found
