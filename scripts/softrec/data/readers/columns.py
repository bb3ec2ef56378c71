"""Reader of the format `columns`: CSV, TSV or Parquet whose columns the configuration names."""

from itertools import islice
from pathlib import Path

import polars as pl

from common.errors import SoftrecError
from softrec.data import catalogue, json_lines, text_blocks, timestamps
from softrec.data.delimited import COLUMNS, FAULTS, TYPES, Shape, Times, read_delimited
from softrec.data.readers import parquet
from softrec.data.readers.headers import Header, read_header, require_columns
from softrec.data.readers.rows import Layout, Table, Texts, item_texts, rows
from softrec.data.readers.time_units import require_form, require_unit
from softrec.data.source_format import Source, TimeUnit

CHUNK = 100_000  # rows that are held as Python texts, a tenth of a second's work
TIMES: dict[TimeUnit, Times] = {"s": "seconds", "ms": "milliseconds", "order": "milliseconds", "date": "dates"}


def read_reviews(path: Path, source: Source) -> pl.DataFrame:
    """Read user_id, item_id and timestamp (milliseconds) from the three named columns.

    Raises `SoftrecError` if a column is absent, a row is invalid, or times are in another unit than stated.
    """
    named = source.columns
    if not (named.user and named.item and named.timestamp and source.timestamps):
        raise SoftrecError("columns names no user, no item or no timestamp", where="--settings", remedy="name all")
    if parquet.is_parquet(path):
        frame = parquet.read_interactions(path, named, source.timestamps, source.max_rows, source.limits)
    else:
        names = (named.user, named.item, named.timestamp)
        keys = ("columns.user", "columns.item", "columns.timestamp")
        header = checked_header(path, dict(zip(keys, names, strict=True)), source)
        shape = Shape(header.separator, names, TIMES[source.timestamps], quotes=True)
        for line, values in islice(rows(Table(path, shape.separator, source.limits, quotes=True)), 1, 2):
            if len(values) == len(header.columns):  # else the reader says what is wrong with the line
                require_form(values[header.columns.index(named.timestamp)], path, line, source.timestamps)
        frame = read_text(path, shape, header, source)
    require_unit(frame, path, source.timestamps)
    return frame


def read_text(path: Path, shape: Shape, header: Header, source: Source) -> pl.DataFrame:
    """Read user_id, item_id and timestamp (milliseconds); row by row if there are quotes, which may hold line breaks.

    Raises `SoftrecError` for an invalid row.
    """
    if not any(b'"' in text for _, text in text_blocks.blocks(path, limits=source.limits)):
        return read_delimited(path, shape, source.max_rows, source.limits)
    places = [header.columns.index(name) for name in shape.names]
    wide, frames = len(header.columns), list[pl.DataFrame]()
    numbers: list[int] = []
    found: tuple[list[str], ...] = ([], [], [])
    numbered = rows(Table(path, shape.separator, source.limits, quotes=True))
    next(numbered, None)
    for number, values in islice(numbered, source.max_rows):
        if len(values) != wide:
            fault = f"has {len(values)} fields, but the header has {wide}"
            raise text_blocks.bad_line(path, number, fault)
        numbers.append(number)
        for column, place in zip(found, places, strict=True):
            column.append(values[place])
        if len(numbers) == CHUNK:
            frames.append(chunk_frame(path, shape, numbers, found))
            numbers, found = [], ([], [], [])
    return pl.concat([*frames, chunk_frame(path, shape, numbers, found)])


def chunk_frame(path: Path, shape: Shape, numbers: list[int], found: tuple[list[str], ...]) -> pl.DataFrame:
    """Convert columns of texts. Raises `SoftrecError` for the first row without an id or a valid time."""
    texts = pl.DataFrame(dict(zip(COLUMNS, found, strict=True)), schema=dict.fromkeys(COLUMNS, pl.String))
    stamp = pl.col("timestamp").str.strip_chars_start(" ").cast(TYPES[shape.times], strict=False)
    try:
        frame = timestamps.whole_milliseconds(texts.with_columns(stamp), shape.times)
        if not text_blocks.has_gaps(frame, COLUMNS):
            return frame
    except pl.exceptions.PolarsError:
        pass  # a number that does not fit in 64 bits; the loop finds its row
    for number, *row in zip(numbers, *found, strict=True):
        gone = json_lines.missing(dict(zip(shape.names, row, strict=True)), shape.names)
        if fault := gone or FAULTS[shape.times](row[2]):
            raise text_blocks.bad_line(path, number, fault)
    why = f"or one of the {len(numbers):,} rows after it cannot be read"
    raise text_blocks.bad_line(path, numbers[0], why)


def read_texts(path: Path, source: Source, wanted: pl.Series, *, own_file: bool) -> pl.DataFrame:
    """Read titles and categories from the file of metadata (`own_file`), or from that of ratings."""
    named = source.columns
    item = named.metadata_item if own_file and named.metadata_item else named.item
    key = "metadata_item" if own_file and named.metadata_item else "item"
    found = {key: item, "title": named.title, "category": named.category}
    names = {f"columns.{role}": name for role, name in found.items() if name}
    if parquet.is_parquet(path):
        roles = {"item": item or "", **{r: n for r in ("title", "category") if (n := found[r])}}
        read = parquet.read_texts(path, roles, wanted, source.limits)
        title, category = ([catalogue.clean_text(text) for text in read[name]] for name in ("title", "category"))
        return catalogue.frame_of(read["item_id"].to_list(), title, category)
    header = checked_header(path, names, source)
    place = {role: header.columns.index(name) for role, name in found.items() if name}

    def texts(row: list[str]) -> Texts:
        category = row[place["category"]] if "category" in place else None
        return catalogue.clean_text(row[place["title"]]), catalogue.clean_text(category)

    layout = Layout(len(header.columns), place[key], item or "", texts)
    return item_texts(Table(path, header.separator, source.limits, quotes=True), layout, wanted, header=True)


def checked_header(path: Path, names: dict[str, str], source: Source) -> Header:
    """Read a header. Raises `SoftrecError` unless it has each of `names` (by their keys) once."""
    header = read_header(path, list(names.values()), source.limits)
    require_columns(path, names, header.columns)
    return header
