"""The echo at the start of a run: what it is going to compute, in a few lines."""

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

from lib.graph.grid import Row

WIDTH = 80


def plan(config: Mapping[str, Any], rows: Iterable[Row], jobs: int | None = None) -> str:
    """Data sets, rows of Table 2, seeds, alphas, engine and, if known, the number of jobs; no line over 80 columns."""
    asked = list(rows)
    facts = {
        "results": f"results/{config['run']}/",
        "data sets": ", ".join(dataset(name, part) for name, part in config["datasets"].items()),
        "rows": ", ".join(f"{row.backbone} {row.method}".strip() for row in asked),
        "seeds": comma_list(config["seeds"]),
        "alphas": comma_list(config["soft"]["alphas"]) if any("alphas" in row.grid for row in asked) else "",
        "engine": engine(config),
        "jobs": "" if jobs is None else f"{jobs:,}",
    }
    lines = [line for name, text in facts.items() if text for line in wrapped(name, text)]
    return "\n".join(["softrec computes", *lines])


def dataset(name: str, part: Mapping[str, Any]) -> str:
    """A data set as the tables name it, with its key where that is another, and its base model."""
    label = part["label"] if part["label"] == name else f"{part['label']} ({name})"
    return f"{label} with {part['llm']}"


def comma_list(values: Iterable[object]) -> str:
    """Values separated by commas."""
    return ", ".join(str(value) for value in values)


def engine(config: Mapping[str, Any]) -> str:
    """What runs the training: "deepspeed, ZeRO-2, on 4 ranks"."""
    own = config["engine"]
    stage = f", ZeRO-{own['zero_stage']}" if own["kind"] == "deepspeed" else ""
    nodes = f" on {own['nodes']} nodes" if own["nodes"] > 1 else ""
    return f"{own['kind']}{stage}, {own['ranks']} rank{'s' if own['ranks'] > 1 else ''}{nodes}"


def wrapped(name: str, text: str) -> list[str]:
    """A fact as lines: its name in a column of its own, its text folded beside it."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=f"  {name:<10}",
        subsequent_indent=" " * 12,
        break_on_hyphens=False,
        break_long_words=True,
    )
