"""A training run from input files to model and log, for every ID-based sequential recommender."""

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
    """The files of a training run, which writes `model` and `log` and reads the others."""

    train: Path
    valid: Path
    interactions: Path
    catalogue: Path
    model: Path
    log: Path


def as_read(windows: windows.Windows, path: Path) -> windows.Windows:
    """Return the windows unchanged: the default for methods that read only items."""
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
    """Train, from the last checkpoint if there is one, write model and log, and remove the checkpoints.

    Args:
        paths: the files of the run.
        key: the run's identity (`checkpoints.run_key`): checkpoints of another key are ignored.
        settings: the settings of the training.
        method: network, negatives and loss.
        l2: Adam's weight decay.
        enrich: adds to the windows of a file the inputs that the method reads besides items.
        facts: added to the summary in the log, besides `l2`.
    """
    ranked = ranking.read_protocol(paths.catalogue, paths.interactions, settings.mask, settings.tie_seed)
    train, valid = (
        enrich(windows.read_windows(path, ranked.items, settings.length), path) for path in (paths.train, paths.valid)
    )
    checkpoint = Checkpoint(paths.model, key)
    trainer = Trainer(train, valid, ranked, settings, method, l2)
    *lines, summary = trainer.fit(checkpoint)
    encoder.save(method.finished(trainer.model), paths.model)
    with files.atomic_write(paths.log) as partial:
        lines.append({**summary, "l2": l2, **facts})
        partial.write_text("".join(json.dumps(line, allow_nan=False) + "\n" for line in lines))
    program.after_success(checkpoint.clear)  # after the manifests are written: until then the checkpoint may be needed


def candidate_or_chosen(choices: Sequence[Path] | None, name: str, candidate: float | None) -> float:
    """Return the hyperparameter that a run trains with: its own candidate, or the value selected on validation.

    Args:
        choices: the choice file with the selected value; none if there is a candidate.
        name: of the hyperparameter.
        candidate: the run's candidate of a grid search, or None.

    Raises:
        SoftrecError: both are given, or neither, or the choice file is for another hyperparameter.
    """
    given = choices or []
    if len(given) != (candidate is None):
        found = f"settings.{name} is {json.dumps(candidate)}, and {len(given)} choice files are given"
        raise SoftrecError(found, where="--choice", remedy=f"give a candidate of {name}, or null and one choice file")
    return read_selected(given[0], name) if candidate is None else candidate


def read_selected(path: Path, name: str) -> float:
    """Read the value of `name` from a choice file. Raise `SoftrecError` if it is for another hyperparameter."""
    setting = read_choice(path)
    if setting.name != name:
        raise SoftrecError(f"{path} selects {setting.name}, not {name}", remedy=f"give the choice of {name}")
    return setting.value
