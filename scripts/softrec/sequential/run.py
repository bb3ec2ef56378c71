"""A training run from input files to model and log, for every ID-based sequential recommender."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from common import files
from common.errors import SoftrecError
from softrec.io.checkpoints import Checkpoint
from softrec.io.choice_file import read_choice
from softrec.job import program
from softrec.job.settings import build
from softrec.sequential import encoder, ranking, windows
from softrec.sequential.trainer import FitSettings, Method, Trainer


@dataclass(frozen=True)
class SequentialSettings:
    """Settings of a training run of a method that reads only items.

    Attributes:
        fit: the settings of the training.
        method: the method's module in `softrec.sequential`.
        options: the fields of the module's `Options`, without the searched hyperparameter.
        search: name of the hyperparameter that validation selects: "l2", or a field of `Options`.
        candidate: the run's candidate of it, or null for the selected value.
    """

    fit: FitSettings
    method: str
    options: dict[str, Any]
    search: str
    candidate: float | None


@dataclass(frozen=True)
class SequentialRankSettings:
    """Settings of ranking: the network's shape and the mask, and its module in `softrec.sequential`."""

    rank: ranking.RankSettings
    network: str


@dataclass(frozen=True)
class FitFiles:
    """The files of a training run, which writes `model` and `log` and reads the others."""

    train: Path
    valid: Path
    interactions: Path
    catalogue: Path
    model: Path
    log: Path


def method_module(name: str) -> Any:
    """Import a method's module: `Options`, `method(options)`, and `network(items, settings)` if it has its own.

    A module that uses SASRec's network has no `network`: its saved weights are ranked by `softrec.sequential.sasrec`.
    """
    return import_module(f"softrec.sequential.{name}")


def chosen_method(
    settings: SequentialSettings, choices: Sequence[Path] | None, l2_choices: Sequence[Path] | None
) -> tuple[Method, float, dict[str, float]]:
    """Return a run's method, its L2, and the searched hyperparameter if that is not L2.

    Args:
        settings: the settings of the run.
        choices: the choice file of the searched hyperparameter; none if the run is a candidate.
        l2_choices: the choice file of SASRec's L2; none if L2 is searched.

    Raises:
        SoftrecError: a choice file is missing, superfluous or for another hyperparameter, or `options` do not fit.
    """
    value = candidate_or_chosen(choices, settings.search, settings.candidate)
    given = l2_choices or []
    if len(given) != (settings.search != "l2"):
        found = f"the run searches {settings.search}, and {len(given)} choice files of SASRec's L2 are given"
        raise SoftrecError(found, where="--l2", remedy="give one if the run does not search l2, else none")
    searched = {} if settings.search == "l2" else {settings.search: value}
    module = method_module(settings.method)
    options = build(module.Options, {**settings.options, **searched}, f"{settings.method}.Options")
    return module.method(options), read_selected(given[0], "l2") if given else value, searched


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
