"""Reader of training logs: one JSON object per epoch and a summary, as written by every training run."""

import json
from pathlib import Path
from typing import Any

from common.errors import SoftrecError
from softrec.io.records import Record

REMEDY = "remove it and let Snakemake train again"
STAGES = ("train", "validate", "schedule", "reference")  # stages whose seconds an epoch may record
COUNTS = ("teacher_rows", "training_rows", "chains_of_thought")


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Read the objects of a training log.

    Raises:
        SoftrecError: the log is empty or not UTF-8, a line is not a JSON object, or a known key has an invalid value.
    """
    lines = [parse(path, number, text) for number, text in enumerate(texts(path), start=1)]
    if not lines:
        raise log_error(path, 1, "it is empty")
    for number, line in enumerate(lines, start=1):
        require_known(Record(line, path, line=number))
    return lines


def texts(path: Path) -> list[str]:
    """Read the lines of a log. Raises `SoftrecError` if it is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise log_error(path, line, f"byte {error.object[error.start]:#04x} is not UTF-8") from None


def parse(path: Path, number: int, text: str) -> dict[str, Any]:
    """Parse the object in a line. Raises `SoftrecError` if there is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise log_error(path, number, f"{text[:60]!r} is not a JSON object")
    return value


def require_known(line: Record) -> None:
    """Raise `SoftrecError` unless the known keys of a line have valid values."""
    known = {
        "loss": line.number,
        "tau": lambda key: line.number(key, 0, 1),
        "d_t": lambda key: line.number(key, 0),
        "d_0": lambda key: line.number(key, 0),
        "l2": lambda key: line.number(key, 0),
        "device": line.text,
        "ranks": lambda key: line.whole(key, least=1),
        "seconds": lambda key: require_seconds(line.record(key)),
        **dict.fromkeys(COUNTS, line.whole),
    }
    for key, check in known.items():
        if key in line.value:
            check(key)


def require_seconds(seconds: Record) -> None:
    """Raise `SoftrecError` unless the seconds of an epoch are non-negative and belong to known stages."""
    for stage in seconds.value:
        if stage not in STAGES:
            raise seconds.wrong(stage, seconds.value[stage], f"the seconds of one of {', '.join(STAGES)}")
        seconds.number(stage, 0)


def log_error(path: Path, line: int, what: str) -> SoftrecError:
    """Build the error for an invalid training log."""
    return SoftrecError(f"{path} is not a training log: {what}", where=f"{path}, line {line}", remedy=REMEDY)
