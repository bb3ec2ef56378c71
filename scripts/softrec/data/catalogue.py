"""The item catalogue: titles as the language model reads them, and categories.

A metadata file may be larger than memory; it is streamed, and only items that occur in the reviews are kept.
"""

import html
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import polars as pl

from common.display_text import plain
from common.errors import SoftrecError
from softrec.core.limits import Limits
from softrec.data import json_lines, text_blocks
from softrec.data.reviews import Format
from softrec.data.visible_text import can_be_seen
from softrec.io import tables

LongTitles = Literal["cut", "drop"]

TYPES = tables.types("item", "source_id", "title", "category", "title_id")
TEXTS = {"item_id": pl.String, "title": pl.String, "category": pl.String}
MOVIELENS = ["item_id:token", "movie_title:token_seq", "release_year:token", "class:token_seq"]
# `I <3 You` is not a tag; an unclosed `<span id="...` is (it occurs in the 2018 data).
TAG = re.compile(r"</?[A-Za-z][^<>]*>|<span\b[^<>]*$")
MARKED = re.compile(r"[&<\x00-\x1f\x7f-\x9f\u2028\u2029]")  # only texts with one of these need the passes below
# A repeatedly escaped ampersand (`&amp;amp;...`), unescaped at once: one level per pass could exceed `PASSES`.
NESTED = re.compile(r"&(?:amp;?|AMP;?|#0*38(?:;|(?![0-9;]))|#[xX]0*26(?:;|(?![0-9a-fA-F;])))+")
LONGEST = 200  # maximum length in characters of an id that replaces a title
PASSES = 32  # of unescaping; if the text still changes after that, `&` and `<` are removed
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def clean_text(text: str | None) -> str | None:
    """Remove entities, tags, control characters and repeated blanks; return None if no visible character is left.

    Entities are unescaped until none is left (`&amp;quot;` occurs), so cleaning twice changes nothing.
    """
    if text is None:
        return None
    if MARKED.search(text):
        for _ in range(PASSES):
            before = text
            text = CONTROL.sub(" ", TAG.sub(" ", html.unescape(NESTED.sub("&", text))))
            if text == before:
                break
        else:
            text = text.replace("&", " ").replace("<", " ")
    text = " ".join(text.split())
    return text if can_be_seen(text) else None


def limit_words(title: str | None, words: int | None, long_titles: LongTitles) -> str | None:
    """Cut a title to its first `words` words, or drop it (None, as if the item had no title), if it is longer."""
    if title is None or words is None:
        return title
    parts = title.split()
    if len(parts) <= words:
        return title
    return " ".join(parts[:words]) if long_titles == "cut" else None


def read_texts(path: Path, source: Format, wanted: pl.Series, limits: Limits | None = None) -> pl.DataFrame:
    """Read cleaned titles and categories of the items `wanted`.

    Amazon: `title`, and `categories` (from the broadest to the narrowest) joined by " > ". MovieLens: `title (year)`,
    and the genres joined by ", ". If an item has several rows, the first with a title is used.

    Returns:
        A frame sorted by item_id with the columns item_id, title (or null) and category (or null); items without a row
        in the file are absent.

    Raises:
        SoftrecError: a line is cut off, is not JSON or has no item id; names the file and the line.
    """
    read = movielens_texts if source == "movielens" else amazon_texts
    return first_titled([pl.DataFrame(schema=TEXTS), *read(path, wanted.unique(), limits)])


def first_titled(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Keep one row per item, the first with a title or else the first, sorted by item_id."""
    texts = pl.concat(frames).sort(pl.col("title").is_null(), maintain_order=True)
    return texts.unique("item_id", keep="first", maintain_order=True).sort("item_id")


def require_two_files(ratings: Path, metadata: Path) -> None:
    """Raise `SoftrecError` if ratings and metadata are the same file."""
    if ratings.samefile(metadata):
        raise SoftrecError(
            f"{ratings} is given as ratings and as metadata", where=str(metadata), remedy="give the file of the items"
        )


def require_known(texts: pl.DataFrame, items: pl.Series, ratings: Path, metadata: Path) -> None:
    """Raise `SoftrecError` if the metadata cover none of the items, as those of another data set do."""
    if texts.is_empty():
        raise SoftrecError(
            f"{metadata} covers 0 of the {items.n_unique():,} items of {ratings}",
            where=f"the first item is {items[0]}",
            remedy="give the metadata of the same data set, with the ids that the ratings have",
        )


def hand_down(texts: pl.DataFrame, items: pl.Series, parents: pl.Series) -> pl.DataFrame:
    """Give each of `items` the texts of its parent, sorted by item_id; items whose parent has no texts are absent."""
    known = pl.DataFrame({"item_id": items, "parent": parents})
    return known.join(texts, left_on="parent", right_on="item_id").select(*TEXTS).sort("item_id")


def amazon_texts(path: Path, wanted: pl.Series, limits: Limits | None) -> Iterator[pl.DataFrame]:
    """Yield the texts of the wanted items in a metadata file of Amazon Reviews 2023, block by block."""
    schema = {"parent_asin": pl.String, "title": pl.String, "categories": pl.List(pl.String)}
    for frame in json_lines.json_frames(path, schema, metadata_fault, ["parent_asin"], limits):
        kept = frame.filter(pl.col("parent_asin").is_in(wanted.implode()))
        titles = [clean_text(title) for title in kept["title"]]
        yield frame_of(
            kept["parent_asin"].to_list(), titles, [join(labels, " > ") for labels in kept["categories"].to_list()]
        )


def metadata_fault(value: dict[str, Any]) -> str | None:
    """Return the fault of one line of metadata, or None."""
    labels = value.get("categories")
    if labels is not None and not isinstance(labels, list):
        return f"has the categories {labels!r:.80}, not a list"
    return json_lines.missing(value, ["parent_asin"])


def movielens_texts(path: Path, wanted: pl.Series, limits: Limits | None) -> Iterator[pl.DataFrame]:
    """Yield the texts of the wanted items in the `.item` file of RecBole's MovieLens-100K."""
    keep = set(wanted)
    rows = [row for row in movielens_rows(path, limits) if row[0] in keep]
    names, years = ([clean_text(row[column]) for row in rows] for column in (1, 2))
    titles = [f"{name} ({year})" if name and year else name for name, year in zip(names, years, strict=True)]
    yield frame_of([row[0] for row in rows], titles, [join(row[3].split(), ", ") for row in rows])


def movielens_rows(path: Path, limits: Limits | None) -> Iterator[list[str]]:
    """Yield the four fields of each line of an `.item` file, skipping the header and blank lines."""
    for first, text in text_blocks.blocks(path, limits=limits):
        for line, content in enumerate(text.split(b"\n"), start=first):
            try:
                values = content.decode().rstrip("\r").split("\t")
            except UnicodeDecodeError as error:
                raise text_blocks.bad_line(path, line, json_lines.not_utf8(content, error)) from None
            if line == 1 and values != MOVIELENS:
                raise text_blocks.bad_line(path, 1, "is not the header of an .item file", "correct the key `format`")
            if line == 1 or not content.strip():
                continue
            if len(values) != len(MOVIELENS) or not can_be_seen(values[0]):
                raise text_blocks.bad_line(path, line, f"is not an item_id and {len(MOVIELENS) - 1} more fields")
            yield values


def join(labels: Sequence[str | None] | None, separator: str) -> str | None:
    """Join cleaned labels by `separator`, skipping blank ones; None if none is left."""
    return separator.join(filter(None, map(clean_text, labels or []))) or None


def frame_of(item_ids: list[str], titles: list[str | None], categories: list[str | None]) -> pl.DataFrame:
    """Build a frame of the three columns with the types of `TEXTS`."""
    return pl.DataFrame({"item_id": item_ids, "title": titles, "category": categories}, schema=TEXTS)


def limit_titles(texts: pl.DataFrame, words: int | None, long_titles: LongTitles) -> pl.DataFrame:
    """Cut titles of more than `words` words (`cut`), or set them to null (`drop`)."""
    titles = [limit_words(title, words, long_titles) for title in texts["title"]]
    return texts.with_columns(pl.Series("title", titles, pl.String))


def build_catalogue(item_ids: list[str], texts: pl.DataFrame, *, keep_untitled: bool) -> dict[str, list[Any]]:
    """Build the columns of catalogue.parquet for items 1..N, whose source ids are `item_ids` in this order.

    Items that share a title share its title_id; title ids count from 0 in the order of each title's first item. If
    items without a title are kept, their title is their source id, which no other item has.

    Raises:
        SoftrecError: an item has no title and untitled items are not kept, or its source id cannot serve as its title:
            it is another item's title, has control characters or is too long.
    """
    known = {row[0]: row[1:] for row in texts.iter_rows()}
    rows = [known.get(name, (None, None)) for name in item_ids]
    titles = [title or name for name, (title, _) in zip(item_ids, rows, strict=True)]
    untitled = [name for name, (title, _) in zip(item_ids, rows, strict=True) if not title]
    if untitled and not keep_untitled:
        raise SoftrecError(
            f"{len(untitled)} items have no title, the first is {untitled[0]}", remedy="set untitled: keep"
        )
    if odd := [name for name in untitled if plain(name) != name or len(name) > LONGEST]:
        raise SoftrecError(
            f"the item {odd[0]!r:.90} has no title, and its id cannot serve as one",
            remedy="set untitled: before, or give the item a title",
        )
    if taken := set(untitled) & {title for title, _ in rows}:
        raise SoftrecError(
            f"the item {min(taken)} has no title, and its id is the title of another item",
            remedy="set untitled: before, or correct that title",
        )
    numbers: dict[str, int] = {}
    return {
        "item": list(range(1, len(item_ids) + 1)),
        "source_id": item_ids,
        "title": titles,
        "category": [category for _, category in rows],
        "title_id": [numbers.setdefault(title, len(numbers)) for title in titles],
    }
