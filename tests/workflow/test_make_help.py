"""`make help` names every target, in the width of a terminal."""

import re
import subprocess

from places import ROOT


def test_every_target_is_one_line_of_at_most_80_columns() -> None:
    """Targets without a description are parts of others."""
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    described = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert [line.split()[1] for line in shown] == described
    assert [line for line in shown if len(line) > 80] == []
