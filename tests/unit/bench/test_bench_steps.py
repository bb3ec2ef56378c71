"""Steps of the benchmark at sizes of a test: what they call is there, and their own checks hold."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from places import ROOT

BENCH = ROOT / "tests/bench"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The benchmark's own modules can be imported, and are forgotten afterwards."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(BENCH)
    yield monkeypatch
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(BENCH)):
            del sys.modules[name]


def step(bench: pytest.MonkeyPatch, name: str, **sizes: Any) -> ModuleType:
    """A step with other sizes."""
    module = importlib.import_module(f"steps.{name}")
    for key, value in sizes.items():
        bench.setattr(module, key, value)
    return module


def run(module: ModuleType, side: str, folder: Path) -> None:
    """A side from its beginning to its end: two yields, between which the benchmark measures."""
    assert len(list(getattr(module, side)(folder))) == 2


@pytest.mark.parametrize("name", ["generation", "constrained", "switches", "grounding_beams"])
def test_a_step_loads_by_itself(name: str) -> None:
    """In a process that has loaded no other step, as `child.py` starts it: `movies` found no `lib` there."""
    paths = [str(BENCH), str(ROOT / "scripts")]
    program = f"import sys; sys.path[:0] = {paths}; import steps.{name}"
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, cwd=ROOT, timeout=120)
    assert done.returncode == 0, done.stderr.decode()


def test_grounding(bench: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Ranks of 40 texts among 600 titles are those of brute force."""
    sizes = {"TITLES": 600, "TEXTS": 40, "WIDTH": 2_504, "CLUSTERS": 20, "COPIES": 20, "BLOCK": 128, "DIRECT": 8}
    module = step(bench, "grounding", **sizes)
    module.prepare(tmp_path)
    for side in module.SIDES:
        run(module, side, tmp_path)
    assert module.check(tmp_path, module.SIDES).startswith("our 40 ranks are those of brute force")


def test_filter(bench: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of 20,000 ratings, ours with numpy as it is, plain Python and pandas keep the same rows."""
    module = step(bench, "filter")
    bench.setattr(module.made_ratings, "GAMES", module.made_ratings.Scale(20_000, 300, 200))
    module.prepare(tmp_path)
    for side in module.SIDES:
        run(module, side, tmp_path)
    rows = int(module.check(tmp_path, module.SIDES).split()[0].replace(",", ""))
    assert 5_000 < rows < 20_000


def test_sasrec(bench: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An epoch is trained; each of 80 users ranks the items that it has not had, and the target."""
    module = step(bench, "sasrec", USERS=80, ITEMS=200, SHARED=20)
    module.prepare(tmp_path)
    for side in ("ours_epoch_1", "ours_ranking_1"):
        run(module, side, tmp_path)
    user, _ = np.load(tmp_path / "interactions.npy")
    assert np.load(tmp_path / "1/candidates.npy").tolist() == (200 - np.bincount(user)[1:] + 1).tolist()
    assert len(np.load(tmp_path / "1/ours_train.npy")) == len(user) - 3 * 80  # but the first and the last two


def test_small_rules(bench: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The three rules run on the files that the step writes, and load no library that they do not use."""
    module = step(bench, "small_rules")
    module.prepare(tmp_path)
    run(module, "ours", tmp_path)
    assert "no rule has loaded" in module.check(tmp_path, module.SIDES)


def test_encoding(bench: pytest.MonkeyPatch, tmp_path: Path, llm_folder: Path) -> None:
    """Sixty-four titles have the peer's embeddings, by the tiny model."""
    module = step(bench, "encoding", ITEMS=64, COPIES=8)
    bench.setattr(module.smollm2, "folder", lambda: llm_folder)
    module.prepare(tmp_path)
    for side in module.SIDES:
        run(module, side, tmp_path)
    assert module.check(tmp_path, module.SIDES).startswith("64 embeddings, apart by at most")


def test_grounding_beams(bench: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Ranks of eight rows of four texts among 600 titles are those of brute force."""
    sizes = {"TITLES": 600, "TEXTS": 40, "WIDTH": 2_504, "CLUSTERS": 20, "COPIES": 20, "BLOCK": 128}
    step(bench, "grounding", **sizes)
    module = step(bench, "grounding_beams", DIRECT=8, BLOCK=128)
    module.prepare(tmp_path)
    for side in module.SIDES:
        run(module, side, tmp_path)
    assert module.check(tmp_path, module.SIDES) == "the ranks of 8 rows are those of brute force"
