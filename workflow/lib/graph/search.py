"""What validation chooses for a model over item ids, and which of its training runs there are.

The candidates are trained with `tuning_seed` alone. The chosen one is that seed's model; every other seed trains with
the chosen setting, once. So another seed adds one training run, and leaves the candidates and the choice as they are.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from lib.graph import grid


class Search(NamedTuple):
    """The setting that is chosen ("l2"), and where the configuration lists its candidates, as a path of keys."""

    setting: str
    keys: tuple[str, ...]


# By the folder of a model over item ids. DROS takes SASRec's L2, as its authors do.
SEARCHES = {
    "sasrec": Search("l2", ("sasrec", "l2")),
    "sasrec-softmax": Search("l2", ("llm_cf", "l2")),
    "dros": Search("alpha", ("dros", "alphas")),
    "llm-cf": Search("l2", ("llm_cf", "l2")),
    "dllm2rec": Search("l2", ("dllm2rec", "l2")),
}


class Training(NamedTuple):
    """One training run: of a candidate `value`, or, where that is None, with the chosen setting."""

    value: str | None
    seed: str


def wildcards(config: Mapping[str, Any]) -> dict[str, str]:
    """As regular expressions: `training`, the folder of a training run; `searched`, a model; `setting`, what is chosen.

    A training run is "l2=1e-05/seed=1" with the tuning seed, or "seed=2" with another.
    """
    seed, settings = config["tuning_seed"], grid.alternatives(search.setting for search in SEARCHES.values())
    return {
        "training": rf"({settings})=[^/]+/seed={seed}|seed=(?!{seed}/)\d+",
        "searched": grid.alternatives(map(re.escape, SEARCHES)),
        "setting": settings,
    }


def training(folder: str) -> Training:
    """What the folder of a training run says: "l2=1e-05/seed=1" or "seed=2"."""
    candidate, _, seed = folder.rpartition("seed=")
    return Training(candidate.rstrip("/").partition("=")[2] or None, seed)


def candidates(config: Mapping[str, Any], model: str) -> list[float]:
    """The configured candidates of a model's setting."""
    found: Any = config
    for key in SEARCHES[model].keys:
        found = found[key]
    return list(found)


def candidate_folders(config: Mapping[str, Any], dataset: str, model: str) -> list[str]:
    """The folders, below `results/RUN/`, of the training runs that are compared, in the order of configuration."""
    setting, seed = SEARCHES[model].setting, config["tuning_seed"]
    return [f"{dataset}/{model}/{setting}={value}/seed={seed}" for value in candidates(config, model)]


def choice(model: str, wildcards: Any) -> list[str]:
    """The file that says which setting a training run takes, if the run is no candidate itself."""
    of_candidate = training(wildcards.training).value is not None
    return [] if of_candidate else [f"results/<run>/{{dataset}}/{model}/{SEARCHES[model].setting}.json"]


def seed_of(wildcards: Any) -> str:
    """The seed of a training run, as paths name it."""
    return training(wildcards.training).seed


def choosing_seeds(config: Mapping[str, Any]) -> list[int]:
    """The seeds whose validation chooses SOFT's alpha, of which every one is trained and tested with every seed."""
    return list(config["seeds"]) if config["soft"]["choose_by"] == "mean" else [config["tuning_seed"]]


def sasrec_trainings(config: Mapping[str, Any]) -> list[tuple[str, grid.Cell]]:
    """The folder below `results/RUN/` of every training run behind SASRec's row, and the row's cell that it is of."""
    found = []
    for cell in grid.sasrec_cells(config):
        own = cell.seed == config["tuning_seed"]
        folders = candidate_folders(config, cell.dataset, "sasrec") if own else [cell.folder]
        found += [(folder, cell) for folder in folders]
    return found
