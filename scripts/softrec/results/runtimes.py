"""Runtimes of a run by method, seed and stage (paper, Figure 6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from common.errors import SoftrecError
from common.files import manifest_of
from softrec.io import csv_files
from softrec.io.choice_file import Setting
from softrec.io.records import Record, read_record
from softrec.io.training_log import read_lines
from softrec.job import timing
from softrec.results.runs import Run

TRAINING = "training"
STAGES = {"train": TRAINING, "validate": "validation", "schedule": "d_t", "reference": "reference"}
LOSS = "validation loss"  # the stage "schedule" of a run whose tau is computed from it
AGAIN = "remove it, with the outputs of its job, and let Snakemake make them again"
CPU = "CPU"  # the device of a job that used no GPU
SELF_DISTILLED, INITIAL_DISTANCE = "self-distillation", "d_0"  # separate jobs, outside the tuning runs


@dataclass(frozen=True)
class RuntimesSettings:
    """The run of each training log, of each file of self-distilled data, and of each d_0, in the order of the files."""

    logs: list[Run]
    generated: list[Run]
    distances: list[Run]


class Entry(NamedTuple):
    """Wall-clock minutes of one stage of one run, with `ranks` parallel processes, each on its own `device`."""

    dataset: str
    backbone: str
    method: str
    seed: int | None
    setting: str
    stage: str
    minutes: float
    ranks: int
    device: str

    @property
    def process_minutes(self) -> float:
        """Minutes summed over processes: GPU-minutes where each process has a GPU."""
        return self.minutes * self.ranks


def entries_of_log(path: Path, run: Run) -> list[Entry]:
    """Read the stages of a training run from the seconds of its epochs.

    For a run that was resumed with another number of ranks or on another device, the last ones count for all epochs.

    Raises:
        SoftrecError: the log lacks the device or the ranks, or the L2 of an ID-based sequential recommender.
    """
    *epochs, summary = read_lines(path)
    total = {TRAINING: 0.0}
    for number, line in enumerate(epochs, start=1):
        for stage, seconds in Record(line, path, line=number).record("seconds").value.items():
            name = LOSS if stage == "schedule" and "loss_t" in line else STAGES[stage]
            total[name] = total.get(name, 0.0) + seconds
    if not isinstance(device := summary.get("device"), str):
        raise missing_key(path, "on which device its job ran", "device")
    ranks = ranks_of(summary, path)
    kept = {stage: seconds for stage, seconds in total.items() if seconds > 0 or stage == TRAINING}
    facts = {**vars(replace(run, setting=setting_of(summary, run, path))), "ranks": ranks, "device": device}
    return [Entry(**facts, stage=stage, minutes=seconds / 60) for stage, seconds in kept.items()]


def setting_of(summary: Mapping[str, Any], run: Run, path: Path) -> str:
    """Return a run's setting; that of an ID-based recommender is the L2 in the summary of the log."""
    if run.backbone:
        return run.setting
    if not isinstance(l2 := summary.get("l2"), float):
        raise missing_key(path, "with which L2 its model was trained", "l2")
    return Setting("l2", l2).label()


def entry_of_output(path: Path, run: Run, stage: str) -> Entry:
    """Read a job's working time, without its start and loading, from the manifest beside its output.

    Raises:
        SoftrecError: the manifest is missing, or lacks the seconds or the ranks.
    """
    place = manifest_of(path)
    if not place.exists():
        raise SoftrecError(f"{place} is not there", remedy=f"remove {path} and let Snakemake make it again")
    try:
        manifest = read_record(place)
        if timing.NOTE not in (notes := manifest.record("notes")).value:
            raise missing_key(place, "how long its job worked", f"notes.{timing.NOTE}")
        minutes = notes.number(timing.NOTE, 0) / 60
        gpus = manifest.record("hardware").value.get("gpus")
    except SoftrecError as error:  # a manifest is no output of a rule: only with its job's outputs is it made again
        raise SoftrecError(error.what, where=error.where, remedy=AGAIN) from error
    device = str(gpus[0]) if isinstance(gpus, list) and gpus else CPU
    ranks = ranks_of(manifest.value, place)
    return Entry(**vars(run), stage=stage, minutes=minutes, ranks=ranks, device=device)


def ranks_of(facts: Mapping[str, Any], path: Path) -> int:
    """Return the number of processes of a job.

    Raises:
        SoftrecError: the key is missing: the file is older than the key, and its job may have had any number.
    """
    if type(ranks := facts.get("ranks")) is not int or ranks < 1:
        raise missing_key(path, "on how many ranks its job ran", "ranks")
    return ranks


def missing_key(path: Path, what: str, key: str) -> SoftrecError:
    """Return the error for a file of an earlier version, which lacks a key that runtimes need."""
    return SoftrecError(f"{path} does not record {what}", where=f"{path}, key {key}", remedy=AGAIN)


def collect(
    logs: Sequence[Path], answers: Sequence[Path], distances: Sequence[Path], settings: RuntimesSettings
) -> list[tuple[Entry, Path]]:
    """Collect every stage of every run, each with the output of its job that it was read from or beside."""
    found = [(e, path) for path, source in zip(logs, settings.logs, strict=True) for e in entries_of_log(path, source)]
    for path, source in zip(answers, settings.generated, strict=True):
        found.append((entry_of_output(path, source, SELF_DISTILLED), path))
    for path, source in zip(distances, settings.distances, strict=True):
        found.append((entry_of_output(path, source, INITIAL_DISTANCE), path))
    return found


def read_runtimes(path: Path) -> list[Entry]:
    """Read the entries of a runtimes.csv; an empty seed means that the run serves every seed."""
    return [
        Entry(
            dataset=fields["dataset"],
            backbone=fields["backbone"],
            method=fields["method"],
            seed=csv_files.integer(fields, "seed", path, line) if fields["seed"] else None,
            setting=fields["setting"],
            stage=fields["stage"],
            minutes=csv_files.number(fields, "minutes", path, line, 0),
            ranks=csv_files.integer(fields, "ranks", path, line),
            device=fields["device"],
        )
        for line, fields in csv_files.read_csv(path, Entry._fields)
    ]
