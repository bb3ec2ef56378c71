"""Training of a run as Markdown: self-distilled data (Figure 2), and loss, tau and d_t by epoch."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from softrec.io.training_log import read_lines
from softrec.reporting.markdown import count, sides, table
from softrec.results.runs import Run
from softrec.stats.intervals import format_mean, format_share, wilson

Log = Sequence[Mapping[str, Any]]
Logs = Mapping[Run, Log]
LOSSES = (
    "Losses are means over the first epoch: on real data in SFT, on self-distilled data in SOFT(w/o SA), both from the "
    "base model and on the same rows in the same order. Logs have no losses of single rows, so an interval needs "
    "several seeds."
)
ALONE = "Logs have only means over rows: intervals are over seeds, and a single seed has none."


def read_logs(runs: Sequence[Run], paths: Sequence[Path]) -> Logs:
    """Read the lines of every training log."""
    return dict(zip(runs, map(read_lines, paths), strict=True))


def first_losses(logs: Logs, cell: Run) -> tuple[float, float]:
    """Return the first-epoch losses on real data, in SFT, and on self-distilled data, in SOFT(w/o SA)."""
    methods = ("SFT", "SOFT(w/o SA)")
    real, own = (logs[replace(cell, method=method)][0]["loss"] for method in methods)
    return real, own


def self_distilled(logs: Logs, cells: Sequence[Run], told: Sequence[Mapping[str, Any]]) -> str:
    """Return the table of first-epoch losses on both kinds of data and of hit ratios of self-distilled titles."""
    head = ["Data set", "Backbone", "Seed", "Loss, real", "Loss, self-distilled", "Ratio", "HR@1", "HC", "HC by chance"]
    lines, losses = [], [first_losses(logs, cell) for cell in cells]
    for cell, (real, own), said in zip(cells, losses, told, strict=True):
        known = said["HC"] is not None
        hc = (format_share(said["HC"], said["rows_with_category"]), f"{said['chance']:.4f}") if known else ("", "")
        numbers = f"{real:.4f}", f"{own:.4f}", f"{own / real:.4f}", format_share(said["HR@1"], said["rows"]), *hc
        lines.append([cell.dataset, cell.backbone, str(cell.seed), *numbers])
    note = f"{LOSSES}\n{summarize_losses(cells, losses)}\n{summarize_hits(told)}\n"
    return f"## Self-distilled data (Figure 2)\n{table(head, lines)}{note}"


def summarize_losses(cells: Sequence[Run], losses: Sequence[tuple[float, float]]) -> str:
    """Return a sentence on the ratio of losses per data set and backbone, with its interval if there are seeds."""
    ratios: dict[str, list[float]] = {}
    for cell, (real, own) in zip(cells, losses, strict=True):
        ratios.setdefault(f"{cell.dataset}, {cell.backbone}", []).append(own / real)
    return " ".join(
        f"{place}: the loss on self-distilled data is {format_mean(found)} of that on real data, "
        f"lower in {sum(ratio < 1 for ratio in found)} of {count(len(found), 'seed')}."
        for place, found in ratios.items()
    )


def summarize_hits(told: Sequence[Mapping[str, Any]]) -> str:
    """Return the sentences on the rows behind the hit ratios, and on HC's intervals relative to their chance levels."""
    rows = numbers(said["rows"] for said in told)
    text = f"HR@1 is over {rows} training rows, with Wilson's interval, which assumes independent rows"
    known = [said for said in told if said["HC"] is not None]
    if not known:
        return f"{text}. No target has a category, so there is no HC."
    text += f"; HC is over those whose target has a category, {numbers(s['rows_with_category'] for s in known)}"
    text += f" ({numbers(s['categories'] for s in known)} categories at level {numbers(s['level'] for s in known)})"
    spans = [(wilson(round(s["HC"] * s["rows_with_category"]), s["rows_with_category"]), s["chance"]) for s in known]
    return f"{text}. {count(len(known), 'interval')} of HC: {sides(spans, 'chance')}."


def numbers(values: Iterable[int]) -> str:
    """Format the range of values: "512" if all are equal, else "480 to 512"."""
    found = sorted(set(values))
    return f"{found[0]:,}" if len(found) == 1 else f"{found[0]:,} to {found[-1]:,}"


def by_epoch(logs: Logs, distance_rows: int) -> str:
    """Return the table of loss, tau and d_t by epoch for every tuned method, over its seeds."""
    rows: dict[tuple[str, str, str], list[Log]] = {}
    for run, log in logs.items():
        name = f"{run.method} {run.setting}".strip()
        rows.setdefault((run.dataset, run.backbone, name), []).append(log)
    head = ["Data set", "Backbone", "Row", "Epoch", "Seeds", "Loss", "tau", "d_t", "d_t / d_0", "Kept by"]
    lines = [line for row, runs in rows.items() for line in epochs_of(row, runs)]
    note = f"The loss is the mean over an epoch; tau and d_t are computed before the epoch. {ALONE} They are cut at 0, "
    note += "and those of tau at 1."
    fell = [log[-2]["d_t"] < log[-2]["d_0"] for log in logs.values() if "d_t" in log[-2]]
    if fell:
        note += f" d_t is over {count(distance_rows, 'row')}; before the last epoch it is below d_0 in {sum(fell)} of "
        note += f"{count(len(fell), 'run')} of SOFT."
    return f"## Epoch by epoch\n{table(head, lines)}{note}\n"


def epochs_of(row: tuple[str, str, str], runs: Sequence[Log]) -> list[list[str]]:
    """Return the lines of one method, an epoch each; runs that had stopped before an epoch are not in its line."""
    lines = []
    for epoch in range(1, max(map(len, runs))):  # the last line of a log is its summary, not an epoch
        found = [log[epoch - 1] for log in runs if epoch < len(log)]
        values = {name: [line[name] for line in found if name in line] for name in ("loss", "tau", "d_t")}
        values["ratio"] = [line["d_t"] / line["d_0"] for line in found if "d_t" in line]
        shown = [
            format_mean(numbers, most=1.0 if name == "tau" else math.inf) if numbers else ""
            for name, numbers in values.items()
        ]
        kept = sum(log[-1]["kept_epoch"] == epoch for log in runs)
        lines.append([*row, str(epoch), f"{len(found)} of {len(runs)}", *shown, str(kept or "")])
    return lines
