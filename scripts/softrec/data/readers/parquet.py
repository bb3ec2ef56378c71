"""Reader of columns of Parquet files, with errors that name column, type and row."""

from pathlib import Path
from typing import Any

import polars as pl

from common.errors import SoftrecError
from softrec.core.limits import Limits, too_large
from softrec.data import timestamps
from softrec.data.readers.headers import require_columns
from softrec.data.source_format import Columns, TimeUnit
from softrec.data.visible_text import UNSEEN, has_unseen

MAGIC = b"PAR1"
EPOCH_TYPES = {"s": "a number of seconds", "ms": "a whole number of milliseconds", "order": "a whole number"}


def is_parquet(path: Path) -> bool:
    """Whether a file is Parquet, by its first bytes."""
    with path.open("rb") as stream:
        return stream.read(len(MAGIC)) == MAGIC


def read_interactions(
    path: Path, columns: Columns, unit: TimeUnit, max_rows: int | None, limits: Limits
) -> pl.DataFrame:
    """Read user_id and item_id (texts; whole numbers become their digits) and timestamp (milliseconds).

    Raises `SoftrecError` if a column is absent, has an unsuitable type, or holds a null or a blank text.
    """
    named = {"user": columns.user or "", "item": columns.item or "", "timestamp": columns.timestamp or ""}
    schema = checked_schema(path, named, limits)
    stamp = named["timestamp"]
    if fault := time_fault(schema[stamp], unit):
        raise wrong_type(path, "timestamp", stamp, schema[stamp], fault)
    chosen = [text(path, key, named[key], schema).alias(f"{key}_id") for key in ("user", "item")]
    scan = pl.scan_parquet(path, glob=False)
    scan = scan.select(*chosen, time(stamp, schema[stamp], unit).alias("timestamp"))
    frame = collected(path, scan if max_rows is None else scan.head(max_rows))
    for key, name in named.items():
        require_values(path, key, name, frame["timestamp" if key == "timestamp" else f"{key}_id"])
    if schema[stamp] == pl.String:
        frame = timestamps.whole_milliseconds(texts := frame, "dates")
        if frame["timestamp"].has_nulls():
            row = frame["timestamp"].is_null().arg_max() or 0
            raise bad_row(path, row, timestamps.date_fault(texts["timestamp"][row]) or "has no timestamp")
    return frame


def read_texts(path: Path, named: dict[str, str], wanted: pl.Series, limits: Limits) -> pl.DataFrame:
    """Read the distinct (item_id, title, category) of the items `wanted`, in the order of their first rows."""
    schema = checked_schema(path, named, limits)
    item = text(path, "item", named["item"], schema).alias("item_id")
    parts = [item]
    for key in ("title", "category"):
        name = named.get(key)
        if name and schema[name] not in (pl.String, pl.Categorical):
            raise wrong_type(path, key, name, schema[name], "text")
        parts.append((pl.col(name).cast(pl.String) if name else pl.lit(None, pl.String)).alias(key))
    names = ["item_id", "title", "category"]
    scan = pl.scan_parquet(path, glob=False).select(*parts).with_row_index("row")
    frame = collected(path, scan.group_by(names).agg(pl.col("row").min())).sort("row")
    blank = unseen(frame["item_id"])
    if blank.any():
        raise bad_row(path, frame["row"].filter(blank)[0], f"has no item (column {named['item']!r})")
    return frame.filter(pl.col("item_id").is_in(wanted.implode())).select(names)


def checked_schema(path: Path, named: dict[str, str], limits: Limits) -> dict[str, Any]:
    """Return the types of a file's columns.

    Raises `SoftrecError` if it is not Parquet, lacks a column, or unpacks to more than is allowed.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        parts = pq.ParquetFile(path).metadata
        names = pq.read_schema(path).names
        size = sum(parts.row_group(i).total_byte_size for i in range(parts.num_row_groups))
        require_columns(path, {f"columns.{key}": name for key, name in named.items()}, names, line="")
        schema = dict(pl.scan_parquet(path, glob=False).collect_schema())
    except (pa.ArrowException, pl.exceptions.PolarsError, OSError) as error:
        raise unreadable(path, error) from None
    if not parts.num_rows:
        raise SoftrecError(f"{path} holds no row", where=str(path), remedy="give another file")
    if size > limits.inflated_gib * 2**30:
        raise too_large(path, limits)
    return schema


def text(path: Path, key: str, name: str, schema: dict[str, Any]) -> pl.Expr:
    """Return the expression for ids as texts. Raises `SoftrecError` for types other than text and whole numbers."""
    kind = schema[name]
    if kind not in (pl.String, pl.Categorical) and not kind.is_integer():
        raise wrong_type(path, key, name, kind, "text or whole numbers")
    return pl.col(name).cast(pl.String)


def time_fault(kind: Any, unit: TimeUnit) -> str | None:
    """Return what a column of times should be, if it is not that."""
    if unit == "date":
        fits = kind == pl.String or (kind.is_temporal() and kind not in (pl.Time, pl.Duration))
        return None if fits else "a date, a time stamp or text"
    fits = kind.is_integer() or (unit == "s" and kind.is_float())
    return None if fits else EPOCH_TYPES[unit]


def time(name: str, kind: Any, unit: TimeUnit) -> pl.Expr:
    """Return the expression for a time in milliseconds; texts of dates are left as they are."""
    column = pl.col(name)
    if unit == "s":
        # A number that is infinite or does not fit in 64 bits becomes null, which `require_values` refuses.
        return (column.cast(pl.Float64) * 1000).round().cast(pl.Int64, strict=False)
    if unit in ("ms", "order"):
        return column.cast(pl.Int64, strict=False)
    return column if kind == pl.String else column.cast(pl.Datetime("ms")).cast(pl.Int64)


def collected(path: Path, scan: pl.LazyFrame) -> pl.DataFrame:
    """Read a file, block by block. Raises `SoftrecError` if it is damaged."""
    try:
        return scan.collect(engine="streaming")
    except (pl.exceptions.PolarsError, OSError) as error:
        raise unreadable(path, error) from None


def unseen(values: pl.Series) -> pl.Series:
    """Return the mask of rows without a value, or with a text without a visible character."""
    if values.dtype == pl.String and has_unseen(values):
        return values.is_null() | values.str.contains(UNSEEN).fill_null(True)
    return values.is_null()


def require_values(path: Path, key: str, name: str, values: pl.Series) -> None:
    """Raise `SoftrecError` for the first row in which a column has no value."""
    gone = unseen(values)
    if gone.any():
        usable = " that is a finite number in 64 bits" if key == "timestamp" else ""
        raise bad_row(path, gone.arg_max() or 0, f"has no {key}{usable} (column {name!r})")


def bad_row(path: Path, row: int, fault: str) -> SoftrecError:
    """Build the error for a row, given its index from 0; messages count rows from 1."""
    return SoftrecError(f"{path}, row {row + 1}: the row {fault}", where=str(path), remedy="mend or remove the row")


def wrong_type(path: Path, key: str, name: str, kind: Any, wanted: str) -> SoftrecError:
    """Build the error for a column of an unsuitable type."""
    return SoftrecError(
        f"{path} has the column {name!r} of type {kind}, not {wanted}",
        where=f"{path}; the key columns.{key}",
        remedy="convert the column, or name another",
    )


def unreadable(path: Path, error: Exception) -> SoftrecError:
    """Build the error for a file that is not Parquet, or is damaged."""
    return SoftrecError(
        f"{path} cannot be read as a Parquet file: {str(error).splitlines()[0]}",
        where=str(path),
        remedy="write the file again, or give another file",
    )
