"""Cost of the remaining jobs in GPU-hours, core-hours and disk.

If there are benchmarks of finished jobs of the same kind, their mean is used ("measured"), times the job's ranks; else
an estimate from the configuration (`estimate`, `disk`).
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
    """One rule: remaining jobs, their hours, whether these are GPU-hours, and whether they were measured."""

    rule: str
    jobs: int
    hours: float
    on_gpu: bool
    measured: bool


def measured(run: str, root: Path = Path()) -> dict[str, float]:
    """Return the mean seconds of finished jobs by kind of benchmark; {} before anything has run.

    Benchmarks without seconds, as after a killed job, are ignored.
    """
    found: dict[str, list[float]] = {}
    for path in sorted((root / "results" / run / "benchmarks").rglob("*.tsv")):
        with path.open(newline="", encoding="utf-8", errors="replace") as stream:
            for fields in csv.DictReader(stream, delimiter="\t"):
                if (spent := time_of(fields.get("s"))) is not None:
                    found.setdefault(kind_of(path.parts), []).append(spent)
    return {kind: fmean(values) for kind, values in found.items()}


def time_of(text: str | None) -> float | None:
    """Parse a time in a benchmark; None if it is not a finite, non-negative number."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def kind_of(parts: Iterable[str]) -> str:
    """Return the kind of a benchmark: its path without run, seed and candidate ("game/bigrec/soft/tune.tsv")."""
    kept = [part for part in parts if "=" not in part]
    return "/".join(kept[kept.index("benchmarks") + 1 :])


class Wall(NamedTuple):
    """Seconds from the start of a job to its end, whether they were measured, and the kind and rule of the job."""

    kind: str
    seconds: float
    measured: bool
    rule: str = ""


def wall(job: Left, config: Mapping[str, Any], known: Mapping[str, float]) -> Wall:
    """Return the mean of finished jobs of the same kind, else the estimate."""
    kind = kind_of(Path(job.benchmark).parts) if job.benchmark else job.rule
    if (seconds := known.get(kind)) is not None:
        return Wall(kind, seconds, True, job.rule)
    return Wall(kind, estimate.seconds(job, config) / estimate.ranks(job.rule, config), False, job.rule)


def lines(jobs: Iterable[Left], config: Mapping[str, Any], known: Mapping[str, float]) -> list[Line]:
    """Return one line per rule and basis (measured or estimated), the most hours first."""
    hours: defaultdict[tuple[str, bool], float] = defaultdict(float)
    count: Counter[tuple[str, bool]] = Counter()
    for job in jobs:
        _, seconds, on_record, _ = wall(job, config, known)
        hours[job.rule, on_record] += seconds * estimate.ranks(job.rule, config) / 3600
        count[job.rule, on_record] += 1
    gpu = estimate.has_gpus(config)
    found = [Line(rule, count[rule, m], hours[rule, m], gpu and rule in estimate.GPU_RULES, m) for rule, m in count]
    return sorted(found, key=lambda line: (-line.hours, line.rule))


def format_costs(found: list[Line], gib: float) -> str:
    """Format the cost as a table within 80 columns."""
    if not found:
        return "nothing is left to do"
    rows = [f"{'rule':<34}{'jobs':>6}{'hours':>10}  on    rests on"]
    for line in found:
        where = "GPU" if line.on_gpu else "core"
        basis = "measured" if line.measured else "estimated"
        rows.append(f"{line.rule:<34}{line.jobs:>6,}{line.hours:>10.2f}  {where:<5} {basis}")
    return "\n".join([*rows, "", f"left: {totals(found, gib)}"])


def without_gpus(jobs: Iterable[Left], config: Mapping[str, Any]) -> str:
    """Return one line with the core-hours of recommenders trained on a GPU, if trained on cores; "" without any."""
    fitted = (
        [Sizes(config, job) for job in jobs if job.rule in estimate.FITS_ON_GPU] if estimate.has_gpus(config) else []
    )
    hours = sum(fits.seconds(sizes, on_gpu=False) for sizes in fitted) / 3600
    rules = sorted({sizes.job.rule for sizes in fitted})
    return f"{', '.join(rules)} on cores: {hours:,.1f} core-hours in place of GPU-hours" if rules else ""


def totals(found: Iterable[Line], gib: float) -> str:
    """Format total hours and disk in one line."""
    hours = {where: 0.0 for where in (True, False)}
    for line in found:
        hours[line.on_gpu] += line.hours
    spent = [f"{hours[True]:,.1f} GPU-hours"] if hours[True] else []
    return ", ".join([*spent, f"{hours[False]:,.1f} core-hours", f"{gib:,.1f} GiB"])


def summary(jobs: Collection[Left], config: Mapping[str, Any]) -> str:
    """Return the cost in one line, for the summary at the start of a run."""
    found = lines(jobs, config, measured(config["run"]))
    bases = {line.measured for line in found}
    basis = "partly measured" if len(bases) > 1 else "measured" if True in bases else "estimated"
    return f"{totals(found, disk.gib(jobs, config))} ({basis})"
