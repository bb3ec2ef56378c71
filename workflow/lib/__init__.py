"""Modules of the workflow; what they share with the scripts stands in `common`."""

import sys
from pathlib import Path

SCRIPTS = str(Path(__file__).resolve().parents[2] / "scripts")
sys.path.insert(0, SCRIPTS)  # some distributions install a package named `common` as well
import common  # noqa: E402, F401

sys.path.remove(SCRIPTS)
