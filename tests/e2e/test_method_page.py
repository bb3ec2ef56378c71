"""docs/add-a-method.md, followed to a number: what it adds has the metrics of what softrec ships."""

import json
import re
from pathlib import Path

from places import ROOT
from toy_project import Project

PAGE = (ROOT / "docs/add-a-method.md").read_text()
ASKED = ["--config", "methods=[sasrec, gru4rec, bigrec-sft, bigrec-simpo]", "gru4rec={l2: [1.0e-3, 1.0e-5]}", "--"]
REGISTRY, SCHEMA = "workflow/lib/graph/methods.py", "workflow/schemas/config.schema.yaml"
ROWS = {"gru4rec": "gru4rec/seed=1", "simpo": "bigrec/simpo/seed=1"}


def blocks(kind: str) -> list[str]:
    """The page's blocks of a kind, such as "yaml section"; with "file=" or "entry=" the value stands in group 1."""
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)


def remove(path: Path, pattern: str) -> None:
    """Remove the one place that a pattern matches."""
    text, count = re.subn(pattern, "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
    assert count == 1, f"{pattern} matches {count} times in {path}"
    path.write_text(text)


def insert(path: Path, before: str, text: str) -> None:
    """Insert a text before the first place of another."""
    old = path.read_text()
    assert before in old
    path.write_text(old.replace(before, text + before, 1))


def without_them(project: Project) -> None:
    """Take GRU4Rec and SimPO out of the project: modules, entries and keys of the schema."""
    registry, schema = (
        project.root / "workflow/lib/graph/methods.py",
        project.root / "workflow/schemas/config.schema.yaml",
    )
    for name in ("sequential/gru4rec", "tuning/strategies/simpo"):
        (project.root / f"scripts/softrec/{name}.py").unlink()
    remove(registry, r'^    Row\(\n        "gru4rec".*?^    \),\n')
    remove(registry, r'^    "simpo": .*?,\n(?=    "soft-wo-sa")')
    for name in ("gru4rec", "simpo"):
        remove(schema, rf"^  {name}:\n(    .*?\n)*(?=  \S)")
    for key in ("gru4rec, ", "bigrec-simpo, ", "llara-simpo, "):
        remove(schema, key)


def followed(project: Project) -> None:
    """Do what the page says."""
    registry, schema = (
        project.root / "workflow/lib/graph/methods.py",
        project.root / "workflow/schemas/config.schema.yaml",
    )
    modules = re.findall(r"```python file=(\S+)\n(.*?)```", PAGE, re.DOTALL)
    assert [name.rpartition("/")[2] for name, _ in modules] == ["gru4rec.py", "simpo.py"]
    for name, text in modules:
        (project.root / name).write_text(text)
    (row,), (strategy,) = blocks("text entry=ROWS"), blocks("text entry=STRATEGIES")
    insert(registry, '    Row(\n        "dros"', row)
    insert(registry, '    "soft-wo-sa": ', strategy)
    for keys in blocks("yaml methods"):
        insert(schema, "dros, llm-cf", f"{keys.strip()}, ")
    for section in blocks("yaml section"):
        insert(schema, "  dros:\n    description", section)


def metrics(project: Project) -> dict[str, dict[str, float]]:
    """The test metrics of both rows."""
    return {name: json.loads((project.toys / f"{run}/test.metrics.json").read_text()) for name, run in ROWS.items()}


def codes(project: Project) -> list[object]:
    """The code digests of both trainings."""
    outputs = ("gru4rec/l2=0.001/seed=1/training.jsonl", "bigrec/simpo/seed=1/training.jsonl")
    return [json.loads((project.toys / f"{name}.manifest.json").read_text())["code"] for name in outputs]


def test_the_page_leads_to_the_numbers_of_the_rows_that_are_shipped(fresh: Project) -> None:
    """Both rows are trained by the shipped code, then by the page's, in the same project."""
    targets = [f"results/toy/toys/{run}/test.metrics.json" for run in ROWS.values()]
    fresh.snakemake(*ASKED, *targets)
    shipped, code = metrics(fresh), codes(fresh)
    assert all(0 <= found["metrics"]["H@20"] <= 1 for found in shipped.values())
    without_them(fresh)
    assert "gru4rec" in fresh.snakemake(*ASKED, *targets, returns=1), "the removed row is refused by its name"
    followed(fresh)
    fresh.snakemake(*ASKED, *targets)
    assert all(new != old for new, old in zip(codes(fresh), code, strict=True)), "both were trained again"
    assert metrics(fresh) == shipped
