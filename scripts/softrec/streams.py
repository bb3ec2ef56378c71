"""Plain and gzipped text read in blocks of whole lines, with faults that name their file and line."""

import gzip
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NoReturn

import polars as pl

from softrec.errors import SoftrecError

BLOCK = 1 << 25  # bytes of inflated text parsed at a time: the memory that a file of any size takes
GZIP_MAGIC = b"\x1f\x8b"
BROKEN_GZIP = (EOFError, zlib.error, gzip.BadGzipFile)

Check = Callable[[Any], str | None]
"""What is wrong with a parsed line, as a predicate of the line ("has no user_id"), or None."""


def open_text(path: Path) -> IO[bytes]:
    """Open a file for reading bytes, inflating it if its first two bytes are those of gzip (whatever its name)."""
    stream = path.open("rb")
    magic = stream.read(2)
    stream.seek(0)
    return gzip.GzipFile(fileobj=stream) if magic == GZIP_MAGIC else stream  # type: ignore[return-value]


def blocks(path: Path, size: int = BLOCK) -> Iterator[tuple[int, bytes]]:
    """Yield (number of the first line, whole lines of about `size` bytes) until the file ends.

    Raises:
        SoftrecError: the gzip stream is cut off or damaged; names the last whole line that could be read.
    """
    line, parts, held = 1, [], 0
    with open_text(path) as stream:
        while True:
            try:
                part = stream.read1(size)  # type: ignore[attr-defined]
            except BROKEN_GZIP as error:
                read = line - 1 + sum(p.count(b"\n") for p in parts)
                raise broken_gzip(path, read, error) from error
            parts.append(part)
            held += len(part)
            if part and held < size:
                continue
            text = b"".join(parts)
            end = text.rfind(b"\n") + 1 if part else len(text)
            if end:
                yield line, text[:end]
            if not part:
                return
            line, parts, held = line + text.count(b"\n", 0, end), [text[end:]], len(text) - end


def broken_gzip(path: Path, lines: int, error: Exception) -> SoftrecError:
    """The sentence for a gzip file that ends too early or does not match its checksum."""
    return SoftrecError(
        f"{path} is a damaged gzip file: {error}",
        where=f"{path}, after line {lines}",
        remedy="the download was probably cut short: remove the file and fetch it again",
    )


def bad_line(path: Path, line: int, fault: str, remedy: str | None = None) -> SoftrecError:
    """The sentence for a line that cannot be used."""
    remedy = remedy or "mend or remove the line, or fetch the file again"
    return SoftrecError(f"{path}, line {line}: the line {fault}", where=f"{path}, line {line}", remedy=remedy)


def json_frames(path: Path, schema: dict[str, Any], check: Check, required: list[str]) -> Iterator[pl.DataFrame]:
    """Yield the lines of a JSON-lines file as frames with the columns of `schema`, block by block.

    A block that the fast parser refuses, or whose `required` columns are null or empty somewhere, is read again line by
    line to name the line and its fault.

    Args:
        check: what is wrong with one parsed line, or None.

    Raises:
        SoftrecError: a damaged gzip stream, a line that is not a JSON object, or one that `check` refuses.
    """
    for first, text in blocks(path):
        try:
            frame = pl.read_ndjson(text, schema=schema)
        except pl.exceptions.PolarsError as error:
            name_fault(path, first, text, check, str(error))
        if has_gaps(frame, required):
            name_fault(path, first, text, check, f"lacks one of {', '.join(required)}")
        yield frame


def has_gaps(frame: pl.DataFrame, names: Iterable[str]) -> bool:
    """Whether one of the columns `names` is null, or an empty string, in some row."""
    return any(
        frame[name].has_nulls() or (frame[name].dtype == pl.String and (frame[name] == "").any()) for name in names
    )


def name_fault(path: Path, first: int, text: bytes, check: Check, otherwise: str) -> NoReturn:
    """Raise the `SoftrecError` of the first faulty line of `text`, which starts at line `first` of `path`."""
    for line, content in enumerate(text.split(b"\n"), start=first):
        if content.strip():
            fault = json_fault(content, check)
            if fault:
                raise bad_line(path, line, fault)
    raise bad_line(path, first, f"or one of those that follow it cannot be read: {otherwise}")


def json_fault(content: bytes, check: Check) -> str | None:
    """What is wrong with one line of a JSON-lines file, or None."""
    try:
        value = json.loads(content)
    except ValueError as error:  # also bytes that are not UTF-8
        return f"is not JSON: {error}"
    return check(value) if isinstance(value, dict) else "is not a JSON object"


def missing(value: dict[str, Any], names: Iterable[str]) -> str | None:
    """The fault of a line in which one of `names` is absent, null or empty, or None."""
    gone = [name for name in names if value.get(name) in (None, "")]
    return f"has no {' and no '.join(gone)}" if gone else None
