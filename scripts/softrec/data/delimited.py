"""Reader of delimited files with a header (user, item, time) that names the line of the first fault.

A file is first parsed without quoting. If that fails, or a field begins with a quote, a comma-separated file is parsed
again with quoting as in RFC 4180: a quoted field may hold commas and doubled quotes, but here no line breaks. So is a
file with another separator if its `Shape` allows quotes.
"""

import csv
import gzip
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import polars as pl

from common.errors import SoftrecError
from softrec.core.limits import Limits
from softrec.data import json_lines, text_blocks, timestamps

csv.field_size_limit(1 << 30)  # effectively none: limits.line_mib is the limit
COLUMNS = ["user_id", "item_id", "timestamp"]
QUOTE = '"'
RATING = "rating"  # a column of numbers, which never begin with a quote
ENCLOSED = re.compile(r'(^|,)"(?:[^"]|"")*"(?=,|$)')  # a field in quotes
Times = Literal["seconds", "milliseconds", "dates"]
TYPES = {"seconds": pl.Float64, "milliseconds": pl.Int64, "dates": pl.String}
FAULTS = {
    "seconds": timestamps.seconds_fault,
    "milliseconds": timestamps.whole_fault,
    "dates": timestamps.date_fault,
}
DEFLATED = 1032  # maximum compression ratio of deflate: 258 bytes in two bits


class Shape(NamedTuple):
    """A file format: separator, names of the user, item and time columns, unit of times, whether quotes may enclose."""

    separator: str
    names: tuple[str, str, str]
    times: Times
    quotes: bool


class Lines(NamedTuple):
    """A file with its shape, its header, whether quotes enclose fields, and its size limits."""

    path: Path
    shape: Shape
    header: Sequence[str]
    quoted: bool
    limits: Limits


def read_delimited(path: Path, shape: Shape, max_rows: int | None, limits: Limits | None = None) -> pl.DataFrame:
    """Read the columns user_id, item_id and timestamp (in milliseconds); blank lines are skipped.

    Raises:
        SoftrecError: a column is absent, a line is invalid, or the file exceeds `limits`.
    """
    most = limits or Limits()
    require_small(path, most)
    try:
        lines = opened(path, shape, most, quoted=False)
        frame = parse(lines, max_rows)
        if not has_quotes(lines, frame):
            return frame
    except SoftrecError:
        if not shape.quotes or not any(QUOTE.encode() in text for _, text in text_blocks.blocks(path, limits=most)):
            raise
    return parse(opened(path, shape, most, quoted=True), max_rows)


def require_small(path: Path, limits: Limits) -> None:
    """Raise `SoftrecError` if a gzip file inflates to more than is allowed.

    Polars inflates the whole file at once, so the limit is checked before. Inflating every file twice would add half
    the time of the filter, so files too small to exceed the limit are skipped.
    """
    with text_blocks.open_text(path) as stream:
        packed = isinstance(stream, gzip.GzipFile)
    if packed and path.stat().st_size * DEFLATED > limits.inflated_gib * 2**30:
        for _ in text_blocks.blocks(path, limits=limits):
            pass


def opened(path: Path, shape: Shape, limits: Limits, *, quoted: bool) -> Lines:
    """Read a file's header. Raises `SoftrecError` if it lacks a column, has one twice, or is too long."""
    first = first_line(path, limits)
    text = first.decode("utf-8-sig", "replace").rstrip("\r\n")
    header = fields(text, shape.separator, quoted) or []
    if twice := [name for name in shape.names if header.count(name) > 1]:
        raise SoftrecError(
            f"{path} has the column {twice[0]} twice: its header is {text!r:.200}",
            where=f"{path}, line 1",
            remedy="remove one, or rename it",
        )
    if absent := [name for name in shape.names if name not in header]:
        if unlike := unlike_text(first):
            raise SoftrecError(f"{path} {unlike[0]}", where=f"{path}, line 1", remedy=unlike[1])
        raise SoftrecError(
            f"{path} has no column {' and no '.join(absent)}: its header is {text!r:.200}",
            where=f"{path}, line 1",
            remedy=f"give a file with the columns {', '.join(shape.names)}, or correct the key `format`",
        )
    return Lines(path, shape, header, quoted, limits)


def first_line(path: Path, limits: Limits) -> bytes:
    """Read the first line of a plain or gzipped file. Raises `SoftrecError` if it is damaged or too long."""
    most = limits.line_mib << 20
    with text_blocks.open_text(path) as stream:
        try:
            first = stream.readline(most + 1)
        except text_blocks.BROKEN_GZIP as error:
            raise text_blocks.broken_gzip(path, 0, error) from error
    if len(first) > most:
        raise text_blocks.long_line(path, 1, limits)
    return first


def unlike_text(first: bytes) -> tuple[str, str] | None:
    """Return the fault that shows that a file is not UTF-8 text with line feeds, and its remedy, or None."""
    if first.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in first:
        return "is not UTF-8: it may be UTF-16", "save it as UTF-8"
    if b"\r" in first.rstrip(b"\r\n"):
        return "ends its lines with carriage returns only", "save it with line ends of Unix or Windows"
    return None


def fields(text: str, separator: str, quoted: bool) -> list[str] | None:
    """Split a line into fields; None if a quote is not closed, or not followed by a separator."""
    if not quoted:
        return text.split(separator)
    try:
        return next(csv.reader([text], delimiter=separator, strict=True), [])
    except csv.Error:
        return None


def has_quotes(lines: Lines, frame: pl.DataFrame) -> bool:
    """Whether a user or item id begins with a quote in a file whose fields may be in quotes."""
    texts = (frame["user_id"], frame["item_id"])
    return lines.shape.quotes and any(column.str.starts_with(QUOTE).any() for column in texts)


def parse(lines: Lines, max_rows: int | None) -> pl.DataFrame:
    """Parse the three columns of `max_rows` rows, or of all.

    Blank lines are not rows, but polars counts them, so more lines are parsed until there are enough rows.
    """
    most = max_rows
    while True:
        frame, parsed = parse_some(lines, most)
        if max_rows is None or most is None or len(frame) >= max_rows or parsed < most:
            return frame if max_rows is None else frame.head(max_rows)
        most *= 2


def parse_some(lines: Lines, most: int | None) -> tuple[pl.DataFrame, int]:
    """Parse the three columns of the first `most` lines without blank ones; also return the number of lines.

    All columns are parsed, because polars accepts lines with too many fields if some columns are left out.
    """
    path, shape, header, quoted, _ = lines
    types = {shape.names[2]: TYPES[shape.times]}
    options: dict[str, Any] = {"separator": shape.separator, "n_rows": most, "infer_schema": False, "glob": False}
    scan = pl.scan_csv(path, schema_overrides=types, quote_char=QUOTE if quoted else None, **options)
    kept = [pl.col(name).alias(ours) for name, ours in zip(shape.names, COLUMNS, strict=True)]
    blank, short = pl.all_horizontal(pl.all().is_null()), pl.col(header[-1]).is_null().alias("short")
    try:
        frame = scan.select(*kept, short, blank.alias("blank"), other_quotes(lines)).collect(engine="streaming")
        parsed = len(frame)
        if frame["quote"].any():
            raise unreadable(path, "a field begins with a quote")  # makes read_delimited parse again with quoting
        if frame["blank"].any():
            require_no_separators_alone(lines)
            frame = frame.filter(~pl.col("blank"))
        frame = timestamps.whole_milliseconds(frame, shape.times)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise first_fault(lines) or unreadable(path, str(error).splitlines()[0]) from None
    if text_blocks.has_gaps(frame, COLUMNS):
        raise first_fault(lines) or unreadable(path, "a field is empty")
    # A null last column may mean too few fields or an empty one; polars accepts quotes that are not closed.
    if quoted or frame["short"].any():
        fault = first_fault(lines)
        if fault:
            raise fault
    return frame.drop("short", "blank", "quote"), parsed


def other_quotes(lines: Lines) -> pl.Expr:
    """Whether a field outside our columns begins with a quote, in a file parsed without quoting that may have some."""
    others = [name for name in lines.header if name not in (*lines.shape.names, RATING)]
    if lines.quoted or not lines.shape.quotes or not others:
        return pl.lit(False).alias("quote")
    return pl.any_horizontal(pl.col(name).str.starts_with(QUOTE) for name in others).alias("quote")


def require_no_separators_alone(lines: Lines) -> None:
    """Raise `SoftrecError` for the first line of separators only, which polars parses like a blank line."""
    separator = lines.shape.separator.encode()
    alone = re.compile(rb"^" + re.escape(separator) + rb"+\r?$", re.MULTILINE)
    for first, text in text_blocks.blocks(lines.path, limits=lines.limits):
        # The regular expression is six times slower than this check for a possible beginning of such a line.
        begins = text.startswith(separator) or b"\n" + separator in text
        if begins and (found := alone.search(text)):
            number = first + text.count(b"\n", 0, found.start())
            raise text_blocks.bad_line(lines.path, number, "has nothing but separators")


def first_fault(lines: Lines) -> SoftrecError | None:
    """Find the first invalid line, reading line by line; return its error, or None."""
    for first, text in text_blocks.blocks(lines.path, limits=lines.limits):
        for number, content in enumerate(text.split(b"\n"), start=first):
            if number > 1 and content.rstrip(b"\r") and (fault := row_fault(content, lines)):
                return text_blocks.bad_line(lines.path, number, fault)
    return None


def unreadable(path: Path, why: str) -> SoftrecError:
    """Build the error for a file that cannot be parsed although each line is valid."""
    return SoftrecError(f"{path} cannot be read: {why}", where=str(path), remedy="fetch the file again")


def row_fault(content: bytes, lines: Lines) -> str | None:
    """Return the fault of one line, or None."""
    try:
        text = content.decode().rstrip("\r")
    except UnicodeDecodeError as error:
        return json_lines.not_utf8(content, error)
    values = fields(text, lines.shape.separator, lines.quoted)
    if values is None:
        return "has a quote that is not closed, or not followed by a separator"
    if lines.quoted and QUOTE in ENCLOSED.sub(r"\1", text):
        return "has a quote within a field that does not begin with one, where other fields are in quotes"
    if len(values) != len(lines.header):
        return f"has {len(values)} fields, but the header has {len(lines.header)}"
    row = dict(zip(lines.header, values, strict=True))
    stamp = row[lines.shape.names[2]]
    return json_lines.missing(row, lines.shape.names) or FAULTS[lines.shape.times](stamp)
