"""The frame of a job cannot change what it computes: other words and other log lines give the same bytes."""

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from circle_of_items import SASREC, SETTINGS, SHAPE, write_data
from common.frame import FRAME
from filtered_shop import FILTER, SPLIT
from places import SCRIPTS
from toy_shop import write_toy_shop


class OtherWords(ast.NodeTransformer):
    """Whatever reads as words, two of them at least, says something else; names and keys stay."""

    def __init__(self) -> None:
        self.changed = 0

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        """Text with a blank in it."""
        if not isinstance(node.value, str) or " " not in node.value.strip():
            return node
        self.changed += 1
        return ast.copy_location(ast.Constant(node.value.replace(" ", " otherwise ")), node)


def with_other_words(folder: Path) -> Path:
    """A copy of the scripts in which each module of the frame speaks otherwise."""
    copy = folder / "scripts"
    shutil.copytree(SCRIPTS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FRAME:
        place = copy.joinpath(*name.split("."))
        path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        words = OtherWords()
        path.write_text(ast.unparse(words.visit(ast.parse(path.read_text()))))
        assert words.changed, f"{name} says nothing: its docstring at least should"
    return copy


def run(scripts: Path, name: str, settings: object, flags: Sequence[str | Path]) -> None:
    """Run a script of a folder as a rule does."""
    command = [sys.executable, str(scripts / f"{name}.py"), "--settings", json.dumps(settings), *map(str, flags)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    assert ended.returncode == 0, ended.stderr


def data_room(scripts: Path, raw: Path, out: Path) -> None:
    """From raw reviews to sequences."""
    shop = write_toy_shop(raw)
    parts = {"--interactions": out / "interactions.parquet", "--catalogue": out / "catalogue.parquet"}
    given = ["--ratings", shop.ratings, "--metadata", shop.metadata, "--counts", out / "counts.json"]
    run(scripts, "filter_interactions", FILTER, [*given, *(word for pair in parts.items() for word in pair)])
    splits = [word for name in ("train", "valid", "test") for word in (f"--{name}", out / f"{name}.parquet")]
    given = ["--interactions", out / "interactions.parquet"]
    run(scripts, "split_sequences", SPLIT, [*given, *splits])


def sequential_room(scripts: Path, data: Path, out: Path) -> None:
    """A fit of two epochs, and the ranks of its model."""
    inputs, model, ranks = write_data(data), out / "model.safetensors", out / "ranks.parquet"
    settings = {**SASREC, "fit": asdict(replace(SETTINGS, epochs=2))}
    run(scripts, "fit_sequential", settings, [*inputs, "--model", model, "--log", out / "training.jsonl"])
    shape = {key: settings["fit"][key] for key in SHAPE}
    rows = ["--model", model, "--rows", data / "valid.parquet", *inputs[4:]]
    run(scripts, "rank_sequential", {"rank": shape, "network": "sasrec"}, [*rows, "--ranks", ranks])


def outputs(folder: Path) -> dict[str, bytes | list[dict[str, object]]]:
    """What a job has written, but for manifests; of a training log what no clock put there."""
    files = [path for path in sorted(folder.iterdir()) if not path.name.endswith(".manifest.json")]
    found: dict[str, bytes | list[dict[str, object]]] = {path.name: path.read_bytes() for path in files}
    for name in [name for name in found if name.endswith(".jsonl")]:
        lines = map(json.loads, (folder / name).read_text().splitlines())
        found[name] = [{key: value for key, value in line.items() if key != "seconds"} for line in lines]
    return found


@pytest.mark.parametrize("room", [data_room, sequential_room], ids=["data", "sequential"])
def test_other_words_give_the_same_bytes(tmp_path: Path, room: Callable[[Path, Path, Path], None]) -> None:
    """Each text of two words in the frame is another one, and no output is."""
    written = []
    for name, scripts in (("own", SCRIPTS), ("other", with_other_words(tmp_path))):
        data, out = tmp_path / f"{name} data", tmp_path / f"{name} out"
        data.mkdir()
        out.mkdir()
        room(scripts, data, out)
        written.append(outputs(out))
    assert len(written[0]) >= 3
    assert written[0] == written[1]


def test_the_copy_does_speak_otherwise(tmp_path: Path) -> None:
    """Or the test above would compare a thing with itself."""
    command = [sys.executable, str(with_other_words(tmp_path) / "split_sequences.py"), "--interactions", "none"]
    outputs = [word for name in ("train", "valid", "test") for word in (f"--{name}", str(tmp_path / name))]
    ended = subprocess.run([*command, *outputs], capture_output=True, text=True)
    assert "error: none otherwise does otherwise not otherwise exist" in ended.stderr


def test_each_module_of_the_frame_is_there_with_a_reason() -> None:
    """A name that is none would leave nothing out."""
    for name, reason in FRAME.items():
        place = SCRIPTS.joinpath(*name.split("."))
        assert place.with_suffix(".py").is_file() or (place / "__init__.py").is_file(), name
        assert len(reason.split()) > 1, name
