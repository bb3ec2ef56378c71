"""What was measured of each rule and data set, and of which code: the lines that are kept and committed."""

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lib.cost.sizes import Left
from rehearse.project import HERE, Project
from tools.dry_run import Job

MEASURED = HERE / "measured"
ALL = ""  # the data set of a rule that reads all of them
MODEL, OF_MODEL = "model", "game"  # of a rule that ran with the true base model, and whose rule that is

SCRIPT = re.compile(r"scripts/\w+\.py")
Noted = tuple[str, str]  # a script and one of its arguments


@dataclass(frozen=True)
class Line:
    """A rule on a data set; of several jobs the largest figure of each kind.

    Attributes:
        jobs: how many were measured.
        seconds, cpu: of a job, by the clock and of the processor.
        peak: memory in MiB, as the kernel counted it.
        disk: bytes of its outputs.
        whole: CPU seconds of a whole fit, extrapolated from the last epoch; None for what is no fit.
        digest: of the first such job of config/paper.yaml: its command, settings and code.
    """

    rule: str
    dataset: str
    jobs: int
    seconds: float
    cpu: float
    peak: float
    disk: int
    whole: float | None
    digest: str


def place(job: Job, datasets: Collection[str]) -> str:
    """The data set of a job, or `ALL`."""
    first = Left(job.rule, job.benchmark).place[:1]
    return first[0] if first and first[0] in datasets else ALL


def family(rule: str, datasets: Collection[str]) -> str:
    """A rule without the data set in its name."""
    start, _, last = rule.rpartition("_")
    return start if start and last in datasets else rule


def digests(paper_jobs: Iterable[Job], datasets: Collection[str]) -> dict[tuple[str, str], str]:
    """By rule and data set, a digest of the first job's command, which names its settings and its code."""
    first: dict[tuple[str, str], Job] = {}
    for job in sorted(paper_jobs, key=lambda job: job.benchmark):
        first.setdefault((family(job.rule, datasets), place(job, datasets)), job)
    found = {key: hashlib.sha256(job.command.encode()).hexdigest()[:16] for key, job in first.items()}
    return found | {(rule, MODEL): digest for (rule, dataset), digest in found.items() if dataset == OF_MODEL}


def collect(
    project: Project, jobs: Iterable[Job], known: Mapping[tuple[str, str], str], epochs: int, datasets: Collection[str]
) -> list[Line]:
    """A line for each rule and data set of which a job has run.

    Args:
        known: digests by rule and data set. epochs: of a whole fit.
    """
    peaks, found = read_peaks(project.peaks), {}
    for job in jobs:
        key = family(job.rule, datasets), place(job, datasets)
        if key in known and (figures := measured(project, job, peaks, epochs)):
            found.setdefault(key, []).append(figures)
    return [combined(*key, figures, known[key]) for key, figures in sorted(found.items())]


def combined(rule: str, dataset: str, figures: list[dict[str, Any]], digest: str) -> Line:
    """One line of several jobs."""
    most = {name: max((own[name] for own in figures if own[name] is not None), default=None) for name in figures[0]}
    return Line(rule, dataset, len(figures), digest=digest, **most)


def measured(project: Project, job: Job, peaks: Mapping[Noted, dict[str, Any]], epochs: int) -> dict[str, Any]:
    """Figures of a job that has run to its end; {} of one that has not."""
    outputs, script = project.outputs(job), SCRIPT.search(job.command)
    noted = peaks.get((script.group() if script else "", job.output[0]))
    if not noted or not all(path.exists() for path in outputs):
        return {}
    figures = {
        "seconds": round(noted["s"], 1),
        "cpu": round(noted["cpu"], 1),
        "peak": round(noted["mib"]),
        "disk": sum(size(path) for path in outputs),
    }
    logs = [path for path in outputs if path.name == "training.jsonl"]
    fit = job.rule.startswith("fit_") and logs
    return {**figures, "whole": whole(logs[0], figures["seconds"], figures["cpu"], epochs) if fit else None}


def whole(log: Path, seconds: float, cpu: float, epochs: int) -> float:
    """CPU seconds of `epochs` epochs: the start as it was, then each like the last one, its validation included.

    The log has seconds by the clock, of which a busy machine gives a job a part: that of the whole job.
    """
    each = [sum(line["seconds"].values()) for line in map(json.loads, log.read_text().splitlines()) if "epoch" in line]
    start = max(seconds - sum(each), 0.0)
    return round(cpu / seconds * (start + epochs * each[-1]), 1)


def read_peaks(path: Path) -> dict[Noted, dict[str, Any]]:
    """What the process of each job noted, by its script and each argument; of a job that ran again, the last run's."""
    found: dict[Noted, dict[str, Any]] = {}
    for line in map(json.loads, path.read_text().splitlines() if path.exists() else ()):
        script, *arguments = line["argv"]
        for argument in arguments:
            found[script, argument] = line
    return found


def size(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    return sum(p.stat().st_size for p in path.rglob("*") if p.is_file()) if path.is_dir() else path.stat().st_size


def keep(part: str, new: Iterable[Line], folder: Path = MEASURED) -> None:
    """Put lines into the part's file, in the place of those of the same rules and data sets."""
    lines = {(line.rule, line.dataset): line for line in [*read(part, folder), *new]}
    folder.mkdir(exist_ok=True)
    text = ",\n".join(json.dumps(asdict(line)) for _, line in sorted(lines.items()))
    (folder / f"{part}.json").write_text(f"[\n{text}\n]\n")


def read(part: str, folder: Path = MEASURED) -> list[Line]:
    """The lines of a part; none before it has run."""
    path = folder / f"{part}.json"
    return [Line(**own) for own in json.loads(path.read_text())] if path.exists() else []
