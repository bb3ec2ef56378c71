"""A fitting run from files to model, for every sequential model."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import files
from common.errors import SoftrecError
from softrec.io.checkpoints import Checkpoint
from softrec.io.choice_file import read_choice
from softrec.job import program
from softrec.sequential import encoder, ranking, windows
from softrec.sequential.trainer import FitSettings, Method, Trainer


@dataclass(frozen=True)
class FitFiles:
    """The files of a run that fits an ID-based sequential recommender; it writes `model` and `log`."""

    train: Path
    valid: Path
    interactions: Path
    catalogue: Path
    model: Path
    log: Path


def as_read(windows: windows.Windows, path: Path) -> windows.Windows:
    """Items are all there is."""
    return windows


def fit_and_save(
    paths: FitFiles,
    key: str,
    settings: FitSettings,
    method: Method,
    l2: float,
    enrich: Callable[[windows.Windows, Path], windows.Windows] = as_read,
    **facts: Any,
) -> None:
    """Train from the last checkpoint, if there is one, and write model and log; at the end the checkpoint goes.

    Args:
        key: the run's identity (`checkpoints.run_key`): a run of another one does not see its checkpoint.
        enrich: adds to the windows of a file what the method reads beside items.
        facts: go into the log's summary, beside `l2`.
    """
    ranked = ranking.read_protocol(paths.catalogue, paths.interactions, settings.mask, settings.tie_seed)
    train, valid = (
        enrich(windows.read_windows(path, ranked.items, settings.length), path) for path in (paths.train, paths.valid)
    )
    checkpoint = Checkpoint(paths.model, key)
    trainer = Trainer(train, valid, ranked, settings, method, l2)
    *lines, summary = trainer.fit(checkpoint)
    encoder.save(method.finished(trainer.model), paths.model)
    with files.write_whole(paths.log) as partial:
        lines.append({**summary, "l2": l2, **facts})
        partial.write_text("".join(json.dumps(line, allow_nan=False) + "\n" for line in lines))
    program.last(checkpoint.clear)


def candidate_or_chosen(choices: Sequence[Path] | None, name: str, candidate: float | None) -> float:
    """The value of the setting `name` that a run trains with: its own candidate, or what the file of a choice says.

    Args:
        choices: that file alone where there is no candidate, else none.

    Raises:
        SoftrecError: both are given, or neither, or the choice is about another setting.
    """
    given = choices or []
    if len(given) != (candidate is None):
        found = f"settings.{name} is {json.dumps(candidate)}, and {len(given)} choice files are given"
        raise SoftrecError(found, where="--choice", remedy=f"give a candidate of {name}, or null and one choice file")
    return chosen(given[0], name) if candidate is None else candidate


def chosen(path: Path, name: str) -> float:
    """The value of `name` that a choice file says validation chose."""
    setting = read_choice(path)
    if setting.name != name:
        raise SoftrecError(f"{path} is about {setting.name}, not about {name}", remedy=f"give the choice of {name}")
    return setting.value
