"""Base class and helpers of the slices."""

import json
from collections.abc import Mapping
from typing import Any


def take(source: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    """Return the part of a mapping with these keys."""
    return {key: source[key] for key in keys}


def given(source: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Return the part of a mapping with those of the keys that it has."""
    return {key: source[key] for key in keys if key in source}


def to_json(value: Any) -> str:
    """Return a slice as JSON with sorted keys, so that equal slices have equal texts."""
    return json.dumps(value, sort_keys=True)


class Base:
    """The configuration, with access to its parts by name."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = config

    def dataset(self, name: str) -> Mapping[str, Any]:
        """Return the configuration of a data set."""
        return self.config["datasets"][name]

    def llm(self, dataset: str) -> Mapping[str, Any]:
        """Return the configuration of a data set's language model."""
        return self.config["llms"][self.dataset(dataset)["llm"]]

    def own(self, default: str, section: str, keys: tuple[str, ...]) -> dict[str, Any]:
        """Return the values of `keys` in a method's section, or in the section `default` where the method has none."""
        return {key: self.config[section or default].get(key, self.config[default][key]) for key in keys}
