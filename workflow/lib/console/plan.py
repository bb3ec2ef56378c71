"""Summary of a run's plan, printed at its start in a few lines."""

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

from lib.graph.grid import Row

WIDTH = 80


def plan(config: Mapping[str, Any], rows: Iterable[Row], jobs: int | None = None) -> str:
    """Format data sets, rows of Table 2, seeds, alphas, engine and, if known, number of jobs, within 80 columns."""
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


def results(run: str, *, further: bool) -> str:
    """Format where the tables and the page of a finished run are; `further`: whether there is a Table 3."""
    facts = {
        "Table 2": f"results/{run}/table2.md, .csv, .tex (the paper's sample of test rows, or all if fewer)",
        "": f"results/{run}/table2_all.md, .csv, .tex (all test rows, with tests)",
        "tests": f"results/{run}/significance.md",
        "Table 3": f"results/{run}/table3.md, .csv, .tex (SOFT minus bounds and controls)" if further else "",
        "summary": f"results/{run}/reproduction.md",
    }
    return "\n".join(line for name, text in facts.items() if text for line in wrapped(name, text))


def dataset(name: str, part: Mapping[str, Any]) -> str:
    """Format a data set: its label in tables, its key if it differs, and its base model."""
    label = part["label"] if part["label"] == name else f"{part['label']} ({name})"
    return f"{label} with {part['llm']}"


def comma_list(values: Iterable[object]) -> str:
    """Join values with commas."""
    return ", ".join(str(value) for value in values)


def engine(config: Mapping[str, Any]) -> str:
    """Format the engine of training: "deepspeed, ZeRO-2, 4 ranks", with " on 2 nodes" if there are several."""
    own = config["engine"]
    stage = f", ZeRO-{own['zero_stage']}" if own["kind"] == "deepspeed" else ""
    nodes = f" on {own['nodes']} nodes" if own["nodes"] > 1 else ""
    return f"{own['kind']}{stage}, {own['ranks']} rank{'s' if own['ranks'] > 1 else ''}{nodes}"


def wrapped(name: str, text: str) -> list[str]:
    """Format a fact as lines: its name in the left column, its text wrapped in the right one."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=f"  {name:<10}",
        subsequent_indent=" " * 12,
        break_on_hyphens=False,
        break_long_words=True,
    )
