"""DeepSpeed on one rank makes plain torch's updates, with NCCL for what is on the GPU."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[2]


def test_deepspeed_on_one_rank(tmp_path: Path, device: torch.device) -> None:
    """Four updates with ZeRO-2 in a process of its own: DeepSpeed would stay loaded in this one."""
    shape = {"micro": 2, "dropout": 0.0, "epochs": 2, "tau": 0.5, "device": str(device)}
    runs = [{"name": kind, "engine": {"kind": kind}, **shape} for kind in ("torch", "deepspeed")]
    paths = os.pathsep.join(str(ROOT / name) for name in ("scripts", "tests", "tests/unit"))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [paths, os.environ.get("PYTHONPATH")]))}
    command = [sys.executable, "tests/unit/ranks_run.py", str(tmp_path), json.dumps(runs)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    plain, split = (json.loads((tmp_path / f"{run['name']}.json").read_text())["adapter"] for run in runs)
    np.testing.assert_allclose(split, plain, atol=1e-5)
