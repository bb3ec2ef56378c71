"""Selection of a hyperparameter on validation, never on test; the result is a choice file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from pathlib import Path
from typing import Any

from common.errors import SoftrecError
from softrec.io.choice_file import Setting
from softrec.io.records import Record
from softrec.io.training_log import texts

Results = Mapping[Any, Mapping[int, Mapping[str, float]]]
"""Maps value to seed to metrics of the kept epoch, in the order of the configuration."""


@dataclass(frozen=True)
class Candidate:
    """One training run: its value of the hyperparameter (as configured) and its seed."""

    value: Any
    seed: int


@dataclass(frozen=True)
class SelectionSettings:
    """Settings of the selection.

    Attributes:
        name: name of the hyperparameter in the choice file ("l2", "alpha").
        candidates: the runs, in the order of the configuration and of `--logs`.
        metrics: validation metrics (["H@10", "NG@10"]): values are compared by the mean of the first over seeds, ties
            by the next, and so on; higher is better.
    """

    name: str
    candidates: list[Candidate]
    metrics: list[str]


def kept_epoch(log: Path, metrics: Sequence[str]) -> dict[str, float]:
    """Read the validation `metrics` of a training run's kept epoch from the summary, the last line of its log.

    Raises:
        SoftrecError: the log has no summary (an unfinished run), or lacks a metric.
    """
    lines = [line for line in texts(log) if line.strip()]
    try:
        summary = json.loads(lines[-1]) if lines else {}
    except (ValueError, RecursionError):
        summary = {}
    if not (isinstance(summary, dict) and summary.get("summary") is True):
        raise SoftrecError(
            f"{log} does not end with a summary: its training did not finish",
            where=f"{log}, line {len(lines)}",
            remedy=f"remove {log} and let Snakemake train again",
        )
    validation = Record(summary, log).record("validation")
    missing = [name for name in metrics if name not in validation.value]
    if missing:
        raise SoftrecError(
            f"{log} has no validation metric {missing[0]!r}, only {sorted(validation.value)}",
            remedy="add its cutoff to the configuration, or choose by another metric",
        )
    return {name: validation.number(name, 0, 1) for name in metrics}


def by_value(candidates: Sequence[Candidate], found: Sequence[Mapping[str, float]]) -> Results:
    """Group metrics by value and seed; values are in the order in which the configuration first names them.

    Raises:
        SoftrecError: a run is given twice, or the values were not run with the same seeds.
    """
    results: dict[Any, dict[int, Mapping[str, float]]] = {}
    for candidate, metrics in zip(candidates, found, strict=True):
        runs = results.setdefault(candidate.value, {})
        if candidate.seed in runs:
            what = f"value {candidate.value} with seed {candidate.seed} is given as a candidate twice"
            raise SoftrecError(what, where="settings.candidates", remedy="give each candidate once")
        runs[candidate.seed] = metrics
    first = set(next(iter(results.values()), {}))
    for value, runs in results.items():
        if set(runs) != first:
            what = f"value {value} was run with seeds {sorted(runs)}, the first value with {sorted(first)}"
            raise SoftrecError(what, where="settings.candidates", remedy="give the same seeds for each value")
    return results


def choose(results: Results, metrics: Sequence[str], seeds: Sequence[int]) -> Any:
    """Return the value with the highest mean of `metrics[0]` over `seeds`; ties are broken by `metrics[1]`, and so on.

    Among values equal in all metrics, the one that the configuration names first is chosen.
    """

    def score(value: Any) -> tuple[float, ...]:
        return tuple(fsum(results[value][seed][name] for seed in seeds) / len(seeds) for name in metrics)

    return max(results, key=score)  # max keeps the first of equals, and a dict keeps the order of configuration


def decide(settings: SelectionSettings, found: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """Build the content of the choice file from the metrics of each candidate's kept epoch.

    Raises:
        SoftrecError: there are no candidates, counts differ, or values were run with different seeds.
    """
    if not found or len(found) != len(settings.candidates):
        raise SoftrecError(
            f"{len(found)} training logs for {len(settings.candidates)} candidates of {settings.name}",
            where="--logs and settings.candidates",
            remedy="give one log per candidate, in the same order",
        )
    results = by_value(settings.candidates, found)
    seeds = list(next(iter(results.values())))
    return {
        "name": settings.name,
        "chosen": choose(results, settings.metrics, seeds),
        "seeds": seeds,
        "metrics": settings.metrics,
        "candidates": [
            {"value": c.value, "seed": c.seed, **metrics} for c, metrics in zip(settings.candidates, found, strict=True)
        ],
    }


def position_of_chosen(choice: Setting, name: str, values: Sequence[Any]) -> int:
    """Return the index of the chosen value in `values`.

    Raises:
        SoftrecError: the choice is about another hyperparameter, or its value is not among `values`.
    """
    if choice.name != name:
        what = f"the choice file selects {choice.name}, not {name}"
        raise SoftrecError(what, where="--choice", remedy=f"give the choice of {name}")
    if choice.value not in values:
        raise SoftrecError(
            f"the chosen {choice.label()} is not among the configured {list(values)}",
            where="--choice and settings.values",
            remedy="remove the choice file and let Snakemake choose again",
        )
    return list(values).index(choice.value)
