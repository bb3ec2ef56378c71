"""Small tables as comma-separated files with a header, read strictly and written atomically."""

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from common import files
from common.errors import SoftrecError

UTF8 = "utf-8-sig"  # skips a byte order mark
NUMBER = re.compile(r"[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,4})?")
WHOLE = re.compile(r"[0-9]{1,19}")


class Numbered(Protocol):
    """A reader that counts lines, as `csv.reader` does."""

    line_num: int


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Format rows as comma-separated lines; a float as the shortest text that parses to the same number."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue()


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, atomically."""
    with files.atomic_write(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


def read_csv(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line number, row) of a file whose header is exactly `columns`.

    Raises:
        SoftrecError: the header differs, a line has more or fewer fields, or the text is not UTF-8 or not CSV.
    """
    if path.is_dir():
        raise SoftrecError(f"{path} is a folder, not a file", where=str(path), remedy="name a file")
    with path.open(newline="", encoding=UTF8) as stream, as_text(path, reader := csv.reader(stream, strict=True)):
        header = next(reader, [])
        if tuple(header) != columns:
            raise SoftrecError(
                f"the header of {path} is {','.join(header)!r}",
                where=f"{path}, line 1",
                remedy=f"it should be {','.join(columns)!r}",
            )
        for fields in reader:
            if len(fields) != len(columns):
                raise SoftrecError(
                    f"the line has {len(fields)} fields instead of {len(columns)}",
                    where=f"{path}, line {reader.line_num}",
                    remedy=f"each line gives {', '.join(columns)}",
                )
            yield reader.line_num, dict(zip(columns, fields, strict=True))


@contextmanager
def as_text(path: Path, reader: Numbered) -> Iterator[None]:
    """Turn the exceptions of a broken file into a `SoftrecError` with its line."""
    try:
        yield
    except (UnicodeDecodeError, csv.Error) as error:
        what = str(error)
        if isinstance(error, UnicodeDecodeError):
            what = f"it is not UTF-8 ({error.object[error.start : error.end]!r})"
        raise SoftrecError(
            f"{path} cannot be read as CSV: {what}",
            where=f"{path}, line {reader.line_num + 1} or one of those that follow",
            remedy="save it as comma-separated text in UTF-8",
        ) from error


def number(
    fields: dict[str, str], name: str, path: Path, line: int, least: float = -math.inf, most: float = math.inf
) -> float:
    """Parse the field `name` of a row as a finite number from `least` to `most`.

    Raises `SoftrecError` naming the line and the value.
    """
    value = float(fields[name]) if NUMBER.fullmatch(fields[name]) else math.nan
    if not (math.isfinite(value) and least <= value <= most):
        bounds = "" if (least, most) == (-math.inf, math.inf) else f" from {least:g} to {most:g}"
        remedy = f"write a finite number{bounds}"
        raise SoftrecError(f"{name} is {fields[name]!r}", where=f"{path}, line {line}", remedy=remedy)
    return value


def integer(fields: dict[str, str], name: str, path: Path, line: int, least: int = 0) -> int:
    """Parse the field `name` as an integer of at least `least`. Raises `SoftrecError` naming the line and the value."""
    if not WHOLE.fullmatch(fields[name]) or not least <= int(fields[name]) < 2**63:
        what = f"{name} is {fields[name]!r}"
        raise SoftrecError(what, where=f"{path}, line {line}", remedy=f"write a whole number from {least} on")
    return int(fields[name])
