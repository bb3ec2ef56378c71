"""Garbage is collected rarely while a job starts, and as by default while a model is used."""

import gc
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from places import SCRIPTS
from softrec.core import devices, garbage
from softrec.job import program
from softrec.llm import language_model


@pytest.fixture(autouse=True)
def usual() -> Iterator[tuple[int, int, int]]:
    """The thresholds of this process, which other tests keep."""
    before = gc.get_threshold()
    yield before
    gc.set_threshold(*before)


def test_a_script_collects_rarely_until_it_trains(usual: tuple[int, int, int]) -> None:
    """`main` is called with the thresholds for imports; `prepare_training` brings back those that Python had."""
    found = []
    program.run(lambda args: found.append(gc.get_threshold()), program.Parser("a script"), [])
    assert found == [garbage.RARE]
    assert garbage.RARE[0] > usual[0]
    devices.prepare_training(torch.device("cpu"))
    assert gc.get_threshold() == usual


def test_a_language_model_is_used_with_the_usual_thresholds(usual: tuple[int, int, int], llm_folder: Path) -> None:
    """Decoding and embedding follow `load`."""
    garbage.collect_rarely()
    language_model.load(llm_folder, "plain", "fp32")
    assert gc.get_threshold() == usual


def test_a_job_does_not_look_for_garbage_at_its_end() -> None:
    """A cycle that says when it is collected says nothing; without `collect_rarely` Python collects it."""
    program = """
import sys
from softrec.core import garbage
if sys.argv[1:]:
    garbage.collect_rarely()
class Cycle:
    def __del__(self):
        print("collected")
one = Cycle()
one.own = one
del one
"""
    said = [
        subprocess.run([sys.executable, "-c", program, *rarely], cwd=SCRIPTS, capture_output=True, text=True).stdout
        for rarely in ([], ["rarely"])
    ]
    assert said == ["collected\n", ""]
