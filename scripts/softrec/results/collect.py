"""Collect the metrics files of all test runs into long tables: of selected hyperparameters, and of all candidates."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from common import files
from common.errors import SoftrecError
from softrec.io.choice_file import Setting
from softrec.results.long_table import LongRow


class Measured(NamedTuple):
    """A measured value, its setting ("alpha=10", or "" outside a grid), and whether that setting was selected."""

    row: LongRow
    setting: str
    chosen: bool


@dataclass(frozen=True)
class Run:
    """The run of one metrics file: its row and data set in Table 2, its seed and, in a grid, its setting.

    `choice` is the index of the choice file with the selected setting of the grid; None outside a grid.
    """

    method: str
    backbone: str
    dataset: str
    seed: int
    setting: Setting | None
    choice: int | None


@dataclass(frozen=True)
class CollectSettings:
    """Settings of the collection; `cells` has one `Run` per metrics file, in the same order."""

    cells: list[Run]


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


def collect(runs: list[Run], metrics: list[dict[str, float]], choices: list[Setting]) -> list[Measured]:
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
        label, chosen = run.setting.label() if run.setting else "", is_chosen(run, choices)
        for metric, value in values.items():
            row = LongRow(run.method, run.backbone, run.dataset, metric, run.seed, value)
            measured.append(Measured(row, label, chosen))
    require_chosen_runs(runs, choices)
    return measured


def is_chosen(run: Run, choices: list[Setting]) -> bool:
    """Whether a run belongs in Table 2: it has no grid, or its setting was selected.

    Raises:
        SoftrecError: a run has a setting without a choice file (or the reverse), or one of another hyperparameter.
    """
    if run.setting is None and run.choice is None:
        return True
    where = f"{run.method} {run.backbone} on {run.dataset}, seed {run.seed}"
    if run.setting is None or run.choice is None or not 0 <= run.choice < len(choices):
        what = f"the setting {run.setting and run.setting.label()} is given with choice {run.choice} of {len(choices)}"
        raise SoftrecError(what, where=where, remedy="a run of a grid has a setting and the index of its choice file")
    chosen = choices[run.choice]
    if chosen.name != run.setting.name:
        what = f"its choice file selects {chosen.name}, but its setting is of {run.setting.name}"
        raise SoftrecError(what, where=where, remedy="give the choice file of this grid")
    return chosen.value == run.setting.value


def require_chosen_runs(runs: list[Run], choices: list[Setting]) -> None:
    """Raise `SoftrecError` if a selected setting was not run: its cell would silently be missing from Table 2."""
    for index in sorted({run.choice for run in runs if run.choice is not None}):
        tested = [run.setting for run in runs if run.choice == index and run.setting]
        if choices[index] not in tested:
            ran = ", ".join(dict.fromkeys(setting.label() for setting in tested))
            raise SoftrecError(
                f"{choices[index].label()} was chosen, but only {ran} ran",
                where=f"choice {index + 1} of --choices",
                remedy="let Snakemake choose again over the configured grid",
            )
