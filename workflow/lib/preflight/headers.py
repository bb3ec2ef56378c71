"""Check that the user's files have the columns that the configuration names, by their headers alone.

The job that reads a file checks all of it. Here a name is refused only if the header cannot have it, so that a misspelt
one ends a dry run, not a job that has waited in a queue.
"""

import csv
import gzip
import os
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lib.config.messages import suggestion

NAMED = ("columns", "recbole")  # formats whose columns the configuration may name
SEPARATORS = (",", "\t", ";", "|")
MOST = 1 << 20  # bytes of a header that are read
SHOWN = 10  # columns in a message


def column_problems(key: str, source: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each named column that a file of a source does not have; `key` is the configuration's."""
    if source["format"] not in NAMED:
        return
    named, folder = source.get("columns", {}), Path(source["folder"])
    roles = {"ratings": ["user", "item", "timestamp"]}
    texts = ["metadata_item" if "metadata_item" in named else "item", "title", "category"]
    roles |= {"metadata": texts} if "metadata" in source else {"ratings": [*roles["ratings"], *texts[1:]]}
    for file, own in roles.items():
        path, wanted = folder / source[file], {role: named[role] for role in own if role in named}
        if (footer := parquet_footer(path)) is not None:
            there, absent = [], [role for role, name in wanted.items() if name.encode() not in footer]
        else:
            there = text_columns(path, typed=source["format"] == "recbole")
            absent = [role for role, name in wanted.items() if there and name not in there]
        for role in absent:
            what = f"{key}.columns.{role} is {named[role]!r}, and {path} has no such column"
            yield f"{what}; {suggestion(named[role], there) or known(there)}"


def known(columns: list[str]) -> str:
    """Return the end of a sentence: the columns that there are, if they can be told."""
    if not columns:
        return "correct the name."
    return f"it has {', '.join(columns[:SHOWN])}{', ...' if len(columns) > SHOWN else ''}: correct the name."


def parquet_footer(path: Path) -> bytes | None:
    """Return the bytes that describe a Parquet file, among them the names of its columns; None for another file."""
    with path.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(size - 8, 0))
        length, mark = int.from_bytes(stream.read(4), "little"), stream.read(4)
        stream.seek(max(size - 8 - length, 0))
        return stream.read(length) if mark == b"PAR1" else None


def text_columns(path: Path, *, typed: bool) -> list[str]:
    """Return the columns of a text file, plain or gzipped, by any separator; `typed`: without types, as `id:token`.

    Where these split the header differently, all parts are returned. [] for a header that cannot be read: the job that
    reads the file says what is wrong with it.
    """
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path) if packed else path.open("rb") as stream:
            line = stream.readline(MOST + 1)
        text = line.decode("utf-8-sig").rstrip("\r\n")
        rows = [row for mark in SEPARATORS for row in (next(csv.reader([text], delimiter=mark), ()), text.split(mark))]
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error):
        return []
    if len(line) > MOST or "\0" in text or text.startswith("{"):  # JSON, of another format
        return []
    names = [part.rpartition(":")[0] if typed else part for row in rows if len(row) > 1 for part in row]
    return list(dict.fromkeys(name for name in names if name))
