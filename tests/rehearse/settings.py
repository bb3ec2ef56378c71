"""Configurations of the rehearsal, each made from config/paper.yaml: the same sizes, fewer repetitions."""

import copy
from collections.abc import Mapping
from typing import Any

RUN = "rehearse"
SEED = 1
EPOCHS = 2  # of a fit; the second is what 500 are extrapolated from
BASE = "base"  # folder of the stand-in for the language model
LLM = {"kind": "path", "precision": "fp32", "folder": BASE, "parameters": 3.21e9}

# What is not as in config/paper.yaml, and so not rehearsed: said above the table.
REDUCED = (
    "one seed, one candidate of L2, of DROS's and of SOFT's alpha: other jobs of the same rule are alike",
    "two epochs of a fit; 500 are extrapolated from the second, validation of every epoch included",
    "one epoch of tuning over all 4,096 rows, in one process on a CPU, with its validation",
    "the language model: random weights in one narrow layer, but 3,072 wide, with a tokeniser of 8,192 tokens, in fp32",
    "predictions of all but one tuned model: titles drawn from the catalogue, as embeddings 3,072 wide",
)


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


def one_of_each(paper: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration with one seed and one candidate of everything, two epochs of a fit and one of tuning."""
    found = copy.deepcopy(dict(paper))
    found |= {"run": RUN, "seeds": [SEED], "tuning_seed": SEED, "llms": {"stand-in": dict(LLM)}}
    found["engine"] = {"kind": "torch", "ranks": 1, "threads": 1}
    for section, key in (("sasrec", "l2"), ("dros", "alphas"), ("soft", "alphas")):
        found[section][key] = found[section][key][:1]
    found["sasrec"]["epochs"] = EPOCHS
    found["tuning"]["epochs"] = found["sdpo"]["epochs"] = 1
    found["amazon2023"]["transport"] = "hub"
    for dataset in found["datasets"].values():
        dataset["llm"] = "stand-in"
    return found
