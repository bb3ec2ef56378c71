"""Rows of delimited text, line by line, with or without quotes, and the texts of items in them."""

import csv
import io
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import polars as pl

from softrec.core.limits import Limits
from softrec.data import catalogue, json_lines, text_blocks
from softrec.data.visible_text import can_be_seen

csv.field_size_limit(1 << 30)  # effectively none: limits.line_mib is the limit
Texts = tuple[str | None, str | None]


class Table(NamedTuple):
    """A delimited file: separator, whether quotes may enclose fields, and the encoding of lines that are not UTF-8."""

    path: Path
    separator: str
    limits: Limits
    quotes: bool = False
    fallback: str | None = None


class Layout(NamedTuple):
    """Where the texts of an item are: number of fields, position and name of the item id, and a row's texts."""

    fields: int
    item: int
    name: str
    texts: Callable[[list[str]], Texts]


def texts(table: Table) -> Iterator[str]:
    """Yield the file's text in blocks of whole lines, without a byte order mark.

    Raises `SoftrecError` for a line that is not UTF-8, unless the table has a fallback.
    """
    for first, block in text_blocks.blocks(table.path, limits=table.limits):
        text = block.removeprefix(text_blocks.MARK) if first == 1 else block
        try:
            found = text.decode()
        except UnicodeDecodeError:
            numbered = enumerate(text.split(b"\n"), start=first)
            found = "\n".join(decoded(table, number, content) for number, content in numbered)
        yield found


def decoded(table: Table, number: int, content: bytes) -> str:
    """Decode one line as UTF-8, or else by the table's fallback."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        if table.fallback:
            return content.decode(table.fallback)
        raise text_blocks.bad_line(table.path, number, json_lines.not_utf8(content, error)) from None


def rows(table: Table) -> Iterator[tuple[int, list[str]]]:
    """Yield (number of the first line, fields) of each row; blank lines are skipped.

    A field in quotes may hold separators, doubled quotes and line breaks, as in RFC 4180.
    """
    lines = chain.from_iterable(io.StringIO(text, newline="\n") for text in texts(table))
    if not table.quotes:
        for number, line in enumerate(lines, start=1):
            if text := line.rstrip("\r\n"):
                yield number, text.split(table.separator)
        return
    reader, number = csv.reader(lines, delimiter=table.separator, strict=True), 1
    try:
        for values in reader:
            if values:
                yield number, values
            number = reader.line_num + 1
    except csv.Error as error:
        why = "a quote is not closed" if "end of data" in str(error) else str(error)
        raise text_blocks.bad_line(table.path, number, f"cannot be divided into fields: {why}") from None


def item_texts(table: Table, layout: Layout, wanted: pl.Series, *, header: bool) -> pl.DataFrame:
    """Read cleaned titles and categories of the items `wanted`; of an item's rows, the first with a title counts.

    Raises `SoftrecError` for a row with another number of fields, or without an item id.
    """
    keep, titled, found = set(wanted), set[str](), list[tuple[str, str | None, str | None]]()
    numbered = rows(table)
    if header:
        next(numbered, None)
    for number, values in numbered:
        if len(values) != layout.fields:
            fault = f"has {len(values)} fields, but {layout.fields} are expected"
            raise text_blocks.bad_line(table.path, number, fault)
        item = values[layout.item]
        if item in titled:
            continue
        if item not in keep:
            if not can_be_seen(item):
                raise text_blocks.bad_line(table.path, number, f"has no {layout.name}")
            continue
        title, category = layout.texts(values)
        found.append((item, title, category))
        if title:
            titled.add(item)
    return pl.DataFrame(found, schema=catalogue.TEXTS, orient="row")
