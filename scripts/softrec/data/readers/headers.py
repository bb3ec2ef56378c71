"""Headers of delimited files: their separator and columns, and an error that lists the columns that there are."""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from common.errors import SoftrecError
from softrec.core.limits import Limits
from softrec.data import delimited, text_blocks

SEPARATORS = (",", "\t", ";", "|")
MOST = 30  # maximum number of columns in a message


class Header(NamedTuple):
    """The separator and the columns of a delimited file."""

    separator: str
    columns: list[str]


def read_header(path: Path, wanted: Sequence[str], limits: Limits) -> Header:
    """Read the first line, by the separator that finds all columns `wanted`, or else the most columns.

    Raises `SoftrecError` if the file is empty or is not text in UTF-8.
    """
    first = delimited.first_line(path, limits)
    if first.startswith(b"PAR1"):
        raise SoftrecError(f"{path} is a Parquet file packed by gzip", where=str(path), remedy="unpack it")
    if unlike := delimited.unlike_text(first):
        raise SoftrecError(f"{path} {unlike[0]}", where=f"{path}, line 1", remedy=unlike[1])
    if not first.removeprefix(text_blocks.MARK).strip():
        raise SoftrecError(f"{path} has no header", where=f"{path}, line 1", remedy="give a file with a line of names")
    try:
        text = first.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise text_blocks.bad_line(path, 1, f"is not UTF-8: {error.reason}", "save the file as UTF-8") from None
    found = [Header(mark, delimited.fields(text, mark, quoted=True) or text.split(mark)) for mark in SEPARATORS]
    return max(found, key=lambda header: (set(wanted) <= set(header.columns), len(header.columns)))


def require_columns(path: Path, named: Mapping[str, str], columns: Sequence[str], line: str = ", line 1") -> None:
    """Raise `SoftrecError` unless a file has each named column once; `named` maps keys of the configuration to names.

    The message lists the file's columns, and suggests the closest. `line` is the header's place in the file.
    """
    for key, name in named.items():
        if columns.count(name) > 1:
            raise SoftrecError(
                f"{path} has the column {name!r} twice",
                where=f"{path}{line}; {key}",
                remedy="remove one, or rename it",
            )
        if name not in columns:
            shown = ", ".join(map(repr, columns[:MOST])) + (", ..." if len(columns) > MOST else "")
            hint = f"did you mean {near!r}? Correct" if (near := closest(name, columns)) else "correct"
            raise SoftrecError(
                f"{path} has no column {name!r}: its columns are {shown}",
                where=f"{path}{line}; {key}",
                remedy=f"{hint} the key {key}",
            )


def closest(name: str, columns: Sequence[str]) -> str | None:
    """Return the column whose name is most like `name`, ignoring case and spaces around it; None if none is."""
    plain = {column.strip().casefold(): column for column in columns}
    near = difflib.get_close_matches(name.strip().casefold(), list(plain), n=1)
    return plain[near[0]] if near else None
