"""A fitting run from files to model, for every sequential model."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import files
from common.errors import SoftrecError

from softrec.io import checkpoints
from softrec.io.choice_file import read_choice
from softrec.job import program
from softrec.sequential import encoder, ranking, windows
from softrec.sequential.trainer import FitSettings, Method, Trainer


def as_read(windows: windows.Windows, path: Path) -> windows.Windows:
    """Items are all there is."""
    return windows


def fit_and_save(
    args: argparse.Namespace,
    settings: FitSettings,
    method: Method,
    l2: float,
    enrich: Callable[[windows.Windows, Path], windows.Windows] = as_read,
    **facts: Any,
) -> None:
    """Train from the last checkpoint, if there is one, and write model and log; at the end the checkpoint goes.

    `enrich` adds to the windows of a file what the method reads beside items. `facts` go into the log's summary,
    beside `l2`.
    """
    ranked = ranking.read_protocol(args.catalogue, args.interactions, settings.mask, settings.tie_seed)
    train, valid = (
        enrich(windows.read_windows(path, ranked.items, settings.length), path) for path in (args.train, args.valid)
    )
    checkpoint = checkpoints.Checkpoint(args.model, checkpoints.run_key(args.settings, args.code, args.files_read))
    trainer = Trainer(train, valid, ranked, settings, method, l2)
    *lines, summary = trainer.fit(checkpoint)
    encoder.save(method.finished(trainer.model), args.model)
    with files.write_whole(args.log) as partial:
        lines.append({**summary, "l2": l2, **facts})
        partial.write_text("".join(json.dumps(line, allow_nan=False) + "\n" for line in lines))
    program.last(checkpoint.clear)


def candidate_or_chosen(args: argparse.Namespace, name: str, candidate: float | None) -> float:
    """The value of the setting `name` that a run trains with: its own candidate, or what `--choice` says.

    Raises:
        SoftrecError: both are given, or neither, or the choice is about another setting.
    """
    given = args.choice or []
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
