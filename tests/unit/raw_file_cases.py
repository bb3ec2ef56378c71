"""Raw files that are right but for one thing, as bytes, and the filter on them."""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import filter_interactions
from softrec.job import program

SETTINGS = {"item_key": "parent_asin", "max_rows": None, "since": None, "until": None, "untitled": "before"}
SETTINGS |= {"title_words": None, "long_titles": "cut", "duplicates": "earliest", "core": "iterative", "k": 1}
Good = Mapping[tuple[str, str], list[str]]
"""A header, or "" where the format has none, and two lines, by format and role."""


def content(good: list[str], case: Mapping[str, Any]) -> bytes:
    """The bytes of a file: a header, where the format has one, and two lines, with the fault of `case`."""
    header, first, second = good
    # A line at fault stands between two that are right, whose times are the middle ones.
    lines = [case.get("header", header), first, *([case["line"]] if "line" in case else []), second]
    text = case.get("whole", "".join(f"{line}\n" for line in lines if line is not lines[0] or line))
    made = text.encode(case.get("encoding", "utf-8"), "backslashreplace")
    if case.get("gzip"):
        made = gzip.compress(made * 50, mtime=0)
    return made[: int(len(made) * case.get("cut", 1))]


def run_filter(folder: Path, good: Good, case: Mapping[str, Any]) -> None:
    """The filter on both files."""
    flags = []
    for role in ("ratings", "metadata"):
        if (case["format"], role) in good:
            own = case if case.get("file") == role else {}
            (folder / role).write_bytes(content(good[case["format"], role], own))
            flags += [f"--{role}", str(folder / role)]
    for role in ("interactions", "catalogue", "counts"):
        flags += [f"--{role}", str(folder / "out" / role)]
    settings = {**SETTINGS, "format": case["format"], "expected": None, **case.get("settings", {})}
    program.run(
        filter_interactions.main, filter_interactions.build_parser(), ["--settings", json.dumps(settings), *flags]
    )
