"""Our cells beside the paper's: inside or outside the interval, never "equal"."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from softrec import csvfiles
from softrec.comparisons import IntervalRow


@dataclass(frozen=True)
class CompareSettings:
    """metrics: those that the paper prints."""

    metrics: list[str]


class ComparedRow(NamedTuple):
    """One cell: ours with its interval, the paper's, and where the paper's lies."""

    method: str
    backbone: str
    dataset: str
    metric: str
    ours: float
    low: float
    high: float
    paper: float
    verdict: str


def read_intervals(path: Path) -> list[IntervalRow]:
    """Read the intervals file."""
    found = []
    for line, fields in csvfiles.read_csv(path, IntervalRow._fields):
        names = (fields[name] for name in IntervalRow._fields[:4])
        numbers = (csvfiles.number(fields, name, path, line) for name in ("value", "low", "high"))
        counts = (csvfiles.integer(fields, name, path, line) for name in ("rows", "users", "seeds"))
        found.append(IntervalRow(*names, *numbers, *counts))
    return found


def compare(
    ours: Sequence[IntervalRow], paper: Mapping[tuple[str, str, str, str], float], settings: CompareSettings
) -> list[ComparedRow]:
    """The cells that both have; the paper's number is printed with four digits, and taken as it stands."""
    found = []
    for row in ours:
        printed = paper.get((row.method, row.backbone, row.dataset, row.metric))
        if printed is not None and row.metric in settings.metrics:
            verdict = "inside" if row.low <= printed <= row.high else "outside"
            found.append(ComparedRow(*row[:4], row.value, row.low, row.high, printed, verdict))
    return found


def described(rows: Sequence[ComparedRow]) -> str:
    """The comparison as Markdown."""
    if not rows:
        return "No data set of this run is one of the paper's: there is nothing to compare.\n"
    lines = ["| Data set | Method | Metric | Ours | 95 % interval | Paper | The paper's lies |"]
    lines.append("|:--|:--|:--|--:|:-:|--:|:--|")
    lines += [
        f"| {row.dataset} | {f'{row.backbone} {row.method}'.strip()} | {row.metric} | {row.ours:.4f} "
        f"| {row.low:.4f} to {row.high:.4f} | {row.paper:.4f} | {row.verdict} |"
        for row in rows
    ]
    inside = sum(row.verdict == "inside" for row in rows)
    return "\n".join([*lines, "", f"{inside} of {len(rows)} of the paper's cells lie inside our interval.", ""])
