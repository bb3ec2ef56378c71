"""A control of SOFT: SFT with as many updates as the SFT run and the SOFT run with the selected alpha took together."""

from dataclasses import dataclass, replace
from pathlib import Path

from common import file_digests, files
from common.errors import SoftrecError
from softrec.evaluation.selection import position_of_chosen
from softrec.io.choice_file import read_choice
from softrec.io.records import read_record
from softrec.io.training_log import log_error, read_lines
from softrec.tuning.schedule import Constant
from softrec.tuning.strategy import Strategy, TuningRun


@dataclass(frozen=True)
class Options:
    """alphas: alpha of each SOFT log, in the order of the logs."""

    alphas: list[float]


def epochs_of(log: Path) -> int:
    """Return the number of epochs of a finished run from its training log.

    Raises:
        SoftrecError: the log does not end with a summary.
    """
    *epochs, last = read_lines(log)
    if last.get("summary") is not True:
        raise log_error(log, len(epochs) + 1, "its last line is no summary")
    return len(epochs)


def require_same_updates(log: Path, batch: int, rows: str) -> None:
    """Raise `SoftrecError` unless a run made as many updates per epoch as this one.

    Both numbers behind it are in the manifest of the run's log.

    Args:
        log: the training log.
        batch: rows of a global batch of this run.
        rows: sha256 of this run's training rows.
    """
    manifest = read_record(files.manifest_of(log))
    theirs = manifest.record("settings").record("tuning").record("loop").whole("global_batch_size", least=1)
    remedy = f"remove {log} and let Snakemake train again"
    if theirs != batch:
        what = f"the run of {log} has {theirs} rows in a global batch, and this one {batch}"
        raise SoftrecError(what, where="global_batch_size: updates per epoch must be the same", remedy=remedy)
    if rows not in manifest.record("inputs").value.values():
        what = f"the run of {log} did not read the training rows of this one"
        raise SoftrecError(what, where="--train: updates per epoch must be the same", remedy=remedy)


def prepare(options: Options, run: TuningRun) -> Strategy:
    """Return the strategy: SFT for as many epochs as both runs took, without early stopping.

    The kept epoch is selected on validation as in every run.
    """
    logs = list(run.files.soft_logs or [])
    if len(logs) != len(options.alphas):
        what = f"{len(logs)} logs of SOFT are given for {len(options.alphas)} values of alpha"
        raise SoftrecError(what, where="--soft-logs", remedy="give one log for each of settings.options.alphas")
    chosen = position_of_chosen(read_choice(run.file("soft_choice")), "alpha", options.alphas)
    both, loop = (run.file("sft_log"), logs[chosen]), run.settings.loop
    rows = file_digests.sha256(run.file("train"))
    for log in both:
        require_same_updates(log, loop.global_batch_size, rows)
    epochs = sum(map(epochs_of, both))
    settings = replace(run.settings, loop=replace(loop, epochs=epochs, patience=epochs))
    return Strategy({"y": run.true_titles()}, lambda: Constant(0.0), settings)
