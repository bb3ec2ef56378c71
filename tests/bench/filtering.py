"""Sides that the steps on the 10-core filter share: softrec's own script, and inflating the file alone."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from softrec.io import tables

RATINGS, K = "ratings.csv.gz", 10
SETTINGS = {
    "format": "ratings",
    "item_key": "parent_asin",
    "max_rows": None,
    "since": None,
    "until": None,
    "untitled": "keep",
    "title_words": None,
    "long_titles": "cut",
    "duplicates": "earliest",
    "core": "iterative",
    "k": K,
    "expected": None,
    "tie_seed": 42,
}


VECTORS = {"X86_V4": "AVX-512", "AVX512_SKX": "AVX-512", "X86_V3": "AVX2", "AVX2": "AVX2", "ASIMD": "NEON"}
"""Features for which numpy may have a sort of its own, by the names of its releases, the fastest first."""


def numpy_features() -> list[str]:
    """What numpy finds in this processor, has code of its own for, and can be told not to use."""
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    return [name for name in __cpu_dispatch__ if __cpu_features__[name]]


def numpy_path() -> str:
    """By which instructions numpy sorts whole numbers here: AVX-512, AVX2, ... or none but its baseline."""
    found = numpy_features()
    return next((name for feature, name in VECTORS.items() if feature in found), "its baseline")


def ours(folder: Path, side: str = "ours") -> Iterator[None]:
    """All that `filter_interactions.py` does but the manifest: three files, beside metadata of one item."""
    import gzip

    import polars  # noqa: F401

    import filter_interactions
    from common import files, log  # noqa: F401

    metadata = folder / "metadata.jsonl"
    with gzip.open(folder / RATINGS, "rt") as stream:
        next(stream)
        item = next(stream).split(",")[1]
    metadata.write_text(json.dumps({"parent_asin": item, "title": "One"}) + "\n")
    outputs = {"interactions": f"{side}.parquet", "catalogue": "catalogue.parquet", "counts": "counts.json"}
    flags = [text for name, file in outputs.items() for text in (f"--{name}", str(folder / file))]
    flags += ["--ratings", str(folder / RATINGS), "--metadata", str(metadata), "--settings", json.dumps(SETTINGS)]
    args = filter_interactions.build_parser().parse_args(flags)
    import_arrow()
    yield
    filter_interactions.main(args)
    yield


def import_arrow() -> None:
    """Import pyarrow, and pandas where it is installed.

    pyarrow looks for pandas when it makes its first array; the rule's environment has none.
    """
    import pyarrow.parquet

    pyarrow.array([0])


def inflating(folder: Path) -> Iterator[None]:
    """Python's gzip, 1 MiB at a time, to nowhere: the floor of whoever reads the file with it."""
    import gzip

    yield
    with gzip.open(folder / RATINGS) as stream:
        while stream.read(1 << 20):
            pass
    yield


def interactions(folder: Path, side: str) -> Any:
    """The interactions that a side has written."""
    return tables.read_table(folder / f"{side}.parquet", ["user", "item", "timestamp"])


def write(folder: Path, side: str, columns: list[Any]) -> None:
    """Write a peer's numbered users and items and their times as ours are written."""
    types = {"user": "int32", "item": "int32", "timestamp": "int64"}
    tables.write_table(folder / f"{side}.parquet", dict(zip(types, columns, strict=True)), types)
