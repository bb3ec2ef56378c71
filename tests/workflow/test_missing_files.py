"""What of the user's own is not there is said before anything is planned, in dry runs too."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from lib.preflight import own_files
from made_weights import ONE_WEIGHT
from places import ROOT


@pytest.fixture
def mine(tmp_path: Path, checked: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """The demo's configuration on a data set and a language model that stand in folders of the user's."""
    config = checked("demo")
    source = {"kind": "files", "folder": str(tmp_path / "shop"), "ratings": "Toys.jsonl", "metadata": "meta_Toys.jsonl"}
    config["datasets"]["ml100k"] |= {"source": {**source, "format": "reviews"}, "llm": "mine"}
    config["llms"] = {"mine": {"kind": "path", "precision": "fp32", "folder": str(tmp_path / "model")}}
    return config


def make(folder: Path, *names: str) -> None:
    """A folder with empty files."""
    folder.mkdir()
    for name in names:
        (folder / name).touch()


def dry_run(config: dict[str, Any], file: Path) -> subprocess.CompletedProcess[str]:
    """`snakemake -n` on a configuration, written to `file`."""
    file.write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "snakemake", "-n", "--profile", "profiles/demo", "--configfile", str(file)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def make_model(folder: Path) -> None:
    """As much of a language model as a plan looks at."""
    make(folder)
    (folder / "model.safetensors").write_bytes(ONE_WEIGHT)
    (folder / "config.json").write_text("{}")


def test_folders_that_are_not_there_end_a_dry_run(mine: dict[str, Any], tmp_path: Path) -> None:
    """Both in one go, each with its key, no traceback; Snakemake's own words would be about a rule's missing input."""
    ended = dry_run(mine, tmp_path / "mine.yaml")
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-2:] == [
        f"llms.mine.folder is {tmp_path}/model, which is no folder: correct the path.",
        f"datasets.ml100k.source.folder is {tmp_path}/shop, which is no folder: correct the path.",
    ]
    assert "Traceback" not in ended.stderr
    assert "MissingInputException" not in ended.stderr
    assert ended.stdout == ""


def test_with_all_in_place_there_is_a_plan(mine: dict[str, Any], tmp_path: Path) -> None:
    """Nothing is fetched and nothing is pre-trained."""
    make(tmp_path / "shop", "Toys.jsonl", "meta_Toys.jsonl")
    make_model(tmp_path / "model")
    ended = dry_run(mine, tmp_path / "mine.yaml")
    assert ended.returncode == 0, ended.stderr
    assert "tune_soft" in ended.stdout
    assert "fetch_" not in ended.stdout
    assert "pretrain" not in ended.stdout


@pytest.mark.parametrize(
    ("files", "config", "told"),
    [
        ((), "{}", "which has no safetensors: save it with"),
        (
            ("pytorch_model.bin",),
            "{}",
            "whose weights are pickled (pytorch_model.bin), which can run code: save it with",
        ),
        (
            ("consolidated.00.pth",),
            "{}",
            "whose weights are pickled (consolidated.00.pth), which can run code: save it",
        ),
        (
            ("model.safetensors",),
            '{"auto_map": {"AutoModel": "mine.Model"}}',
            "asks for code of its own (auto_map), which",
        ),
        (("model.safetensors",), "{", "whose config.json cannot be read (Expecting property name"),
        (("model.safetensors",), "[", "whose config.json cannot be read"),
        (("model.safetensors",), "{}", "whose files of safetensors hold no weights"),
        (("model.safetensors",), '{"transformers_weights": "x"}', "names another file of weights"),
    ],
)
def test_a_model_that_could_run_code_or_cannot_be_read_is_refused_before_the_plan(
    tmp_path: Path, files: tuple[str, ...], config: str, told: str
) -> None:
    """By the name of what is wrong; beside safetensors, pickled weights are left alone."""
    make(tmp_path / "model", *files)
    (tmp_path / "model/config.json").write_text(config)
    [problem] = own_files.problems({"mine": {"kind": "path", "folder": str(tmp_path / "model")}}, {})
    assert problem.startswith(f"llms.mine.folder is {tmp_path}/model, ")
    assert told in problem


def test_a_file_that_is_called_otherwise(mine: dict[str, Any], tmp_path: Path) -> None:
    """The nearest name in the folder is offered; a folder without any like it is named alone."""
    make(tmp_path / "shop", "Toys.jsonl.gz")
    make_model(tmp_path / "model")
    place = f"which {tmp_path}/shop does not have"
    assert own_files.problems(mine["llms"], mine["datasets"]) == [
        f"datasets.ml100k.source.ratings is Toys.jsonl, {place}: did you mean 'Toys.jsonl.gz'?",
        f"datasets.ml100k.source.metadata is meta_Toys.jsonl, {place}: did you mean 'Toys.jsonl.gz'?",
    ]
    (tmp_path / "shop/Toys.jsonl.gz").rename(tmp_path / "shop/x")
    problems = own_files.problems(mine["llms"], mine["datasets"])
    assert problems[0] == f"datasets.ml100k.source.ratings is Toys.jsonl, {place}: correct the name."


def test_a_folder_is_no_file(mine: dict[str, Any], tmp_path: Path) -> None:
    """It is not offered as a file either."""
    make(tmp_path / "shop", "meta_Toys.jsonl")
    (tmp_path / "shop/Toys.jsonl").mkdir()
    make_model(tmp_path / "model")
    [problem] = own_files.problems(mine["llms"], mine["datasets"])
    assert problem.startswith(f"datasets.ml100k.source.ratings is Toys.jsonl, which {tmp_path}/shop has as a folder: ")
    assert "did you mean 'Toys.jsonl'" not in problem


def test_without_metadata_only_ratings_are_looked_for(mine: dict[str, Any], tmp_path: Path) -> None:
    """A table of interactions may have the titles itself; a path below the folder is a name too."""
    (tmp_path / "shop/2024").mkdir(parents=True)
    make_model(tmp_path / "model")
    source = mine["datasets"]["ml100k"]["source"]
    del source["metadata"]
    source["ratings"] = "2024/loans.csv"
    [problem] = own_files.problems(mine["llms"], mine["datasets"])
    assert problem.startswith(f"datasets.ml100k.source.ratings is 2024/loans.csv, which {tmp_path}/shop does not have")
    (tmp_path / "shop/2024/loans.csv").touch()
    assert own_files.problems(mine["llms"], mine["datasets"]) == []


def test_what_is_fetched_need_not_be_there(checked: Callable[[str], dict[str, Any]]) -> None:
    """Neither the demo's wheel nor the paper's downloads."""
    for name in ("demo", "paper"):
        config = checked(name)
        assert own_files.problems(config["llms"], config["datasets"]) == []
