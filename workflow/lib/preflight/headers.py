"""Check that the user's files have the columns that the configuration names, by their headers alone.

The job that reads a file checks all of it. Here a name is refused only if the header does not have it, so that a
misspelt one ends a dry run, not a job that has waited in a queue.
"""

import csv
import gzip
import os
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lib.config.messages import suggestion, value_text

NAMED = ("columns", "recbole")  # formats whose columns the configuration may name
SEPARATORS = (",", "\t", ";", "|")
MOST = 1 << 20  # bytes of a header that are read
SHOWN = 10  # columns in a message
PARQUET = b"PAR1"


def column_problems(key: str, source: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each named column that a file of a source does not have; `key` is the configuration's.

    A file that has none of its columns may have another format, or no header: it gets one sentence.
    """
    if source["format"] not in NAMED:
        return
    named, typed = source.get("columns", {}), source["format"] == "recbole"
    roles = {"ratings": ["user", "item", "timestamp"]}
    texts = ["metadata_item" if "metadata_item" in named else "item", "title", "category"]
    roles |= {"metadata": texts} if "metadata" in source else {"ratings": [*roles["ratings"], *texts[1:]]}
    for file, own in roles.items():
        path, wanted = Path(source["folder"]) / source[file], {role: named[role] for role in own if role in named}
        footer = parquet_footer(path)
        there = text_columns(path, list(wanted.values()), typed=typed) if footer is None else []
        absent = missing(wanted, there, footer)
        if len(absent) == len(wanted) > 1:
            what = f"{key}.columns names {', '.join(map(repr, wanted.values()))}, and {path} has none of them"
            yield f"{what}{shown(there, 'it has ')}: correct them, or {key}.format."
            continue
        for role in absent:
            remedy = suggestion(named[role], there) or f"correct the name{shown(there, 'it has ')}."
            if (file, role) == ("metadata", "item"):
                remedy = f"name it in {key}.columns.metadata_item{shown(there, 'there is ')}."
            yield f"{key}.columns.{role} is {named[role]!r}, and {path} has no such column; {remedy}"


def missing(wanted: Mapping[str, str], there: list[str], footer: bytes | None) -> list[str]:
    """Return the roles whose column is not there; none for a text whose header cannot be read."""
    if footer is not None:
        return [role for role, name in wanted.items() if name.encode() not in footer]
    return [role for role, name in wanted.items() if there and name not in there]


def shown(columns: list[str], before: str) -> str:
    """Return the columns of a file in brackets, if they are known."""
    names = ", ".join(map(value_text, columns[:SHOWN]))
    return f" ({before}{names}{', ...' if len(columns) > SHOWN else ''})" if columns else ""


def parquet_footer(path: Path) -> bytes | None:
    """Return the bytes that describe a Parquet file, among them the names of its columns; None for another file."""
    with path.open("rb") as stream:
        begin, size = stream.read(4), stream.seek(0, os.SEEK_END)
        stream.seek(max(size - 8, 0))
        length, end = int.from_bytes(stream.read(4), "little"), stream.read(4)
        if (begin, end) != (PARQUET, PARQUET) or not 0 < length < size - 8:
            return None
        stream.seek(size - 8 - length)
        return stream.read(length)


def text_columns(path: Path, wanted: list[str], *, typed: bool) -> list[str]:
    """Return the columns of a text file, plain or gzipped; `typed`: without types, as in `id:token`.

    As in `softrec.data.readers.headers`, the separator is the one that finds all columns `wanted`, or else the most.
    [] for a header that cannot be read and for another format: the job that reads the file says what is wrong with it.
    """
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path) if packed else path.open("rb") as stream:
            line = stream.readline(MOST + 1)
        text = line.decode("utf-8-sig").rstrip("\r\n")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError):
        return []
    if len(line) > MOST or "\0" in text or not text.strip() or text.startswith(("{", "[", PARQUET.decode())):
        return []
    found = [divided(text, mark, typed=typed) for mark in SEPARATORS]
    best = max(found, key=lambda columns: (set(wanted) <= set(columns), len(columns)))
    return best if len(best) > 1 or set(wanted) <= set(best) else []


def divided(text: str, mark: str, *, typed: bool) -> list[str]:
    """Return the columns of a header by one separator; quotes that are not closed are letters."""
    try:
        parts = next(csv.reader([text], delimiter=mark, strict=True), [])
    except csv.Error:
        parts = text.split(mark)
    return [part.rpartition(":")[0] for part in parts] if typed else parts
