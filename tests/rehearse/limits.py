"""What profiles/slurm gives a job at its first attempt, what `make cost` expects of it, and whether a line fits."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from lib.cost import estimate
from rehearse.lines import MODEL, Line
from rehearse.project import ROOT

PROFILE = ROOT / "profiles/slurm/config.yaml"
WITHOUT_GPU = 16_000  # MB that no job of the CPU partition may exceed
BASE = 6_130  # MiB of the paper's base model, in bf16, which each rank has in memory before its GPU has it


class Limit(NamedTuple):
    """MB and minutes of the first attempt."""

    mem_mb: int
    runtime: int


def limits(path: Path = PROFILE) -> dict[str, Limit]:
    """By rule; "" is every rule that is not named."""
    profile = yaml.safe_load(path.read_text())
    default = profile["default-resources"]
    given = {"": default, **{rule: {**default, **own} for rule, own in profile["set-resources"].items()}}
    return {rule: Limit(*(value(own[name]) for name in Limit._fields)) for rule, own in given.items()}


def value(expression: object) -> int:
    """A resource at the first attempt: 4000, or an expression such as "min(16000 * attempt, 64000)"."""
    return int(eval(str(expression), {"__builtins__": {}}, {"attempt": 1, "min": min, "max": max}))


def needed(line: Line, config: Mapping[str, Any]) -> float:
    """MiB of a job: as measured; where a language model runs, of every rank, and with the paper's model on top."""
    if line.rule not in estimate.LLM_RULES or line.dataset == MODEL:
        return line.peak
    return estimate.ranks(line.rule, config) * (line.peak + BASE)


def faults(line: Line, limit: Limit, config: Mapping[str, Any]) -> list[str]:
    """In what the first attempt is too short for the line. Of a job for a GPU a CPU's time says nothing."""
    on_gpu, need = line.rule in estimate.GPU_RULES, needed(line, config)
    found = ["memory"] if need > limit.mem_mb or (not on_gpu and need > WITHOUT_GPU) else []
    time = line.whole if line.whole is not None else line.seconds
    return found + (["time"] if not on_gpu and time > 60 * limit.runtime else [])
