"""A training job that is killed after its training loses none of it, at whichever line that happens."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from places import ROOT


@pytest.mark.parametrize("outputs", ["clean", "kept"])
def test_a_kill_at_any_line_after_the_training_loses_nothing(tmp_path: Path, outputs: str) -> None:
    """The next attempt trains none of three steps again, and leaves two outputs with manifests that hold, no more.

    Where the checkpoint is gone, all is there already: it goes last, and a few lines end the process after that.
    """
    command = [sys.executable, ROOT / "tests/unit/killed_run.py", tmp_path / "kills", outputs]
    ended = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": str(ROOT / "scripts")})
    assert ended.returncode == 0, ended.stderr
    kills = json.loads(ended.stdout)
    wished = {"status": 0, "trained": ["0", "1", "2"], "left": [], "whole": True}
    assert [kill for kill in kills if {name: kill[name] for name in wished} != wished] == []
    assert len(kills) > 100
    assert sum(not kill["checkpoint"] for kill in kills) < 10
