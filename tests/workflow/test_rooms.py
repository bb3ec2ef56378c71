"""The rooms of the science: who may import whom, and how large a room is."""

import ast
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from lib.graph import code_digest
from places import SCRIPTS, WORKFLOW

# In the order in which data flows: a room imports those before it.
ORDER = [
    "common",
    "softrec.core",
    "softrec.io",
    "softrec.job",
    "softrec.data",
    "softrec.splits",
    "softrec.fetch",
    "softrec.llm",
    "softrec.decoding",
    "softrec.evaluation",
    "softrec.results",
    "softrec.sequential",
    "softrec.llm_enhanced",
    "softrec.tuning",
    "softrec.stats",
    "softrec.reporting",
    "softrec.use",
]
LARGEST = 17  # modules of a folder


def modules(folder: Path, root: Path) -> dict[str, Path]:
    """Modules below a folder by name, but for the files of packages themselves."""
    found = {path: ".".join(path.relative_to(root).with_suffix("").parts) for path in sorted(folder.rglob("*.py"))}
    return {name: path for path, name in found.items() if path.name != "__init__.py"}


SCIENCE = {**modules(SCRIPTS / "common", SCRIPTS), **modules(SCRIPTS / "softrec", SCRIPTS)}


def room_of(module: str) -> str:
    """The room that a module stands in."""
    return next(room for room in ORDER if module == room or module.startswith(f"{room}."))


def imported(name: str) -> list[str]:
    """The modules of the science that a module imports itself; those for type checkers alone do not count."""
    return [other for other in code_digest.imported(name, SCIENCE[name], SCRIPTS) if other in SCIENCE]


@pytest.mark.parametrize("name", SCIENCE)
def test_no_room_imports_a_later_one(name: str) -> None:
    """Data flows one way, and so do imports."""
    later = [other for other in imported(name) if ORDER.index(room_of(other)) > ORDER.index(room_of(name))]
    assert not later


def test_no_modules_import_each_other() -> None:
    """No circle, however long: each module can be read after those that it imports."""
    waiting, ready = {name: set(imported(name)) - {name} for name in SCIENCE}, set()
    while free := {name for name, needs in waiting.items() if needs <= ready}:
        ready |= free
        waiting = {name: needs for name, needs in waiting.items() if name not in free}
    assert not waiting


@pytest.mark.parametrize("folder", [SCRIPTS / "common", SCRIPTS / "softrec", WORKFLOW / "lib", WORKFLOW / "tools"])
def test_rooms_are_small(folder: Path) -> None:
    """No folder has more than 17 modules."""
    for place in [folder, *(path for path in folder.rglob("*") if path.is_dir() and path.name != "__pycache__")]:
        held = [path for path in place.glob("*.py") if path.name != "__init__.py"]
        assert len(held) <= LARGEST, place


def test_science_and_workflow_do_not_import_each_other() -> None:
    """What both need stands in `common`, which imports neither."""
    for folder, foreign in (
        (SCRIPTS / "softrec", ("lib", "tools")),
        (SCRIPTS / "common", ("lib", "tools", "softrec")),
        (WORKFLOW, ("softrec",)),
    ):
        for path in folder.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                assert not [name for name in names if name.split(".")[0] in foreign], path


def test_tests_of_units_stand_in_rooms_of_the_same_names() -> None:
    """tests/unit mirrors the science; bench holds tests of the benchmark and of the rehearsal."""
    rooms = {room.rpartition(".")[2] for room in ORDER}
    held = {path.name for path in (SCRIPTS.parent / "tests/unit").iterdir() if path.is_dir()} - {"__pycache__"}
    assert held == rooms | {"bench"}


def test_the_order_names_each_room_once() -> None:
    """A new room has to be given its place."""
    assert all(one != other for one, other in pairwise(sorted(ORDER)))
    held = {f"softrec.{path.name}" for path in (SCRIPTS / "softrec").iterdir() if (path / "__init__.py").exists()}
    assert held | {"common"} == set(ORDER)


def test_another_package_named_common_is_not_taken(tmp_path: Path) -> None:
    """Snakemake's process has whatever its environment has; the project's own is found first."""
    (tmp_path / "common").mkdir()
    (tmp_path / "common/__init__.py").write_text("FOREIGN = True\n")
    code = "import lib, sys; from lib.graph import code_digest; import common; "
    code += "print(hasattr(common, 'FOREIGN'), lib.SCRIPTS in sys.path)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(WORKFLOW)])}
    ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert ended.stdout == "False False\n", ended.stderr
