"""Other spellings of values, which become the one that the schema describes."""

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

NAME = re.compile(r"[A-Za-z0-9_.-]+")  # of a layer


def normalize(config: dict[str, Any]) -> None:
    """Replace other spellings in place; parts of another shape are left to the schema.

    PEFT accepts "all-linear" as text, in any case, and a regular expression: in `lora.targets` a text that could be a
    name becomes a list, any other text stays an expression. `~` before a path becomes the home folder.
    """
    lora = config.get("lora")
    if isinstance(lora, dict) and isinstance(targets := lora.get("targets"), str) and NAME.fullmatch(targets):
        lora["targets"] = [targets.lower() if targets.lower() == "all-linear" else targets]
    for part in folders(config):
        for key in ("folder", "ratings", "metadata"):
            if isinstance(part.get(key), str) and part[key].startswith("~"):
                part[key] = os.path.expanduser(part[key])


def folders(config: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the mappings that may name a folder: sources of data sets, and language models."""
    datasets, llms = (config.get(name) for name in ("datasets", "llms"))
    if isinstance(datasets, dict):
        sources = [dataset.get("source") for dataset in datasets.values() if isinstance(dataset, dict)]
        yield from (source for source in sources if isinstance(source, dict))
    if isinstance(llms, dict):
        yield from (llm for llm in llms.values() if isinstance(llm, dict))
