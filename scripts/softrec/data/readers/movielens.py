"""Readers of GroupLens' own MovieLens files: ml-latest, 20m, 25m (CSV), ml-1m, ml-10m (.dat), ml-100k (u.*)."""

from pathlib import Path

import polars as pl

from softrec.data import catalogue
from softrec.data.delimited import Shape, read_delimited
from softrec.data.readers.headerless import Places, read_headerless
from softrec.data.readers.headers import read_header, require_columns
from softrec.data.readers.rows import Layout, Table, Texts, item_texts
from softrec.data.source_format import Source

CSV = Shape(",", ("userId", "movieId", "timestamp"), "seconds", quotes=True)
MOVIES = ("movieId", "title", "genres")
DAT = Places("::", 4, user=0, item=1, timestamp=3)
HUNDRED_K = Places("\t", 4, user=0, item=1, timestamp=3)
LATIN = "latin-1"  # of movies.dat of ml-1m, and of u.item; that of ml-10m is UTF-8
NO_GENRE = "(no genres listed)"
# In the order of the last 19 fields of u.item, as its file u.genre lists them.
GENRES = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy",
    "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip
FIELDS = 5 + len(GENRES)  # of u.item: number, title, two dates, address, and a flag for each genre


def csv_reviews(path: Path, source: Source) -> pl.DataFrame:
    """Read `ratings.csv`: userId, movieId, rating, timestamp (seconds)."""
    header = read_header(path, CSV.names, source.limits)
    for name in CSV.names:
        require_columns(path, {f"format {source.format}": name}, header.columns)
    return read_delimited(path, CSV, source.max_rows, source.limits)


def csv_texts(path: Path, source: Source, wanted: pl.Series) -> pl.DataFrame:
    """Read `movies.csv`: movieId, title with its year, genres separated by `|`."""
    header = read_header(path, MOVIES, source.limits)
    for name in MOVIES:
        require_columns(path, {f"format {source.format}": name}, header.columns)
    item, title, genres = (header.columns.index(name) for name in MOVIES)
    layout = Layout(len(header.columns), item, MOVIES[0], lambda row: texts_of(row[title], row[genres]))
    return item_texts(Table(path, ",", source.limits, quotes=True), layout, wanted, header=True)


def dat_reviews(path: Path, source: Source) -> pl.DataFrame:
    """Read `ratings.dat`: UserID::MovieID::Rating::Timestamp (seconds)."""
    return read_headerless(path, DAT, source.max_rows, source.limits)


def dat_texts(path: Path, source: Source, wanted: pl.Series) -> pl.DataFrame:
    """Read `movies.dat`: MovieID::Title::Genres, in UTF-8 or Latin-1."""
    layout = Layout(3, 0, "MovieID", lambda row: texts_of(row[1], row[2]))
    return item_texts(Table(path, "::", source.limits, fallback=LATIN), layout, wanted, header=False)


def hundred_k_reviews(path: Path, source: Source) -> pl.DataFrame:
    """Read `u.data`: user, item, rating and time (seconds), separated by tabs."""
    return read_headerless(path, HUNDRED_K, source.max_rows, source.limits)


def hundred_k_texts(path: Path, source: Source, wanted: pl.Series) -> pl.DataFrame:
    """Read `u.item`: number, title with its year, ..., and a 0 or 1 for each of 19 genres."""

    def texts(row: list[str]) -> Texts:
        flagged = zip(GENRES, row[-len(GENRES) :], strict=True)
        return texts_of(row[1], "|".join(genre for genre, flag in flagged if flag == "1"))

    table = Table(path, "|", source.limits, fallback=LATIN)
    return item_texts(table, Layout(FIELDS, 0, "item number", texts), wanted, header=False)


def texts_of(title: str, genres: str) -> Texts:
    """Clean a title, and join genres by ", "; "(no genres listed)" is none."""
    named = [] if genres == NO_GENRE else genres.split("|")
    return catalogue.clean_text(title), catalogue.join(named, ", ")
