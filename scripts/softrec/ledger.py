"""Where a run's minutes went: per method, seed and stage (paper, Figure 6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from softrec import csvfiles, files
from softrec.job import manifest_of
from softrec.training_logs import read_lines

STAGES = {"train": "training", "validate": "validation", "schedule": "d_t", "reference": "reference"}
SELF_DISTILLED = "self-distillation"


@dataclass(frozen=True)
class Source:
    """The run that a training log belongs to: `setting` is its candidate of a grid ("alpha=10"), or ""."""

    dataset: str
    backbone: str
    method: str
    seed: int
    setting: str


@dataclass(frozen=True)
class LedgerSettings:
    """logs: the run of each training log; generated: the run whose answers each file holds; both in order."""

    logs: list[Source]
    generated: list[Source]


class Entry(NamedTuple):
    """Minutes of one stage of one run, and what they were spent on."""

    dataset: str
    backbone: str
    method: str
    seed: int
    setting: str
    stage: str
    minutes: float
    device: str


def entries_of_log(path: Path, source: Source) -> list[Entry]:
    """The stages of a training run, from the seconds of its epochs."""
    *epochs, summary = read_lines(path)
    total: dict[str, float] = {}
    for line in epochs:
        for stage, seconds in line["seconds"].items():
            total[STAGES[stage]] = total.get(STAGES[stage], 0.0) + seconds
    device = summary.get("device", "CPU")  # models over item ids are trained on the CPU
    return [Entry(*vars(source).values(), stage, s / 60, device) for stage, s in total.items() if s > 0]


def entry_of_answers(path: Path, source: Source, device: str) -> Entry:
    """The minutes of self-distillation, from the manifest beside the answers."""
    seconds = files.read_json(manifest_of(path))["seconds"]
    return Entry(*vars(source).values(), SELF_DISTILLED, seconds / 60, device)


def ledger(logs: Sequence[Path], answers: Sequence[Path], settings: LedgerSettings) -> list[Entry]:
    """Every stage of every run."""
    found = [e for path, source in zip(logs, settings.logs, strict=True) for e in entries_of_log(path, source)]
    device = {(e.dataset, e.backbone, e.seed): e.device for e in found}
    for path, source in zip(answers, settings.generated, strict=True):
        found.append(entry_of_answers(path, source, device[source.dataset, source.backbone, source.seed]))
    return found


def read_ledger(path: Path) -> list[dict[str, Any]]:
    """The entries as mappings, numbers as numbers."""
    return [
        {
            **fields,
            "seed": csvfiles.integer(fields, "seed", path, line),
            "minutes": csvfiles.number(fields, "minutes", path, line),
        }
        for line, fields in csvfiles.read_csv(path, Entry._fields)
    ]


def parts(method: str) -> tuple[str, ...]:
    """The runs that a method needs from scratch: SDPO and SOFT both build on SFT and pay for it."""
    return {
        "SDPO": ("SFT", "SDPO"),
        "SOFT": ("SFT", SELF_DISTILLED, "SOFT"),
        "SOFT(w/o SA)": ("SFT", SELF_DISTILLED, "SOFT(w/o SA)"),
    }.get(method, (method,))


def minutes_of(
    entries: Sequence[dict[str, Any]], dataset: str, backbone: str, method: str, seed: int, setting: str
) -> float:
    """Minutes of a method from scratch for one seed, with one setting of its grid.

    Downloads, the encoding of the catalogue and the generation for the test are in no entry: they are no training.
    """
    total = 0.0
    for part in parts(method):
        for entry in entries:
            own = (entry["dataset"], entry["backbone"], entry["seed"]) == (dataset, backbone, seed)
            named = entry["stage"] if part == SELF_DISTILLED else entry["method"]
            of_part = named == part and (part == SELF_DISTILLED or entry["stage"] != SELF_DISTILLED)
            if own and of_part and entry["setting"] == (setting if part == method else ""):
                total += entry["minutes"]
    return total
