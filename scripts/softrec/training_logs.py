"""Training logs: a line of JSON per epoch and a summary, as every training run writes them."""

import json
from pathlib import Path
from typing import Any

from softrec.errors import SoftrecError


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a file of JSON lines, of which there must be at least one."""
    lines = []
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            lines.append(dict(json.loads(text)))
        except (json.JSONDecodeError, TypeError, ValueError):
            raise log_error(path, number, f"{text[:60]!r} is not a JSON object") from None
    if not lines:
        raise log_error(path, 1, "it is empty")
    return lines


def log_error(path: Path, line: int, what: str) -> SoftrecError:
    """A fault of a training log."""
    return SoftrecError(
        f"{path} is no training log of SOFT: {what}",
        where=f"{path}, line {line}",
        remedy="remove it and let Snakemake train again",
    )
