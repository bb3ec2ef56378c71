"""Settings: conversion of JSON objects to dataclasses; errors name the key and its value."""

import argparse
import contextlib
import dataclasses
import json
import math
import types
import typing
from typing import Any, TypeVar

from common.errors import SoftrecError

Settings = TypeVar("Settings")


def read_settings(text: str, kind: type[Settings]) -> Settings:
    """Parse a JSON object into the dataclass `kind`, without missing or unknown keys and with types as annotated.

    Raises `SoftrecError` naming the key and its value.
    """
    return build(kind, read_object(text, "--settings"), kind.__name__)


def from_arguments(args: argparse.Namespace, kind: type[Settings]) -> Settings:
    """Fill a dataclass whose fields are arguments of the script, such as the files that a function reads and writes."""
    return kind(**{field.name: getattr(args, field.name) for field in dataclasses.fields(kind)})  # type: ignore[arg-type]


def read_object(text: str, flag: str) -> dict[str, Any]:
    """Parse the JSON object given for a flag. Raises `SoftrecError` if it is not a JSON object."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        what = f"{flag} is not JSON: {getattr(error, 'msg', error)}"
        raise SoftrecError(what, where=text[:200], remedy="give one JSON object") from error
    if not isinstance(values, dict):
        raise SoftrecError(f"{flag} is {values!r:.60}, not a JSON object", where=flag, remedy="give its keys")
    return values


def build(kind: type[Settings], values: dict[str, Any], where: str) -> Settings:
    """Fill the dataclass `kind`, including nested dataclasses, from `values`; `where` is its place in messages.

    Raises `SoftrecError` for missing or unknown keys and for values of another type.
    """
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
    """Check `value` against an annotation and convert it: lists to tuples, integers to floats, objects to dataclasses.

    Annotations may be scalars, `X | Y | None`, `list[X]`, `tuple[X, ...]`, `dict`, `Literal`, `Any` and dataclasses.
    Raises `SoftrecError` naming the key and the value.
    """
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
    """Convert a number to a float. Raises `SoftrecError` for NaN, infinity and integers too large for a float."""
    with contextlib.suppress(OverflowError):
        if math.isfinite(number := float(value)):
            return number
    raise SoftrecError(f"{where} is {value}, not a finite number", where="--settings", remedy="correct the key")


def misfit(hint: Any, value: Any, where: str) -> SoftrecError:
    """Build the error for a value that is not of the annotated type."""
    what = f"{where} is {value!r}, which is not {format_annotation(hint)}"
    return SoftrecError(what, where="--settings", remedy="correct the key")


def format_annotation(hint: Any) -> str:
    """Format an annotation for a message: "int or 'all'", "list of float"."""
    origin, options = typing.get_origin(hint), typing.get_args(hint)
    if origin is None:
        return hint.__name__
    if origin is typing.Literal:
        return " or ".join(map(repr, options))
    if origin in (types.UnionType, typing.Union):
        return " or ".join(map(format_annotation, options))
    return f"{origin.__name__} of {format_annotation(options[1] if origin is dict else options[0])}"
