"""A finished toy project in which everything of workflow/rules/use.smk has been asked for."""

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from toy_project import ROOT, Project

TUNED = ("bigrec/sft/seed=1", "llara/soft/alpha=10/seed=1")
LISTED = (*TUNED, "bigrec/untuned", "sasrec/seed=1", "dros/seed=1", "dllm2rec/seed=1", "llm-cf/seed=1")
K, CUTOFFS = 20, (1, 5, 10, 20)


def columns(path: Path) -> dict[str, list[Any]]:
    """A table as lists."""
    return pq.read_table(path).to_pydict()


def recommended(place: Path) -> list[dict[str, Any]]:
    """The lines of a file of recommendations."""
    return [json.loads(line) for line in place.read_text().splitlines()]


def use(project: Project) -> Project:
    """Ask for all of it in a finished project, and return the project.

    The histories are all of each test row's user's items before its target, as ids: what the mask `seen` excludes.
    """
    shutil.copy(ROOT / "LICENSE", project.root)
    rows, had = columns(project.toys / "samples/test.parquet"), columns(project.toys / "interactions.parquet")
    ids = columns(project.toys / "catalogue.parquet")["source_id"]
    lines = []
    for user, position in zip(rows["user"], rows["position"], strict=True):
        own = [item for other, item in zip(had["user"], had["item"], strict=True) if other == user][:position]
        lines.append(json.dumps([ids[item - 1] for item in own]) + "\n")
    (project.toys / "histories.jsonl").write_text("".join(lines))
    targets = [f"{model}/{name}" for model in TUNED for name in ("recommendations.jsonl", "export")]
    targets += [f"{model}/test.top{K}.run" for model in LISTED]
    options = project.command()
    # The option for configurations takes all that follows it.
    of_run = ["write_training_curves", "make_run_crate"]
    project.run([*options[:3], *of_run, *(f"results/toy/toys/{target}" for target in targets), *options[3:]])
    return project
