"""The table of docs/performance.md: what was rehearsed, beside what a cluster gives and what `make cost` expects."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lib.cost import disk, estimate
from lib.cost.sizes import Left
from rehearse import limits
from rehearse.lines import ALL, MODEL, OF_MODEL, Line, family, place
from rehearse.project import ROOT
from tools.dry_run import Job
from tools.page_tables import Table, filled

PAGE = ROOT / "docs/performance.md"
HEADING = ("rule", "data set", "clock", "CPU", "peak, GB", "of", "disk", "expected", "whole fit", "of", "expected", "")


def table(lines: Iterable[Line], paper: Mapping[str, Any], jobs: Iterable[Job]) -> Table:
    """One row a line. `jobs` are the paper grid's: the longest of a rule and data set says what is expected."""
    names, given = paper["datasets"], limits.limits()
    of_kind: dict[tuple[str, str], list[Left]] = {}
    for job in sorted(jobs, key=lambda job: job.benchmark):
        of_kind.setdefault((family(job.rule, names), place(job, names)), []).append(Left(job.rule, job.benchmark))
    rows = []
    for line in sorted(lines, key=lambda line: (line.rule, [*names, MODEL, ALL].index(line.dataset))):
        key = line.rule, OF_MODEL if line.dataset == MODEL else line.dataset
        if key in of_kind:
            longest = max(of_kind[key], key=lambda left: estimate.seconds(left, paper))
            rows.append(row(line, longest, given.get(line.rule, given[""]), paper))
    return Table(HEADING, rows, words=2)


def row(line: Line, job: Left, limit: limits.Limit, paper: Mapping[str, Any]) -> Sequence[str]:
    """One line of the table."""
    labels = {ALL: "all", MODEL: "8 titles, true model"}
    label = labels.get(line.dataset) or paper["datasets"][line.dataset]["label"]
    time = line.whole if line.whole is not None else line.seconds
    return (
        f"`{line.rule}`",
        label,
        duration(line.seconds),
        duration(line.cpu),
        f"{limits.needed(line, paper) / 1024:.1f}",
        f"{limit.mem_mb / 1000:.0f}",
        amount(line.disk),
        amount(disk.written(job, paper)),
        duration(time) if line.whole is not None else "",
        duration(60 * limit.runtime),
        duration(estimate.seconds(job, paper)),
        ", ".join(f"SHORT of {fault}" for fault in limits.faults(line, limit, paper)) or fits(line),
    )


def fits(line: Line) -> str:
    """What of a line fits. Of a job for a GPU only memory is known: its CPU's time is not held against the limit."""
    return "memory fits" if line.rule in estimate.GPU_RULES else "fits"


def duration(seconds: float) -> str:
    """`7 s`, `4:05 min`, `3.2 h`."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"


def amount(size: float) -> str:
    """`1.3 GB`, `14 MB`; nothing for what is small."""
    if size < 1e6:
        return ""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def write(lines: Iterable[Line], paper: Mapping[str, Any], jobs: Iterable[Job], page: Path = PAGE) -> None:
    """Put the table between its markers."""
    page.write_text(filled(page.read_text(), {"rehearsal": table(lines, paper, jobs)}))
