"""Collect the metrics files of all test runs into long tables: of selected hyperparameters, and of all candidates."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from common import files
from common.errors import SoftrecError
from softrec.results.long_table import LongRow
from softrec.results.runs import Run, Selected, is_selected, require_selected_runs


class Measured(NamedTuple):
    """A measured value, its setting ("alpha=10", or "" outside a grid), and whether that setting was selected."""

    row: LongRow
    setting: str
    chosen: bool


@dataclass(frozen=True)
class CollectSettings:
    """Settings of the collection: the run of each metrics file, and the row of each choice file, in their order."""

    cells: list[Run]
    choices: list[Run]


def read_metrics(path: Path, key: str = "metrics") -> dict[str, float]:
    """Read and check the metrics of a metrics file: shares between 0 and 1 that some list of ranks attains.

    Args:
        path: the metrics file.
        key: "metrics" for the paper's sample of rows, "metrics_all" for all rows.

    Raises:
        SoftrecError: the file lacks the metrics, or no list of ranks attains them.
    """
    report = files.read_json(path)
    metrics = report.get(key) if isinstance(report, dict) else None
    if not isinstance(metrics, dict) or not metrics:
        raise SoftrecError(f"{path} has no {key}", where=f"{path}, key {key}", remedy="run the ranking rule again")
    for name, value in metrics.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise SoftrecError(f"{name} is {value!r}", where=str(path), remedy="a hit ratio or NDCG is between 0 and 1")
    metrics = {name: float(value) for name, value in metrics.items()}
    wrong = impossible(metrics)
    if wrong:
        raise SoftrecError(wrong, where=str(path), remedy="the metrics disagree with each other: report this as a bug")
    return metrics


def impossible(metrics: dict[str, float], tolerance: float = 1e-9) -> str | None:
    """Return why no list of ranks attains these H@K and NG@K, or None if there is no contradiction.

    A target at 0-based rank r counts 1 in H and 1 / log2(r + 2) in NG, so between two cut-offs J < K
    (H@K - H@J) / log2(K + 1) <= NG@K - NG@J <= (H@K - H@J) / log2(J + 2); both are 0 at the cut-off 0.
    """
    cutoffs = sorted(int(name[2:]) for name in metrics if name.startswith("H@") and f"NG@{name[2:]}" in metrics)
    j, hit, gain = 0, 0.0, 0.0
    for k in cutoffs:
        new_hit, new_gain = metrics[f"H@{k}"], metrics[f"NG@{k}"]
        low, high = (new_hit - hit) / math.log2(k + 1), (new_hit - hit) / math.log2(j + 2)
        if new_hit < hit - tolerance or not low - tolerance <= new_gain - gain <= high + tolerance:
            span = f"between {low:.6f} and {high:.6f}"
            return (
                f"no ranks have H@{j}, H@{k} = {hit}, {new_hit} and NG@{k} - NG@{j} = {new_gain - gain:.6f}, not {span}"
            )
        j, hit, gain = k, new_hit, new_gain
    return None


def collect(runs: list[Run], metrics: list[dict[str, float]], selected: Selected) -> list[Measured]:
    """Collect every value of every run, in the order of `runs`, and mark those of the selected settings.

    Raises:
        SoftrecError: runs and metrics differ in number, a run of a grid has no choice file (or the reverse), or no run
            has the selected setting.
    """
    if len(runs) != len(metrics):
        what = f"{len(metrics)} metrics files are given for {len(runs)} cells"
        raise SoftrecError(
            what, where="--metrics and settings.cells", remedy="give one file per cell, in the same order"
        )
    measured = []
    for run, values in zip(runs, metrics, strict=True):
        chosen = is_selected(run, selected)
        for metric, value in values.items():
            row = LongRow(run.method, run.backbone, run.dataset, metric, run.known_seed(), value)
            measured.append(Measured(row, run.setting, chosen))
    require_selected_runs(runs, selected)
    return measured
