"""Other spellings of values, which become the one that the schema describes."""

import os
from collections.abc import Iterator, Mapping
from typing import Any


def normalize(config: dict[str, Any]) -> None:
    """Replace other spellings in place; parts of another shape are left to the schema.

    A single name in `lora.targets` becomes a list, as PEFT accepts "all-linear"; `~` before a path, the home folder.
    """
    lora = config.get("lora")
    if isinstance(lora, dict) and isinstance(lora.get("targets"), str):
        lora["targets"] = [lora["targets"]]
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
