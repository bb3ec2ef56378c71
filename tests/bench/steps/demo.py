"""Where the time of `make demo` went, from the benchmarks that its jobs left. Nothing is run."""

import csv
from collections.abc import Iterator
from pathlib import Path

from harness import ROOT, Measured, Row, amount, limit

TITLE = "make demo, by what its jobs left in results/demo/benchmarks"
SIDES = ["ours"]
PAIRS = 1
LEFT = ROOT / "results/demo/benchmarks"
SHARE = 0.01  # of the whole; what takes less is one line


def prepare(folder: Path) -> None:
    """Nothing."""


def jobs() -> list[tuple[str, float, float]]:
    """Of each job its method and rule ("soft-wo-sa tune"), when it began and when it ended."""
    found = []
    for path in sorted(LEFT.rglob("*.tsv")):
        *folders, last = path.relative_to(LEFT).with_suffix("").parts
        method = next((part for part in reversed(folders[1:]) if "=" not in part), "")
        rule = ".".join(part for part in last.split(".") if part not in ("train", "valid", "test"))
        ended = path.stat().st_mtime
        with path.open(newline="") as stream:
            (row,) = csv.DictReader(stream, delimiter="\t")
        found.append((f"{method} {rule}".strip(), ended - float(row["s"]), ended))
    return found


def busy(spans: list[tuple[float, float]]) -> float:
    """Seconds in which at least one job ran: the time between the runs of a demo that was stopped does not count."""
    total, until = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total


def ours(folder: Path) -> Iterator[dict[str, float] | None]:
    """The seconds of the demo's run, and those of its jobs by name."""
    yield None
    found = jobs()
    by_name: dict[str, float] = {}
    for name, start, end in found:
        by_name[name] = by_name.get(name, 0.0) + end - start
    yield {**by_name, "seconds": busy([job[1:] for job in found])}


def check(folder: Path, sides: list[str]) -> str:
    """There is nothing to compare."""
    return ""


def rows(measured: Measured) -> list[Row]:
    """The run against its goal, and below it the jobs by name, the longest first."""
    (run,) = measured["ours"]
    by_name = {name: value for name, value in run.items() if name not in ("seconds", "cpu", "peak", "rise")}
    if not by_name:
        return [Row("make demo", note="there is no results/demo: run make demo first")]
    whole = sum(by_name.values())
    shown = sorted((item for item in by_name.items() if item[1] >= SHARE * whole), key=lambda item: -item[1])
    shown += [("the others", whole - sum(value for _, value in shown)), ("all, one after another", whole)]
    return [*limit(measured, "whole run", 20 * 60), *(Row(name, amount(value, "seconds")) for name, value in shown)]
