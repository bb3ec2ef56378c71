"""What runs leave, without clocks: two runs of one configuration leave the same bytes."""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from common import manifests
from common.errors import SoftrecError

CLOCKS = ("runtimes.csv", "reproduction.md", "manifest.json", "figure6")  # minutes stand in them
FOLDERS = {"logs", "benchmarks", ".digests"}


def contents(root: Path) -> dict[str, bytes]:
    """Each file of results/ by its path; of training logs without their seconds."""
    found = {}
    for path in sorted((root / "results").rglob("*")):
        name = str(path.relative_to(root))
        if not path.is_file() or FOLDERS & set(path.parts) or path.name == ".snakemake_timestamp":
            continue
        if name.endswith(".manifest.json") or path.name.startswith(CLOCKS):
            continue
        found[name] = without_seconds(path.read_bytes()) if path.suffix == ".jsonl" else path.read_bytes()
    return found


def without_seconds(text: bytes) -> bytes:
    """A training log without what the clock said."""
    lines = []
    for line in text.splitlines():
        value = json.loads(line)
        lines.append({key: own for key, own in value.items() if not re.search("seconds|minutes|segments", key)})
    return json.dumps(lines, sort_keys=True).encode()


def differences(expected: Mapping[str, bytes], root: Path) -> list[str]:
    """A clause for each file that is another, missing, or one too many."""
    found = contents(root)
    return [
        f"{name} {'is missing' if name not in found else 'is one too many' if name not in expected else 'differs'}"
        for name in sorted(expected.keys() | found.keys())
        if expected.get(name) != found.get(name)
    ]


def leftovers(root: Path) -> list[str]:
    """A clause for each file that a finished run has no need of, and for each manifest that does not hold."""
    found = []
    for path in sorted((root / "results").rglob("*")):
        if path.name.endswith((".partial", ".checkpoint", ".answers", ".part")):
            found.append(f"{path.relative_to(root)} was left over")
        if path.name.endswith(".manifest.json"):
            try:
                manifests.require_as_made(path.with_name(path.name.removesuffix(".manifest.json")))
            except (SoftrecError, OSError) as error:
                found.append(str(error).splitlines()[0])
    return found


def tracebacks(root: Path) -> list[str]:
    """The last line of each traceback in the logs of drivers and jobs: what people would have seen."""
    found = []
    for path in [root / "driver.log", *sorted((root / "results").rglob("*.log"))]:
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        inside = False
        for line in lines:
            if line.startswith("Traceback (most recent call last)"):
                inside = True
            elif inside and line and not line.startswith((" ", "\t")):
                found.append(f"{path.name}: {line[:100]}")
                inside = False
    return found


if __name__ == "__main__":
    print("\n".join(differences(contents(Path(sys.argv[1])), Path(sys.argv[2]))))
