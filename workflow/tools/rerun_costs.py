"""Write the table of docs/architecture.md on the cost of changing a module.

    python workflow/tools/rerun_costs.py

It lists the jobs of config/paper.yaml by a dry run, and writes for each module the GPU-hours (by the formulas of
`make cost`) of all jobs that a change of the module makes stale: the jobs whose digest names the module, and all jobs
downstream. A second column has the cost if modules of a job's frame counted too.
"""

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import yaml

from lib.cost import estimate
from lib.cost.sizes import Left
from lib.graph import code_digest
from lib.records import changes
from tools import dry_run
from tools.dry_run import Job
from tools.page_tables import Table, filled

ROOT = Path(__file__).resolve().parents[2]
PAGE, CONFIG = ROOT / "docs/architecture.md", ROOT / "config/paper.yaml"


def hours(job: Job, config: Mapping[str, Any]) -> float:
    """Return the GPU-hours of a job; 0 for a job on cores."""
    if job.rule not in estimate.GPU_RULES:
        return 0.0
    return estimate.seconds(Left(job.rule, job.benchmark), config) / 3600


def counted(job: Job) -> frozenset[str]:
    """Return the modules that a job's digest names."""
    return frozenset(changes.option(job.command, "--code") or ())


def loaded(job: Job) -> frozenset[str]:
    """Return the modules that a job's digest names, and the modules of the frame that they import."""
    first, *others = sorted(counted(job))
    return frozenset(code_digest.closure(first, *others))


def readers(jobs: Sequence[Job]) -> dict[int, list[int]]:
    """Return, for each job by its index, the jobs that read its outputs."""
    maker = {path: number for number, job in enumerate(jobs) for path in job.output}
    found: dict[int, list[int]] = defaultdict(list)
    for number, job in enumerate(jobs):
        for made in {maker[path] for path in job.input if path in maker}:
            found[made].append(number)
    return found


def stale(first: Iterable[int], after: Mapping[int, list[int]]) -> set[int]:
    """Return the jobs in `first` and all jobs downstream of them."""
    found, waiting = set(), list(first)
    while waiting:
        if (number := waiting.pop()) not in found:
            found.add(number)
            waiting.extend(after.get(number, ()))
    return found


def costs(config: Mapping[str, Any], jobs: Sequence[Job]) -> dict[str, tuple[float, float]]:
    """Return the GPU-hours by module: if all modules counted, and as implemented (without the frame)."""
    after, spent = readers(jobs), [hours(job, config) for job in jobs]
    sets = {names: (names, loaded(job)) for job in jobs if (names := counted(job))}
    with_module: dict[str, tuple[set[int], set[int]]] = defaultdict(lambda: (set(), set()))
    for number, job in enumerate(jobs):
        if names := counted(job):
            own, all_of_them = sets[names]
            for name in all_of_them:
                with_module[name][0].add(number)
            for name in own:
                with_module[name][1].add(number)
    known: dict[frozenset[int], float] = {}

    def total(first: set[int]) -> float:
        key = frozenset(first)
        if key not in known:
            known[key] = sum(spent[number] for number in sorted(stale(key, after)))
        return known[key]

    return {name: (total(before), total(now)) for name, (before, now) in with_module.items()}


def table(found: Mapping[str, tuple[float, float]]) -> Table:
    """Return the table with one row for all modules of the same cost, the highest first; scripts are left out."""
    alike: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, (before, now) in sorted(found.items(), key=lambda item: (-item[1][1], -item[1][0], item[0])):
        if name.split(".")[0] in ("common", "softrec"):
            alike[f"{before:.1f}", f"{now:.1f}"].append(name.removeprefix("softrec."))
    rows = [(", ".join(by_room(names)), *cost) for cost, names in alike.items()]
    return Table(("modules", "if all counted", "GPU-hours"), rows)


def by_room(names: Iterable[str]) -> Iterator[str]:
    """Group the module names by package: "**tuning** losses update"."""
    rooms: dict[str, list[str]] = defaultdict(list)
    for name in names:
        room, _, module = name.rpartition(".")
        rooms[room].append(module)
    for room, modules in sorted(rooms.items()):
        yield f"**{room}** {' '.join(sorted(modules))}" if room else " ".join(sorted(modules))


def main() -> None:
    """Write the table into the page."""
    jobs = dry_run.jobs(["--configfile", str(CONFIG), "--forceall"])
    found = costs(yaml.safe_load(CONFIG.read_text()), jobs)
    PAGE.write_text(filled(PAGE.read_text(), {"reruns": table(found)}))


if __name__ == "__main__":
    main()
