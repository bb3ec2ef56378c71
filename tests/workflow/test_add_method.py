"""A backbone that is added to a copy of the project, as docs/add-a-method.md says, as far as a dry run goes."""

import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tools.dry_run import Job

ROOT = Path(__file__).parents[2]
SEEDS = 3  # of the demo


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
    """Rows in `ROWS`, the key of one in the schema's `methods`, and in the configuration that runs it."""
    edit(project / "workflow/lib/graph/methods.py", "ROWS = (\n", f"ROWS = (\n    {row},\n")
    edit(project / "workflow/schemas/config.schema.yaml", "enum: [sasrec,", f"enum: [{key}, sasrec,")
    config = project / "config/demo.yaml"
    if "methods:" not in config.read_text():
        edit(config, "datasets:\n", "methods: [sasrec, bigrec-sft]\n\ndatasets:\n")
    edit(config, "methods: [", f"methods: [{key}, ")


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


def test_another_backbone(project: Path) -> None:
    """Another way to present the history to a language model is a module and its rows: SFT needs no more."""
    add_row(project, "other-sft", '*tuned("Other")')
    shutil.copy(project / "scripts/softrec/llm/backbones/bigrec.py", project / "scripts/softrec/llm/backbones/other.py")
    expected = ("tune_sft", "predict_titles", "ground_predictions", "evaluate_ranks", "in the table")
    assert planned(project, "other/sft") == dict.fromkeys(expected, SEEDS)
