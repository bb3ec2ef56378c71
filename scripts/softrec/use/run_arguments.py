"""Arguments of scripts that people start: a run, a data set and a model in place of files and settings."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from common.errors import SoftrecError
from softrec.job import program


class RunParser(program.Parser):
    """A parser that completes its arguments, and prints errors like `program.run`.

    Args:
        description: help text.
        fill: completes the parsed arguments; may raise `SoftrecError`.
    """

    def __init__(self, description: str, fill: Callable[[argparse.Namespace], None]) -> None:
        super().__init__(description)
        self.fill = fill
        self.add_argument("--run", help="name of a finished run")
        self.add_argument("--dataset", help="name of its data set, such as ml100k")
        self.add_argument("--model", help="such as bigrec/sft/seed=1; soft without its alpha: the chosen alpha")
        self.add_argument("--results", type=Path, default=Path("results"), help="folder of all runs (default: results)")

    def parse_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> argparse.Namespace:  # type: ignore[override]
        """Parse and complete arguments. Exits with status 1 and the message if they are not complete."""
        found = super().parse_args(args, namespace)
        try:
            self.fill(found)
        except SoftrecError as error:
            program.refuse(error)
        return found

    def optional_output(self, flag: str, help: str) -> None:
        """Add an output file or folder that need not be given."""
        self.outputs.append(flag.removeprefix("--").replace("-", "_"))
        self.add_argument(flag, type=Path, metavar="FILE", help=help)


def names_model(args: argparse.Namespace, files: Sequence[str]) -> bool:
    """Whether a run's model is given instead of the arguments `files`.

    Raises `SoftrecError` if neither is given completely, or both are.
    """
    place = [args.run, args.dataset, args.model]
    given = [name for name in files if getattr(args, name)]
    if not any(place):
        if lacking := [f"--{name}" for name in files if name not in given]:
            remedy = "give --run, --dataset and --model, or these files"
            raise SoftrecError(f"{', '.join(lacking)} and --run are not given", remedy=remedy)
        return False
    if not all(place) or given:
        remedy = "give --run, --dataset and --model together and without files, or files alone"
        raise SoftrecError("--run, --dataset and --model are not all given, or files are given as well", remedy=remedy)
    return True
