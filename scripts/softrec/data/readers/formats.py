"""All formats of raw files: the reader of ratings and the reader of metadata of each."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import polars as pl

from common.errors import SoftrecError
from softrec.data import catalogue, reviews, timestamps
from softrec.data.readers import amazon, columns, movielens, recbole, signs
from softrec.data.source_format import Format, Source


class Readers(NamedTuple):
    """Reader of the ratings, and reader of the texts of wanted items."""

    reviews: Callable[[Path, Source], pl.DataFrame]
    texts: Callable[[Path, Source, pl.Series], pl.DataFrame]


READERS: dict[Format, Readers] = {
    "recbole": Readers(recbole.read_reviews, recbole.read_texts),
    "movielens-csv": Readers(movielens.csv_reviews, movielens.csv_texts),
    "movielens-dat": Readers(movielens.dat_reviews, movielens.dat_texts),
    "movielens-100k": Readers(movielens.hundred_k_reviews, movielens.hundred_k_texts),
    "amazon2014": Readers(amazon.read_reviews, amazon.read_texts),
    "amazon2018": Readers(amazon.read_reviews, amazon.read_texts),
    "amazon2014-ratings": Readers(amazon.read_ratings, amazon.read_texts),
    "amazon2018-ratings": Readers(amazon.read_ratings, amazon.read_texts),
}


def read_reviews(path: Path, source: Source) -> pl.DataFrame:
    """Read reviews in file order: user_id, item_id, timestamp (milliseconds), and parent_id for variants.

    Raises:
        SoftrecError: the file is empty, or a line is invalid; if it looks like another format, the remedy names that.
    """
    with signs.explained(path, source.format, "ratings"):
        if (published := reviews.PUBLISHED.get(source.format)) is not None:
            return reviews.read_reviews(path, published, source.item_key, source.max_rows, source.limits)
        read = columns.read_reviews if source.format == "columns" else READERS[source.format].reviews
        frame = read(path, source)
        if frame.is_empty():
            raise SoftrecError(f"{path} holds no review", where=str(path), remedy="give another file")
        return timestamps.in_milliseconds(frame, path)


def read_texts(ratings: Path, metadata: Path | None, source: Source, wanted: pl.Series) -> pl.DataFrame:
    """Read titles and categories of the items `wanted`, from the metadata or, without such a file, from the ratings.

    Returns:
        A frame sorted by item_id with the columns item_id, title (or null) and category (or null).

    Raises:
        SoftrecError: as `read_reviews`; or the format needs a file of metadata, and there is none.
    """
    path = metadata or ratings
    if metadata is None and source.format != "columns":
        raise SoftrecError(f"format: {source.format} needs a file of metadata", where=str(ratings), remedy="give one")
    with signs.explained(path, source.format, "metadata"):
        if (published := reviews.PUBLISHED.get(source.format)) is not None:
            return catalogue.read_texts(path, published, wanted, source.limits)
        distinct = wanted.unique()
        if source.format == "columns":
            read = columns.read_texts(path, source, distinct, own_file=metadata is not None)
        else:
            read = READERS[source.format].texts(path, source, distinct)
        return catalogue.first_titled([read])
