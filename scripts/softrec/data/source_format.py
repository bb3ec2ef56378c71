"""What the configuration says about the two raw files of a data set: their format, columns and unit of times."""

from dataclasses import dataclass, field
from typing import Literal

from softrec.core.limits import Limits

Format = Literal[
    "reviews",
    "ratings",
    "movielens",
    "columns",
    "recbole",
    "movielens-csv",
    "movielens-dat",
    "movielens-100k",
    "amazon2014",
    "amazon2018",
    "amazon2014-ratings",
    "amazon2018-ratings",
]
ItemKey = Literal["parent_asin", "asin"]
TimeUnit = Literal["s", "ms", "date", "order"]


@dataclass(frozen=True)
class Columns:
    """Names of a file's columns.

    Attributes:
        user, item, timestamp: in the file of ratings.
        title, category: in the file of metadata, or in that of ratings if there is no other.
        metadata_item: the item in the file of metadata, if it has another name there.
    """

    user: str | None = None
    item: str | None = None
    timestamp: str | None = None
    title: str | None = None
    category: str | None = None
    metadata_item: str | None = None


@dataclass(frozen=True)
class Source:
    """How to read the files of a data set.

    Attributes:
        format: of both files.
        columns: names of columns, for the format `columns`; those that differ from RecBole's usual ones for `recbole`.
        timestamps: unit of the format `columns`: seconds, milliseconds, ISO dates, or numbers that only order.
        item_key: field of `reviews` that identifies the item; a variant, `asin`, has the title of its `parent_asin`.
        max_rows: maximum number of reviews to read; null reads all.
        limits: maximum sizes of the files.
    """

    format: Format
    columns: Columns = field(default_factory=Columns)
    timestamps: TimeUnit | None = None
    item_key: ItemKey = "parent_asin"
    max_rows: int | None = None
    limits: Limits = field(default_factory=Limits)
