"""What is left to do, in GPU-hours, core-hours and disk.

Where benchmarks of finished jobs of the same kind are there, their mean counts, "measured", for each of a job's ranks;
else an estimate from the configuration (`estimate`, `disk`).
"""

import csv
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from lib.cost import disk, estimate, fits
from lib.cost.sizes import Left, Sizes


class Line(NamedTuple):
    """One rule: jobs left, hours, of which resource, and whether the seconds of a job were measured."""

    rule: str
    jobs: int
    hours: float
    on_gpu: bool
    measured: bool


def measured(run: str, root: Path = Path()) -> dict[str, float]:
    """Mean seconds of finished jobs by what their benchmarks are of; {} before anything has run.

    A benchmark that says no seconds, as one that a kill cut off, measures nothing.
    """
    found: dict[str, list[float]] = {}
    for path in sorted((root / "results" / run / "benchmarks").rglob("*.tsv")):
        with path.open(newline="", encoding="utf-8", errors="replace") as stream:
            for fields in csv.DictReader(stream, delimiter="\t"):
                if (spent := time_of(fields.get("s"))) is not None:
                    found.setdefault(kind_of(path.parts), []).append(spent)
    return {kind: fmean(values) for kind, values in found.items()}


def time_of(text: str | None) -> float | None:
    """A time in a benchmark, or None if it is none."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def kind_of(parts: Iterable[str]) -> str:
    """What a benchmark is of: its path without run, seed and candidate ("game/bigrec/soft/tune.tsv")."""
    kept = [part for part in parts if "=" not in part]
    return "/".join(kept[kept.index("benchmarks") + 1 :])


def lines(jobs: Iterable[Left], config: Mapping[str, Any], known: Mapping[str, float]) -> list[Line]:
    """One line per rule, the most hours first."""
    hours: defaultdict[tuple[str, bool], float] = defaultdict(float)
    count: Counter[tuple[str, bool]] = Counter()
    for job in jobs:
        wall = known.get(kind_of(Path(job.benchmark).parts)) if job.benchmark else None
        seconds = estimate.seconds(job, config) if wall is None else wall * estimate.ranks(job.rule, config)
        hours[job.rule, wall is not None] += seconds / 3600
        count[job.rule, wall is not None] += 1
    gpu = estimate.has_gpus(config)
    found = [Line(rule, count[rule, m], hours[rule, m], gpu and rule in estimate.GPU_RULES, m) for rule, m in count]
    return sorted(found, key=lambda line: (-line.hours, line.rule))


def format_costs(found: list[Line], gib: float) -> str:
    """The estimate at 80 columns."""
    if not found:
        return "nothing is left to do"
    rows = [f"{'rule':<34}{'jobs':>6}{'hours':>10}  on    rests on"]
    for line in found:
        where = "GPU" if line.on_gpu else "core"
        basis = "measured" if line.measured else "estimated"
        rows.append(f"{line.rule:<34}{line.jobs:>6,}{line.hours:>10.2f}  {where:<5} {basis}")
    return "\n".join([*rows, "", f"left: {totals(found, gib)}"])


def without_gpus(jobs: Iterable[Left], config: Mapping[str, Any]) -> str:
    """What the fits that have a GPU would take on cores, in one line; "" where there are none."""
    fitted = (
        [Sizes(config, job) for job in jobs if job.rule in estimate.FITS_ON_GPU] if estimate.has_gpus(config) else []
    )
    hours = sum(fits.seconds(sizes, on_gpu=False) for sizes in fitted) / 3600
    rules = sorted({sizes.job.rule for sizes in fitted})
    return f"{', '.join(rules)} on cores: {hours:,.1f} core-hours in place of GPU-hours" if rules else ""


def totals(found: Iterable[Line], gib: float) -> str:
    """Hours and disk in one line."""
    hours = {where: 0.0 for where in (True, False)}
    for line in found:
        hours[line.on_gpu] += line.hours
    spent = [f"{hours[True]:,.1f} GPU-hours"] if hours[True] else []
    return ", ".join([*spent, f"{hours[False]:,.1f} core-hours", f"{gib:,.1f} GiB"])


def summary(jobs: Collection[Left], config: Mapping[str, Any]) -> str:
    """The estimate in one line, for the first lines of a run."""
    found = lines(jobs, config, measured(config["run"]))
    bases = {line.measured for line in found}
    basis = "partly measured" if len(bases) > 1 else "measured" if True in bases else "estimated"
    return f"{totals(found, disk.gib(jobs, config))} ({basis})"
