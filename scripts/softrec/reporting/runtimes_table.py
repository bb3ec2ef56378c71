"""Minutes of each method by stage, as means over seeds, for the report."""

from collections.abc import Sequence
from statistics import fmean

from softrec.reporting import markdown
from softrec.results.runs import Run
from softrec.results.runtimes import Entry


def format_runtimes(entries: Sequence[Entry]) -> str:
    """Return one line per method and setting, one column of wall-clock minutes per stage, as Markdown."""
    stages = list(dict.fromkeys(entry.stage for entry in entries))
    groups: dict[tuple[Run, int, str], list[Entry]] = {}
    for entry in entries:
        run = Run(entry.dataset, entry.backbone, entry.method, setting=entry.setting)
        groups.setdefault((run, entry.ranks, entry.device), []).append(entry)
    lines = []
    for (run, ranks, device), own in groups.items():
        name = " ".join(filter(None, (run.backbone, run.method, run.setting)))
        seeds = {entry.seed for entry in own}
        minutes = [[entry.minutes for entry in own if entry.stage == stage] for stage in stages]
        cells = [f"{fmean(values):.2f}" if values else "" for values in minutes]
        lines.append([run.dataset, name, "all" if None in seeds else str(len(seeds)), *cells, str(ranks), device])
    table = markdown.table(["Data set", "Method", "Seeds", *stages, "Processes", "Device"], lines)
    return f"{table.strip()}\n\nMinutes of wall-clock time, means over seeds. A dash: the method has no such stage.\n"
