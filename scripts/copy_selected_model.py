"""Copy the model of the selected hyperparameter value to the path that later rules read."""

import argparse
import shutil
from dataclasses import dataclass
from typing import Any

from softrec.job import program
from softrec.job.settings import read_settings


@dataclass(frozen=True)
class Settings:
    """name: the hyperparameter; values: its candidates, in the order of `--models`."""

    name: str
    values: list[Any]


def build_parser() -> program.Parser:
    """Define the arguments of this script."""
    parser = program.Parser(__doc__)
    parser.input("--choice", help="the choice file of this hyperparameter")
    parser.input("--models", many=True, help="models of one seed, in the order of settings.values")
    parser.output("--model", help="a copy of the chosen model")
    return parser


def main(args: argparse.Namespace) -> None:
    """Find the selected model and copy it."""
    from common import files, log
    from common.errors import SoftrecError
    from softrec.evaluation import selection
    from softrec.io.choice_file import read_choice

    settings = read_settings(args.settings, Settings)
    if len(args.models) != len(settings.values):
        what = f"{len(args.models)} models for {len(settings.values)} values"
        raise SoftrecError(what, where="--models and settings.values", remedy="give one model per value, in order")
    choice = read_choice(args.choice)
    chosen = args.models[selection.position_of_chosen(choice, settings.name, settings.values)]
    log.info(f"{choice.label()}: {chosen}")
    with files.atomic_write(args.model) as partial:
        shutil.copyfile(chosen, partial)


if __name__ == "__main__":
    program.run(main, build_parser())
