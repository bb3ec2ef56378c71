"""The README's "Add a method", followed step by step on a copy of the project, as far as a dry run goes."""

import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tools.dry_run import Job

ROOT = Path(__file__).parents[2]
SEEDS = 2  # of the demo


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of all that Snakemake reads."""
    for name in ("workflow", "scripts", "config", "envs", "profiles"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def edit(file: Path, old: str, new: str) -> None:
    """Replace the first place of a text that must be there."""
    text = file.read_text()
    assert old in text, f"{file.name} has no {old!r}"
    file.write_text(text.replace(old, new, 1))


def add_row(project: Path, key: str, row: str) -> None:
    """Step 1: a row in `ROWS`, its key in the schema's `methods`, and in the configuration that runs it."""
    edit(project / "workflow/lib/graph/grid.py", "ROWS = (\n", f"ROWS = (\n    {row},\n")
    edit(project / "workflow/schemas/config.schema.yaml", "enum: [sasrec,", f"enum: [{key}, sasrec,")
    config = project / "config/demo.yaml"
    if "methods:" not in config.read_text():
        edit(config, "datasets:\n", "methods: [sasrec, bigrec-sft]\n\ndatasets:\n")
    edit(config, "methods: [", f"methods: [{key}, ")


def add_rule(project: Path, like: str, name: str, renamed: dict[str, str]) -> None:
    """Step 3: a script like another one, and beside the rule of that one a rule that calls it."""
    shutil.copy(project / f"scripts/{like}.py", project / f"scripts/{name}.py")
    (file,) = [path for path in (project / "workflow/rules").glob("*.smk") if f"rule {like}:" in path.read_text()]
    text = file.read_text()
    start = text.index(f"rule {like}:")
    end = text.index("\n\n\n", start)
    rule = text[start:end]
    for old, new in renamed.items():
        rule = rule.replace(old, new)
    for place in ("rule {}:", "scripts/{}.py", 'code_digest("{}"'):
        rule = rule.replace(place.format(like), place.format(name))
    file.write_text(f"{text}\n\n{rule}\n")


def planned(project: Path, folder: str) -> Counter[str]:
    """How many jobs of each rule a run of the demo has whose outputs stand in the new method's folder."""
    answer = project / "plan.json"
    options = ["--dry-run", "--nolock", "--profile", "profiles/demo"]
    command = [sys.executable, "-P", "workflow/tools/dry_run.py", str(answer), *options]
    ended = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    jobs = [Job(**job) for job in json.loads(answer.read_text())]
    found = Counter(job.rule for job in jobs if any(f"/{folder}/" in name for name in job.output))
    (collect,) = [job for job in jobs if job.rule == "collect_results"]
    found["in the table"] = sum(f"/{folder}/" in name for name in collect.input)
    return found


def test_a_method_that_tunes_a_language_model(project: Path) -> None:
    """A row, a script and a rule: prediction, grounding, evaluation and the tables follow, once a seed."""
    add_row(project, "bigrec-new", 'Row("bigrec-new", "BIGRec", "NEW", "bigrec/new")')
    add_rule(project, "tune_sft", "tune_new", {"{backbone}/sft/": "{backbone}/new/"})
    expected = ("tune_new", "predict_titles", "ground_predictions", "evaluate_ranks", "in the table")
    assert planned(project, "bigrec/new") == dict.fromkeys(expected, SEEDS)


def test_a_method_over_item_ids(project: Path) -> None:
    """A row, what validation chooses, a script and a rule: choice, ranking, evaluation and the tables follow.

    Two candidates are trained with the tuning seed, and what is chosen with every other.
    """
    add_row(project, "new", 'Row("new", "", "NEW", "new")')
    edit(
        project / "workflow/lib/graph/search.py",
        "SEARCHES = {\n",
        'SEARCHES = {\n    "new": Search("l2", ("sasrec", "l2")),\n',
    )
    add_rule(project, "fit_dllm2rec", "fit_new", {"/dllm2rec/": "/new/", 'choice("dllm2rec"': 'choice("new"'})
    expected = ("rank_sequential", "evaluate_ranks", "in the table")
    once = {"select_hyperparameter": 1, "copy_selected_model": 1}
    assert planned(project, "new") == {"fit_new": 2 + SEEDS - 1, **once, **dict.fromkeys(expected, SEEDS)}


def test_another_backbone(project: Path) -> None:
    """Another way to tell a language model the history is a module and a row: SFT serves it as it is."""
    add_row(project, "other-sft", 'Row("other-sft", "Other", "SFT", "other/sft")')
    shutil.copy(project / "scripts/softrec/llm/backbones/bigrec.py", project / "scripts/softrec/llm/backbones/other.py")
    expected = ("tune_sft", "predict_titles", "ground_predictions", "evaluate_ranks", "in the table")
    assert planned(project, "other/sft") == dict.fromkeys(expected, SEEDS)
