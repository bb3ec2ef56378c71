"""Crossed designs: data sets that differ only in their sample of training rows, tuned with the same seeds."""

import json
from collections.abc import Mapping
from typing import Any

from lib.graph import grid

OWN = ("label", "sample_seed")  # keys in which alike data sets may differ


def alike(config: Mapping[str, Any]) -> list[list[str]]:
    """Return the data sets that differ at most in label and `sample_seed`, in groups of two or more."""
    found: dict[str, list[str]] = {}
    for name, dataset in config["datasets"].items():
        rest = {key: value for key, value in dataset.items() if key not in OWN}
        found.setdefault(json.dumps(rest, sort_keys=True), []).append(name)
    return [names for names in found.values() if len(names) > 1]


def groups(config: Mapping[str, Any]) -> list[list[str]]:
    """Return the groups of alike data sets with several samples; none if all runs have one seed."""
    several = len(config["seeds"]) > 1
    return [names for names in alike(config) if several and len({seed(config, name) for name in names}) > 1]


def seed(config: Mapping[str, Any], dataset: str) -> int:
    """Return the seed of a data set's sample of training rows."""
    return config["datasets"][dataset].get("sample_seed", config["samples"]["seed"])


def cells(config: Mapping[str, Any]) -> list[grid.Cell]:
    """Return the tuned runs on the data sets of all groups, in the order of the table."""
    of = {name for group in groups(config) for name in group}
    tuned = [row for row in grid.paper_rows(config) if row.tune]
    return [cell for cell in grid.cells(config, tuned) if cell.dataset in of]


def choices(config: Mapping[str, Any]) -> list[str]:
    """Return the choice files, below `results/RUN/`, of a configuration that has groups."""
    return grid.choices(config, grid.paper_rows(config)) if groups(config) else []
