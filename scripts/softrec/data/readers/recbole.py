"""Reader of RecBole's atomic files (.inter, .item): tabs, a header of `name:type`, any columns in any order."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from common.errors import SoftrecError
from softrec.data import catalogue
from softrec.data.delimited import Shape, read_delimited
from softrec.data.readers.headers import read_header, require_columns
from softrec.data.readers.rows import Layout, Table, Texts, item_texts
from softrec.data.source_format import Source

TYPES = ("token", "token_seq", "float", "float_seq")
TITLES = ("movie_title", "title", "name", "item_name", "book_title")  # of RecBole's published data sets
CATEGORIES = ("genre", "genres", "class", "categories", "category")
YEAR = "release_year"


def read_reviews(path: Path, source: Source) -> pl.DataFrame:
    """Read the columns user_id, item_id and timestamp (seconds) of an `.inter` file.

    Raises `SoftrecError` if one is absent, or the header has no types.
    """
    header = typed_header(path, source)
    own = source.columns
    named = {
        "columns.user": own.user or "user_id",
        "columns.item": own.item or "item_id",
        "columns.timestamp": own.timestamp or "timestamp",
    }
    require_columns(path, named, list(header))
    user, item, stamp = (header[name] for name in named.values())
    shape = Shape("\t", (user, item, stamp), "seconds", quotes=False)
    return read_delimited(path, shape, source.max_rows, source.limits)


def read_texts(path: Path, source: Source, wanted: pl.Series) -> pl.DataFrame:
    """Read titles and categories of an `.item` file.

    The title is `columns.title`, or the first of `TITLES` that there is, followed by "(release_year)" if there is one.
    Words of a category of type token_seq are joined by ", ".
    """
    header, own = typed_header(path, source), source.columns
    item = own.metadata_item or own.item or "item_id"
    title = own.title or first_of(TITLES, header)
    category = own.category or first_of(CATEGORIES, header)
    if title is None:
        raise SoftrecError(
            f"{path} has no column of titles: its columns are {', '.join(header)}",
            where=f"{path}, line 1; the key columns.title",
            remedy="name the column in columns.title",
        )
    named = {"columns.item": item, "columns.title": title} | ({"columns.category": category} if category else {})
    require_columns(path, named, list(header))
    place = {name: i for i, name in enumerate(header)}

    def texts(row: list[str]) -> Texts:
        name, label = catalogue.clean_text(row[place[title]]), row[place[category]] if category else ""
        year = catalogue.clean_text(row[place[YEAR]]) if YEAR in place else None
        split = category and header[category].endswith("_seq")
        return f"{name} ({year})" if name and year else name, catalogue.join(label.split() if split else [label], ", ")

    layout = Layout(len(header), place[item], item, texts)
    return item_texts(Table(path, "\t", source.limits), layout, wanted, header=True)


def typed_header(path: Path, source: Source) -> dict[str, str]:
    """Return the header's fields by their names without types, in the file's order.

    Raises `SoftrecError` for a field without a type, and for one that is there twice.
    """
    fields = read_header(path, (), source.limits)
    split = [field.rpartition(":") for field in fields.columns]
    if (fields.separator != "\t" and len(split) > 1) or any(kind not in TYPES for _, _, kind in split):
        raise SoftrecError(
            f"{path} has the header {'  '.join(fields.columns)!r:.200}, not fields such as user_id:token between tabs",
            where=f"{path}, line 1",
            remedy="give an atomic file of RecBole, or correct the key `format`",
        )
    names = [name for name, _, _ in split]
    require_columns(path, {f"column {name}": name for name in names}, names)
    return dict(zip(names, fields.columns, strict=True))


def first_of(known: Sequence[str], header: dict[str, str]) -> str | None:
    """Return the first known name that the header has."""
    return next((name for name in known if name in header), None)
