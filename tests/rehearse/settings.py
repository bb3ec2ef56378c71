"""Configurations of the rehearsal, each made from config/paper.yaml: the same sizes, fewer repetitions."""

import copy
from collections.abc import Mapping
from typing import Any

RUN, ASKED = "rehearse", "rehearse-asked"  # see `parts`
SEED = 1
CANDIDATES = ("l2", "alphas")  # lists of which validation chooses one
EPOCHS = 2  # of a fit; the second is what 500 are extrapolated from
BASE = "base"  # folder of the stand-in for the language model
LLM = {"kind": "path", "precision": "fp32", "folder": BASE, "parameters": 3.21e9}

# Methods whose rules LLaRA runs too, with prompts that are as long and its behaviour tokens beside them.
TWINS = ("bigrec-sdpo", "bigrec-soft-wo-sa")
BACKBONE, OTHER = "/bigrec/", "/llara/"  # where the files of those stand in for them

# Rules of the paper's grid that are not run on every data set, each with its reason.
NOT_ON_DATA = {"fetch_hub_llm_llama": "the model is gated: a part of its own fetches one as large"}


def of_dataset(paper: Mapping[str, Any], name: str, sums: Mapping[str, str]) -> dict[str, Any]:
    """The paper's grid on one data set, with a stand-in for its language model.

    Args:
        sums: sha256 of the made-up "ratings" and "metadata".
    """
    found = one_of_each(paper)
    dataset = found["datasets"][name]
    for role, total in sums.items():
        dataset["source"][role]["sha256"] = total
    return {**found, "datasets": {name: dataset}}


def whole(paper: Mapping[str, Any]) -> dict[str, Any]:
    """The paper's whole grid, with a stand-in for its language model."""
    return {**copy.deepcopy(dict(paper)), **stand_in(paper)}


def with_model(paper: Mapping[str, Any], name: str) -> dict[str, Any]:
    """One data set with the paper's own language model, on one CPU."""
    found = copy.deepcopy(dict(paper))
    return {**found, "run": RUN, "datasets": {name: found["datasets"][name]}}


def stand_in(paper: Mapping[str, Any]) -> dict[str, Any]:
    """What takes the place of the paper's language model, and the run's name."""
    datasets = {name: {**dataset, "llm": "stand-in"} for name, dataset in copy.deepcopy(paper["datasets"]).items()}
    return {"run": RUN, "llms": {"stand-in": dict(LLM)}, "datasets": datasets}


def one_of_each(paper: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration with one seed and one candidate of everything, two epochs of a fit and one of tuning.

    Two rules that tune BIGRec and LLaRA alike tune LLaRA alone.
    """
    found = whole(paper)
    found |= {"seeds": [SEED], "tuning_seed": SEED}
    found["methods"] = [method for method in found["methods"] if method not in TWINS]
    found["engine"] = {"kind": "torch", "ranks": 1, "threads": 1}
    found["amazon2023"]["allow_http"] = True  # the server is on this machine
    for section in found.values():
        for key in CANDIDATES:
            if isinstance(section, dict) and isinstance(section.get(key), list):
                section[key] = section[key][:1]
    found["sasrec"]["epochs"] = EPOCHS
    found["tuning"]["epochs"] = found["sdpo"]["epochs"] = 1
    return found
