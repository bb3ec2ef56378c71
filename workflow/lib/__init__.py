"""Modules of the workflow; code shared with the scripts is in the package `common`."""

import sys
from pathlib import Path

SCRIPTS = str(Path(__file__).resolve().parents[2] / "scripts")
# Import the project's `common` now: a package of this name may also be installed in Snakemake's environment.
sys.path.insert(0, SCRIPTS)
import common  # noqa: E402, F401

sys.path.remove(SCRIPTS)
