"""Write the training curves of a run for TensorBoard."""

import argparse
from dataclasses import dataclass

from softrec.job import program
from softrec.job.settings import read_settings


@dataclass(frozen=True)
class Settings:
    """names: the name of each training run in TensorBoard, in the order of the logs."""

    names: list[str]


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--logs", many=True, help="training.jsonl of each training run")
    parser.output("--curves", help="folder: an event file for each training run")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read the logs, write an event file for each."""
    from common import files
    from common.errors import SoftrecError
    from softrec.io import training_log
    from softrec.use import event_files

    settings = read_settings(args.settings, Settings)
    if len(settings.names) != len(args.logs):
        what = f"{len(settings.names)} names are given for {len(args.logs)} logs"
        raise SoftrecError(what, where="--settings", remedy="give a name for each log")
    found = [list(event_files.points(training_log.read_lines(path))) for path in args.logs]
    with files.atomic_write(args.curves) as folder:
        for name, own in zip(settings.names, found, strict=True):
            (folder / name).mkdir(parents=True)
            event_files.write_events(folder / name / event_files.NAME, own)


if __name__ == "__main__":
    program.run(main, build_parser())
