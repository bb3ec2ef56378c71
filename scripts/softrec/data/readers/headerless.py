"""Reader of interactions in delimited text without a header, block by block."""

import io
from pathlib import Path
from typing import NamedTuple

import polars as pl

from softrec.core.limits import Limits
from softrec.data import json_lines, text_blocks, timestamps

COLUMNS = ["user_id", "item_id", "timestamp"]


class Places(NamedTuple):
    """Separator, number of fields of a line, and the positions of user, item and time (seconds)."""

    separator: str
    fields: int
    user: int
    item: int
    timestamp: int


def read_headerless(path: Path, places: Places, max_rows: int | None, limits: Limits) -> pl.DataFrame:
    """Read user_id, item_id and timestamp (converted to milliseconds); blank lines are skipped.

    Raises `SoftrecError` for the first line with another number of fields, an empty one, or a time that is no number.
    """
    frames, rows = [pl.DataFrame(schema=dict(zip(COLUMNS, (pl.String, pl.String, pl.Int64), strict=True)))], 0
    for first, text in text_blocks.blocks(path, limits=limits):
        frame = block_frame(path, first, text.removeprefix(text_blocks.MARK) if first == 1 else text, places)
        frames.append(frame)
        rows += len(frame)
        if max_rows is not None and rows >= max_rows:
            break
    return pl.concat(frames).head(rows if max_rows is None else max_rows)


def block_frame(path: Path, first: int, text: bytes, places: Places) -> pl.DataFrame:
    """Parse a block of whole lines, the first of which has the number `first`."""
    mark = places.separator.encode()
    if len(mark) > 1:  # polars wants a single byte; a tab in the text would be taken for a separator
        if b"\t" in text:
            require_right(path, first, text, places)
        text, mark = text.replace(mark, b"\t"), b"\t"
    if not text.strip():
        return pl.DataFrame(schema=dict(zip(COLUMNS, (pl.String, pl.String, pl.Int64), strict=True)))
    types = {f"c{i}": pl.Float64 if i == places.timestamp else pl.String for i in range(places.fields)}
    try:
        options = {"has_header": False, "separator": mark.decode(), "quote_char": None}
        read = pl.read_csv(io.BytesIO(text), schema=types, **options)  # type: ignore[arg-type]
        gaps = text_blocks.has_gaps(read, types)
        read = timestamps.whole_milliseconds(read.rename({f"c{places.timestamp}": "timestamp"}), "seconds")
    except pl.exceptions.PolarsError as error:
        require_right(path, first, text, places, mark.decode())
        why = f"or one of those that follow it cannot be read: {str(error).splitlines()[0]}"
        raise text_blocks.bad_line(path, first, why) from None
    if gaps:
        require_right(path, first, text, places, mark.decode())
        read = read.filter(~pl.all_horizontal(pl.all().is_null()))  # blank lines
    return read.select(user_id=f"c{places.user}", item_id=f"c{places.item}", timestamp="timestamp")


def require_right(path: Path, first: int, text: bytes, places: Places, separator: str | None = None) -> None:
    """Raise `SoftrecError` for the first line of a block that is invalid."""
    for number, content in enumerate(text.split(b"\n"), start=first):
        if content.rstrip(b"\r") and (fault := line_fault(content, places, separator or places.separator)):
            raise text_blocks.bad_line(path, number, fault)


def line_fault(content: bytes, places: Places, separator: str) -> str | None:
    """Return the fault of one line, or None."""
    try:
        values = content.decode().rstrip("\r").split(separator)
    except UnicodeDecodeError as error:
        return json_lines.not_utf8(content, error)
    if len(values) != places.fields:
        return f"has {len(values)} fields separated by {places.separator!r}, not {places.fields}"
    row = dict(zip(COLUMNS, (values[i] for i in places[2:]), strict=True))
    return json_lines.missing(row, COLUMNS) or timestamps.seconds_fault(row["timestamp"])
