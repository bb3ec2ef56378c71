"""How large the made-up data sets are: the publisher's files by their bytes, and Table 1 by its counts."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TitleShape:
    """Words of a title: the median, the spread of their logarithm, and the most."""

    median: float
    spread: float
    most: int


@dataclass(frozen=True)
class Shape:
    """One data set.

    Attributes:
        users, items, rows: what the filter has to leave (Table 1).
        all_users, all_items: of the ratings file (the 5-core as published).
        untitled: share of the file's items without a title; half of them have no metadata at all.
        charge: fewest and most rows that a user or item outside the core brings along (at most 9, see `graph`).
        ratings_bytes, metadata_bytes: sizes of the published files, unpacked.
        metadata_rows: items that the metadata file describes.
        main_category: the metadata's name for the shop.
        title: lengths of titles.
        ratings_rows: rows of the ratings file where they are published; else they follow from its bytes.
    """

    users: int
    items: int
    rows: int
    all_users: int
    all_items: int
    untitled: float
    charge: tuple[int, int]
    ratings_bytes: int
    metadata_bytes: int
    metadata_rows: int
    main_category: str
    title: TitleShape
    ratings_rows: int | None = None


# Bytes are those of workflow/lib/cost/disk.py. The 10-core of all of Kindle would be larger than Table 1 says, for a
# user or item that is peeled away takes nine rows along at most. So a quarter of its rows are of untitled items.
SHAPES = {
    "game": Shape(
        *(11_658, 5_335, 196_508), 94_762, 25_612, 0.005, (4, 7), 47_244_051, 437_375_785, 137_269,
        "Video Games", TitleShape(9, 0.6, 43), 814_586,
    ),
    "movie": Shape(
        *(67_917, 45_578, 1_650_120), 657_200, 197_900, 0.5, (3, 7), 431_542_901, 1_285_744_674, 748_224,
        "Movies & TV", TitleShape(3.5, 0.6, 25),
    ),
    "kindle": Shape(
        *(76_691, 61_528, 2_155_790), 892_200, 466_600, 0.15, (8, 9), 932_197_614, 6_865_237_738, 1_590_000,
        "Buy a Kindle", TitleShape(7, 0.55, 32),
    ),
}  # fmt: skip
