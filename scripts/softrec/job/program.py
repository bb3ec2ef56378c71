"""Main program of every script: arguments, checks of inputs, error messages, and a manifest next to each output."""

import argparse
import json
import sys
import time
import typing
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from common import loaded_modules, manifests
from common.display_text import plain
from common.errors import SoftrecError
from common.process import is_main_process
from softrec.core import garbage
from softrec.job import plan, unexpected_errors
from softrec.job.settings import read_object

_notes: dict[str, Any] = {}
_last: list[Callable[[], None]] = []


def note(key: str, value: Any) -> None:
    """Add a fact that only the running script knows (a resolved revision, a sum) to its manifests, under `notes`."""
    _notes[key] = value


def after_success(step: Callable[[], None]) -> None:
    """Call `step` after outputs and manifests are written, such as the removal of a checkpoint, needed until then."""
    _last.append(step)


class Parser(argparse.ArgumentParser):
    """An argument parser that distinguishes input files, output files and other arguments."""

    def __init__(self, description: str) -> None:
        super().__init__(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
        self.inputs: list[str] = []
        self.outputs: list[str] = []
        self.add_argument("--settings", default="{}", help="this rule's slice of the configuration, as JSON")
        self.add_argument("--code", default="{}", help="digest per project module, as JSON, for the manifest")

    def input(self, flag: str, help: str, *, required: bool = True, many: bool = False) -> None:
        """Add an input file or folder, which must exist; `many` takes a list, which may be empty unless `required`."""
        self.inputs.append(flag.removeprefix("--").replace("-", "_"))
        count = ("+" if required else "*") if many else None
        self.add_argument(flag, type=Path, required=required, nargs=count, metavar="FILE", help=help)

    def output(self, flag: str, help: str, *, required: bool = True) -> None:
        """Add an output file or folder, which is written atomically, with a manifest next to it."""
        self.outputs.append(flag.removeprefix("--").replace("-", "_"))
        self.add_argument(flag, type=Path, required=required, metavar="FILE", help=help)

    def paths(self, args: argparse.Namespace, names: list[str]) -> list[Path]:
        """Return the paths given for `names` as a flat list, without omitted arguments."""
        values = [getattr(args, name) for name in names]
        return [p for value in values if value is not None for p in (value if isinstance(value, list) else [value])]


def run(
    main: Callable[[argparse.Namespace], None], parser: Parser, argv: list[str] | None = None, refused: int = 1
) -> None:
    """Parse arguments, check code and inputs, call `main(args)`, write manifests, and call the last steps.

    The code must be what the job was planned with, including modules that are loaded later, and each input must be
    what its job wrote. A `SoftrecError` ends the process with the status `refused` and its message; no partial output
    is left.
    """
    args = parser.parse_args(argv)
    garbage.collect_rarely()  # `main` imports what it needs
    _notes.clear()
    _last.clear()
    start, cpu = time.monotonic(), time.process_time()
    args.files_read, written = parser.paths(args, parser.inputs), parser.paths(args, parser.outputs)
    try:
        plan.check(args.settings, args.code, written)
        loaded_modules.expect(read_object(args.code, "--code"))
        require_apart(args.files_read, written)
        for path in args.files_read:
            require_input(path)
        own = manifests.user_inputs(args.files_read)
        main(args)
        if is_main_process():
            manifests.require_unchanged(own, written)
            facts = {"settings": json.loads(args.settings), "code": json.loads(args.code), "notes": dict(_notes)}
            spent = time.monotonic() - start, time.process_time() - cpu
            manifests.write(facts, args.files_read, written, *spent)
        for step in _last:
            step()
    except SoftrecError as error:
        refuse(error, refused)
    except loaded_modules.ModuleChangedError as error:
        refuse(plan.edited(error.path, str(written[0])), refused)
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except BaseException as error:  # the PanicException of polars is not an Exception
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        refuse(unexpected_errors.as_softrec_error(error, args.files_read, __file__), refused)


def require_apart(read: Sequence[Path], written: Sequence[Path]) -> None:
    """Raise `SoftrecError` if a file is given as two outputs, or as input and output."""
    places = [resolved(path) for path in written]
    for path, place in zip(written, places, strict=True):
        if places.count(place) > 1:
            raise SoftrecError(f"{path} is given as two outputs", remedy="give each a name of its own")
    for path in read:
        if resolved(path) in places:
            raise SoftrecError(f"{path} is given as input and as output", remedy="write to another file")


def resolved(path: Path) -> Path:
    """Resolve a path. Raises `SoftrecError` if its links form a loop."""
    try:
        return path.resolve()
    except (RuntimeError, OSError):  # RuntimeError before Python 3.13
        raise SoftrecError(f"{path} is a link that leads to itself", remedy="remove it") from None


def require_input(path: Path) -> None:
    """Raise `SoftrecError` unless an input exists and is what its job wrote."""
    if not path.exists():
        raise SoftrecError(f"{path} does not exist", remedy="correct the path, or run the rule that makes it")
    if is_main_process():
        manifests.require_as_made(path)


def refuse(error: SoftrecError, status: int = 1) -> typing.NoReturn:
    """Print the error's message and exit with `status`."""
    print(plain("\n".join(["", f"error: {error.lines()[0]}", *error.lines()[1:]])), file=sys.stderr)
    raise SystemExit(status) from None
