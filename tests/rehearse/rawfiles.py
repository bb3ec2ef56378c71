"""The two raw files of a made-up data set, written block by block with their sha256."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from rehearse import metadata, ratings
from rehearse.shapes import Shape
from softrec.core import seeds

SEED = 1
KINDS = {"ratings": ratings.lines, "metadata": metadata.lines}


def write(path: Path, blocks: Iterator[bytes]) -> str:
    """Write a file whole; return its sha256. A broken attempt leaves nothing."""
    partial = path.with_name(f".{path.name}.partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    try:
        with partial.open("wb") as stream:
            for block in blocks:
                stream.write(block)
                digest.update(block)
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
    return digest.hexdigest()


def make(name: str, shape: Shape, role: str, path: Path) -> str:
    """Write one file of the data set `name`, "ratings" or "metadata": the same bytes for the same arguments."""
    return write(path, KINDS[role](seeds.stream(SEED, "rehearse", name, role), shape))
