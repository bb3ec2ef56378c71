"""Run a script as Snakemake does: a process of its own, settings as JSON, paths as flags."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from places import SCRIPTS


def run_script(
    name: str, settings: dict[str, Any], flags: dict[str, Path], env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `scripts/NAME` and return its status and output; the proxy is never asked for 127.0.0.1."""
    command = [sys.executable, str(SCRIPTS / name), "--settings", json.dumps(settings)]
    for flag, path in flags.items():
        command += [flag, str(path)]
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGING_FACE_"))}
    environment = {**inherited, "no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1", "OMP_NUM_THREADS": "1", **(env or {})}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
