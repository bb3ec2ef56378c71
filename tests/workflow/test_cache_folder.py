"""A HOME in which nothing can be made: one sentence before the graph, and a folder of one's own instead is enough."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from slices_of_rules import ROOT


@pytest.mark.parametrize(("caches", "status"), [(False, 1), (True, 0)])
def test_a_home_that_is_no_folder(tmp_path: Path, caches: bool, status: int) -> None:
    """It is said with the remedy, and the remedy works."""
    variables = {**os.environ, "HOME": "/dev/null"} | ({"XDG_CACHE_HOME": str(tmp_path)} if caches else {})
    if not caches:
        variables.pop("XDG_CACHE_HOME", None)
    command = [sys.executable, "-m", "snakemake", "-n", "--nolock", "--profile", "profiles/demo", "--configfile"]
    command += ["config/demo.yaml", "--", "results/demo/ml100k/interactions.parquet"]
    ended = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == status, ended.stderr
    if not caches:
        (said,) = ended.stderr.splitlines()[1:]
        assert said.startswith("Snakemake keeps files in /dev/null/")
        assert "set XDG_CACHE_HOME" in said
