"""Reader of the format `columns`: CSV, TSV or Parquet whose columns the configuration names."""

from pathlib import Path

import polars as pl

from common.errors import SoftrecError
from softrec.data import catalogue
from softrec.data.delimited import Shape, Times, read_delimited
from softrec.data.readers import parquet
from softrec.data.readers.headers import Header, read_header, require_columns
from softrec.data.readers.rows import Layout, Table, Texts, item_texts
from softrec.data.readers.time_units import require_unit
from softrec.data.source_format import Source, TimeUnit

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
        frame = read_delimited(path, shape, source.max_rows, source.limits)
    require_unit(frame, path, source.timestamps)
    return frame


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
