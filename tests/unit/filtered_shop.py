"""The scripts from raw files to the audit, run as their rules do, with settings for a toy shop."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import filter_interactions
from softrec.job import program

FILTER = {
    "format": "reviews",
    "item_key": "parent_asin",
    "max_rows": None,
    "since": None,
    "until": None,
    "untitled": "before",
    "title_words": None,
    "long_titles": "cut",
    "duplicates": "earliest",
    "core": "iterative",
    "k": 10,
    "expected": None,
    "tie_seed": 42,
}
SPLIT = {"history": 10, "fractions": [0.8, 0.1, 0.1]}
SAMPLES = {"train": 100, "valid": 20, "test": "all"}


def run(script: ModuleType, settings: dict[str, Any], **paths: Path) -> None:
    """Run a script as its rule does, in this process."""
    flags = [text for name, path in paths.items() for text in (f"--{name.replace('_', '-')}", str(path))]
    program.run(script.main, script.build_parser(), ["--settings", json.dumps(settings), *flags])


def run_filter(ratings: Path, metadata: Path, out: Path, **changes: Any) -> Path:
    """Filter two files into the folder `out`."""
    outputs = {"interactions": out / "interactions.parquet", "catalogue": out / "catalogue.parquet"}
    run(
        filter_interactions, FILTER | changes, ratings=ratings, metadata=metadata, counts=out / "counts.json", **outputs
    )
    return out
