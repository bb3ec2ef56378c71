"""Reader of plain and gzipped text in blocks of whole lines, with errors that name file and line."""

import gzip
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import polars as pl

from common.errors import SoftrecError
from softrec.core.limits import Limits, too_large
from softrec.data.visible_text import has_unseen

BLOCK = 1 << 25  # bytes of inflated text per block, which bounds the memory for a file of any size
GZIP_MAGIC = b"\x1f\x8b"
BROKEN_GZIP = (EOFError, zlib.error, gzip.BadGzipFile)
MARK = b"\xef\xbb\xbf"  # the byte order mark, which some programs write before UTF-8
OTHERS = {b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"PK\x03\x04": "zip"}  # by magic number


def open_text(path: Path) -> IO[bytes]:
    """Open a file for reading bytes; inflate it if its first two bytes are gzip's, whatever its name.

    Raises:
        SoftrecError: it is a folder, a pipe or a device, or compressed in another format.
    """
    if path.is_dir():
        raise SoftrecError(f"{path} is a folder, not a file", remedy="name a file in it")
    if not path.is_file():
        raise SoftrecError(f"{path} is a pipe or a device, which cannot be read twice", remedy="write it to a file")
    stream = path.open("rb")
    start = stream.read(8)
    stream.seek(0)
    for magic, program in OTHERS.items():
        if start.startswith(magic):
            stream.close()
            sheet = "; save a spreadsheet as CSV" if program == "zip" else ""  # .xlsx is a zip file
            raise SoftrecError(f"{path} is packed by {program}", remedy=f"unpack it, or pack it by gzip{sheet}")
    return gzip.GzipFile(fileobj=stream) if start.startswith(GZIP_MAGIC) else stream  # type: ignore[return-value]


def blocks(path: Path, size: int = BLOCK, limits: Limits | None = None) -> Iterator[tuple[int, bytes]]:
    """Yield (number of the first line, whole lines of about `size` bytes) until the end of the file.

    Raises:
        SoftrecError: the gzip stream is cut off or damaged (names the last whole line before that), or a line or the
            inflated file exceeds `limits`.
    """
    parts: list[bytes] = []
    line, held, total = 1, 0, 0
    most = limits or Limits()
    with open_text(path) as stream:
        while True:
            try:
                part = stream.read1(size)  # type: ignore[attr-defined]
            except BROKEN_GZIP as error:
                read = line - 1 + sum(p.count(b"\n") for p in parts)
                raise broken_gzip(path, read, error) from error
            parts.append(part)
            held, total = held + len(part), total + len(part)
            if isinstance(stream, gzip.GzipFile) and total > most.inflated_gib * 2**30:
                raise too_large(path, most)
            if part and held < size:
                continue
            text = b"".join(parts)
            end = text.rfind(b"\n") + 1 if part else len(text)
            if len(text) - end > most.line_mib << 20:
                raise long_line(path, line + text.count(b"\n", 0, end), most)
            if end:
                yield line, text[:end]
            if not part:
                return
            line, parts, held = line + text.count(b"\n", 0, end), [text[end:]], len(text) - end


def broken_gzip(path: Path, lines: int, error: Exception) -> SoftrecError:
    """Build the error for a gzip file that ends too early or does not match its checksum."""
    return SoftrecError(
        f"{path} is a damaged gzip file: {error}",
        where=f"{path}, after line {lines}",
        remedy="the download was probably cut short: remove the file and fetch it again",
    )


def long_line(path: Path, line: int, limits: Limits) -> SoftrecError:
    """Build the error for a line that is longer than `limits` allow."""
    remedy = "raise limits.line_mib if that is so, or give another file"
    return bad_line(path, line, f"has more than {limits.line_mib} MiB", remedy)


def bad_line(path: Path, line: int, fault: str, remedy: str | None = None) -> SoftrecError:
    """Build the error for an invalid line; `fault` is a predicate such as "has no user_id"."""
    remedy = remedy or "mend or remove the line, or fetch the file again"
    return SoftrecError(f"{path}, line {line}: the line {fault}", where=f"{path}, line {line}", remedy=remedy)


def has_gaps(frame: pl.DataFrame, names: Iterable[str]) -> bool:
    """Whether one of the columns `names` has a null, or a text without a visible character."""
    return any(
        frame[name].has_nulls() or (frame[name].dtype == pl.String and has_unseen(frame[name])) for name in names
    )
