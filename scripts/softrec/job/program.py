"""The frame of every script: arguments, settings, errors for people, and a manifest beside each output."""

import argparse
import contextlib
import dataclasses
import json
import math
import sys
import time
import types
import typing
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from common import loaded_modules, manifests
from common.display_text import plain
from common.errors import SoftrecError
from common.process import is_first

from softrec.job import plan, unexpected_errors

Settings = TypeVar("Settings")
_notes: dict[str, Any] = {}
_last: list[Callable[[], None]] = []


def note(key: str, value: Any) -> None:
    """Add a fact that only the running script knows (a resolved revision, a sum) to its manifests, under `notes`."""
    _notes[key] = value


def fill(args: argparse.Namespace, kind: type[Settings]) -> Settings:
    """A dataclass whose fields are arguments of the script, such as the files that a function of the science takes."""
    return kind(**{field.name: getattr(args, field.name) for field in dataclasses.fields(kind)})


def last(step: Callable[[], None]) -> None:
    """Take `step` when outputs and manifests are there: what it removes could have been needed until then."""
    _last.append(step)


class Parser(argparse.ArgumentParser):
    """An argument parser that knows which arguments are files read and which are files written."""

    def __init__(self, description: str) -> None:
        super().__init__(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
        self.inputs: list[str] = []
        self.outputs: list[str] = []
        self.add_argument("--settings", default="{}", help="this rule's slice of the configuration, as JSON")
        self.add_argument("--code", default="{}", help="digest per project module, as JSON, for the manifest")

    def input(self, flag: str, help: str, *, required: bool = True, many: bool = False) -> None:
        """Add a file or folder that is read; it must exist."""
        self.inputs.append(flag.removeprefix("--").replace("-", "_"))
        count = ("+" if required else "*") if many else None
        self.add_argument(flag, type=Path, required=required, nargs=count, metavar="FILE", help=help)

    def output(self, flag: str, help: str) -> None:
        """Add a file or folder that is written, whole, with a manifest beside it."""
        self.outputs.append(flag.removeprefix("--").replace("-", "_"))
        self.add_argument(flag, type=Path, required=True, metavar="FILE", help=help)

    def paths(self, args: argparse.Namespace, names: list[str]) -> list[Path]:
        """The paths given for `names`, flattened, without those left out."""
        values = [getattr(args, name) for name in names]
        return [p for value in values if value is not None for p in (value if isinstance(value, list) else [value])]


def run(main: Callable[[argparse.Namespace], None], parser: Parser, argv: list[str] | None = None) -> None:
    """Parse, check code and inputs, call `main(args)`, describe each output in a manifest, and take the last steps.

    Code is what the job was planned with, also where a module is loaded late. Inputs are what their jobs wrote. A
    `SoftrecError` ends the process with status 1 and its own sentences; nothing half-written is left.
    """
    args = parser.parse_args(argv)
    _notes.clear()
    _last.clear()
    start = time.monotonic()
    args.files_read, written = parser.paths(args, parser.inputs), parser.paths(args, parser.outputs)
    try:
        plan.check(args.settings, args.code, written)
        loaded_modules.expect(read_object(args.code, "--code"))
        require_apart(args.files_read, written)
        for path in args.files_read:
            require_input(path)
        own = manifests.of_nobody(args.files_read)
        main(args)
        if is_first():
            manifests.require_unchanged(own, written)
            facts = {"settings": json.loads(args.settings), "code": json.loads(args.code), "notes": dict(_notes)}
            manifests.write(facts, args.files_read, written, time.monotonic() - start)
        for step in _last:
            step()
    except SoftrecError as error:
        refuse(error)
    except loaded_modules.Changed as error:
        refuse(plan.edited(error.path, str(written[0])))
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except BaseException as error:  # polars panics outside of Exception
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        refuse(unexpected_errors.sentence(error, args.files_read, __file__))


def require_apart(read: Sequence[Path], written: Sequence[Path]) -> None:
    """Raise `SoftrecError` if a file is given to be written twice, or to be read and written."""
    places = [resolved(path) for path in written]
    for path, place in zip(written, places, strict=True):
        if places.count(place) > 1:
            raise SoftrecError(f"{path} is given as two outputs", remedy="give each a name of its own")
    for path in read:
        if resolved(path) in places:
            raise SoftrecError(f"{path} is given as input and as output", remedy="write to another file")


def resolved(path: Path) -> Path:
    """Where a path leads. Raises `SoftrecError` if its links lead in a circle."""
    try:
        return path.resolve()
    except (RuntimeError, OSError):  # the one before Python 3.13
        raise SoftrecError(f"{path} is a link that leads to itself", remedy="remove it") from None


def require_input(path: Path) -> None:
    """Raise `SoftrecError` unless an input is there, and is what its job wrote."""
    if not path.exists():
        raise SoftrecError(f"{path} does not exist", remedy="run the rule that makes it, or correct the path")
    if is_first():
        manifests.require_as_made(path)


def refuse(error: SoftrecError) -> typing.NoReturn:
    """End the process with the error's sentences and status 1."""
    print(plain("\n".join(["", f"error: {error.lines()[0]}", *error.lines()[1:]])), file=sys.stderr)
    raise SystemExit(1) from None


def read_settings(text: str, kind: type[Settings]) -> Settings:
    """Parse a JSON object into the dataclass `kind`: no key missing, none unknown, types as annotated.

    Raises `SoftrecError` naming the key and its value.
    """
    return build(kind, read_object(text, "--settings"), kind.__name__)


def read_object(text: str, flag: str) -> dict[str, Any]:
    """The JSON object that a flag was given. Raises `SoftrecError` if it is none."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        what = f"{flag} is not JSON: {getattr(error, 'msg', error)}"
        raise SoftrecError(what, where=text[:200], remedy="give one JSON object") from error
    if not isinstance(values, dict):
        raise SoftrecError(f"{flag} is {values!r:.60}, not a JSON object", where=flag, remedy="give its keys")
    return values


def build(kind: type[Settings], values: dict[str, Any], where: str) -> Settings:
    """Fill the dataclass `kind` from `values`, nested dataclasses included."""
    if not isinstance(values, dict):
        raise SoftrecError(f"{where} is {values!r}, not a JSON object", where="--settings", remedy="give its keys")
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(values) - set(fields))
    required = {n for n, f in fields.items() if f.default is f.default_factory is dataclasses.MISSING}
    missing = sorted(required - set(values))
    if unknown or missing:
        raise SoftrecError(
            f"settings do not fit {where}: missing {missing or 'nothing'}, unknown {unknown or 'nothing'}",
            where="--settings",
            remedy=f"give exactly {sorted(fields)}",
        )
    return kind(**{name: convert(hints[name], value, f"{where}.{name}") for name, value in values.items()})


def convert(hint: Any, value: Any, where: str) -> Any:
    """Check `value` against an annotation: scalars, `X | Y | None`, `list[X]`, `tuple[X, ...]`, `dict`, dataclasses."""
    if dataclasses.is_dataclass(hint) and isinstance(value, dict):
        return build(hint, value, where)  # type: ignore[arg-type]
    origin, options = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        if value is None and type(None) in options:
            return None
        kinds = [option for option in options if option is not type(None)]
        if len(kinds) == 1:
            return convert(kinds[0], value, where)
        for kind in kinds:
            with contextlib.suppress(SoftrecError):
                return convert(kind, value, where)
        raise misfit(hint, value, where)
    if origin in (list, tuple) and isinstance(value, list):
        return origin(convert(options[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    if origin is dict and isinstance(value, dict):
        return {key: convert(options[1], item, f"{where}.{key}") for key, item in value.items()}
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        return finite(value, where)
    if origin is not None:
        fits = origin is typing.Literal and value in options
    else:
        fits = hint is Any or (isinstance(value, hint) and (hint is bool or not isinstance(value, bool)))
    if not fits:
        raise misfit(hint, value, where)
    return value


def finite(value: float, where: str) -> float:
    """A number as a float; not a number, infinity and integers that no float can hold raise `SoftrecError`."""
    with contextlib.suppress(OverflowError):
        if math.isfinite(number := float(value)):
            return number
    raise SoftrecError(f"{where} is {value}, no finite number", where="--settings", remedy="correct the key")


def misfit(hint: Any, value: Any, where: str) -> SoftrecError:
    """The error for a value that is not of the annotated type."""
    what = f"{where} is {value!r}, which is not {described(hint)}"
    return SoftrecError(what, where="--settings", remedy="correct the key")


def described(hint: Any) -> str:
    """An annotation in words: "int or 'all'", "list of float"."""
    origin, options = typing.get_origin(hint), typing.get_args(hint)
    if origin is None:
        return hint.__name__
    if origin is typing.Literal:
        return " or ".join(map(repr, options))
    if origin in (types.UnionType, typing.Union):
        return " or ".join(map(described, options))
    return f"{origin.__name__} of {described(options[1] if origin is dict else options[0])}"
