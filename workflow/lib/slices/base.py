"""What every part of the slices builds on."""

import json
from collections.abc import Mapping
from typing import Any


def take(source: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    """The named keys of a mapping."""
    return {key: source[key] for key in keys}


def text(value: Any) -> str:
    """JSON that reads the same for equal slices."""
    return json.dumps(value, sort_keys=True)


class Base:
    """The configuration, and its parts by name."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = config

    def dataset(self, name: str) -> Mapping[str, Any]:
        """A data set's part of the configuration."""
        return self.config["datasets"][name]

    def llm(self, dataset: str) -> Mapping[str, Any]:
        """The language model of a data set."""
        return self.config["llms"][self.dataset(dataset)["llm"]]
