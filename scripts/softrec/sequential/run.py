"""A fitting run from files to model, for every sequential model."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from softrec import checkpoints, files
from softrec.sequential import allrank, encoder, fit, windows


def as_read(windows: windows.Windows, path: Path) -> windows.Windows:
    """Items are all there is."""
    return windows


def fit_and_save(
    args: argparse.Namespace,
    settings: fit.FitSettings,
    method: fit.Method,
    l2: float,
    enrich: Callable[[windows.Windows, Path], windows.Windows] = as_read,
    **facts: Any,
) -> None:
    """Train from the last checkpoint, if there is one, and write model and log; then the checkpoint goes.

    `enrich` adds to the windows of a file what the method reads beside items. `facts` go into the log's summary.
    """
    ranked = allrank.read_protocol(args.catalogue, args.interactions, settings.mask, settings.tie_seed)
    train, valid = (
        enrich(windows.read_windows(path, ranked.items, settings.length), path) for path in (args.train, args.valid)
    )
    checkpoint = checkpoints.Checkpoint(args.model, checkpoints.run_key(args.settings, args.code, args.files_read))
    trainer = fit.Trainer(train, valid, ranked, settings, method, l2)
    *lines, summary = trainer.fit(checkpoint)
    encoder.save(method.finished(trainer.model), args.model)
    with files.write_whole(args.log) as partial:
        lines.append({**summary, **facts})
        partial.write_text("".join(json.dumps(line, allow_nan=False) + "\n" for line in lines))
    checkpoint.clear()


def chosen_l2(args: argparse.Namespace) -> float:
    """The L2 that validation chose for SASRec: models that take it over do not search for their own."""
    return float(files.read_json(args.l2)["chosen"])
