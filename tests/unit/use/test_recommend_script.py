"""scripts/recommend.py: what it is given wrongly is told in one sentence, and nothing is written."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from places import SCRIPTS

ADAPTER = {
    "settings": {"tuning": {"recommender": {"backbone": "bigrec"}, "grounding": {"mask": "seen", "tie_seed": 42}}},
    "inputs": {"nowhere/llm": "0"},
    "outputs": {},
}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A run with three finished adapters, an unfinished one, and an ID-based model."""
    dataset = tmp_path / "results/demo/ml100k"
    smoothed = "bigrec/label-smoothing/epsilon=0.1/seed=1"
    for model in ("bigrec/soft/alpha=1/seed=1", "bigrec/soft/alpha=10/seed=1", "bigrec/sft/seed=1", smoothed):
        (dataset / model / "adapter").mkdir(parents=True)
        if "sft" not in model:
            (dataset / model / "adapter.manifest.json").write_text(json.dumps(ADAPTER))
    (dataset / "bigrec/soft/alpha.json").write_text('{"name": "alpha", "chosen": 10.0}')
    (dataset / "bigrec/label-smoothing/epsilon.json").write_text('{"name": "epsilon", "chosen": 0.1}')
    (dataset / "sasrec/seed=1").mkdir(parents=True)
    (dataset / "sasrec/seed=1/model.safetensors").touch()
    (dataset / "catalogue.parquet").touch()
    return tmp_path / "results"


def told(folder: Path, *arguments: str) -> str:
    """What the script prints as its error; it must end with status 1 and leave nothing."""
    before = sorted(folder.rglob("*"))
    command = [sys.executable, str(SCRIPTS / "recommend.py"), *arguments]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 1, ended.stderr
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    assert sorted(folder.rglob("*")) == before
    return ended.stderr


@pytest.mark.parametrize(
    ("run", "dataset", "model", "message"),
    [
        ("dmo", "ml100k", "bigrec/soft/seed=1", "has no run 'dmo'\n  where:  the runs there are: demo"),
        ("../results/demo", "ml100k", "bigrec/soft/seed=1", "has no run"),
        ("demo", "ml1m", "bigrec/soft/seed=1", "has no data set 'ml1m'\n  where:  the data sets there are: ml100k"),
        ("demo", "ml100k", "sasrec/seed=1", "sasrec/seed=1 is an ID-based recommender: it has no adapter"),
        ("demo", "ml100k", "bigrec/sft/seed=1", "bigrec/sft/seed=1 has no finished adapter in"),
        ("demo", "ml100k", "bigrec/soft/seed=2", "has no finished adapter|has no model 'bigrec/soft/seed=2'"),
        ("demo", "ml100k", "bigrec/sotf/seed=1", "where:  models with an adapter: bigrec/soft/alpha=1"),
        ("demo", "ml100k", "bigrec/soft/seed=1", "the base model of .*alpha=10/seed=1/adapter.manifest.json is not"),
        ("demo", "ml100k", "bigrec/label-smoothing/seed=1", "the base model of .*epsilon=0.1/seed=1/adapter.manifest"),
    ],
)
def test_a_model_that_is_not_there_is_told(results: Path, run: str, dataset: str, model: str, message: str) -> None:
    """With what there is instead. The last one is found, by the chosen alpha, but its base model is gone."""
    shown = told(results.parent, "--run", run, "--dataset", dataset, "--model", model, "--history", "Toy Story (1995)")
    assert re.search(message, shown), shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--run", "demo"], "no history is given"),
        (["--run", "demo", "--history", "x"], "--run, --dataset and --model are not all given"),
        (["--history", "x"], "--llm, --adapter, --catalogue, --titles and --run are not given"),
        (["--run", "demo", "--history", "x", "--histories", "y"], "--history and --histories are both given"),
        (["--run", "demo", "--history", "x", "--k", "0"], "k is 0"),
    ],
)
def test_arguments_that_do_not_fit_together_are_told(results: Path, arguments: list[str], message: str) -> None:
    """Before anything is loaded."""
    assert message in told(results.parent, *arguments)
