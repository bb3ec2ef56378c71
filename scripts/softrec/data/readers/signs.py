"""Guess of a raw file's format by its first line, for the remedy of an error."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

from common.errors import SoftrecError
from softrec.data import catalogue, text_blocks
from softrec.data.readers.parquet import MAGIC
from softrec.data.source_format import Format

Role = Literal["ratings", "metadata"]
START = 1 << 16  # bytes that are looked at


class Sign(NamedTuple):
    """What a first line shows: the formats whose files begin so, and which of the two files it is, if known."""

    pattern: re.Pattern[str]
    formats: tuple[Format, ...]
    role: Role | None


def sign(pattern: str, formats: tuple[Format, ...], role: Role | None) -> Sign:
    """Compile a pattern of whole first lines."""
    return Sign(re.compile(pattern), formats, role)


def has(*columns: str) -> str:
    """Return the pattern of a header with these columns, in any order, among others."""
    return "".join(rf"(?=(.*[,\t])?\"?{column}\"?([,\t]|$))" for column in columns) + r"[^{].*"


USER, ASIN = "A[0-9A-Z]{10,24}", "[0-9A-Z]{10}"
OLDER: tuple[Format, ...] = ("amazon2014", "amazon2018", "amazon2014-ratings", "amazon2018-ratings")
NUMBER = r'"?[\d.]+"?'
SIGNS = (
    sign(r"\{'.*'reviewerID'.*", ("amazon2014", "amazon2018"), "ratings"),
    sign(r"\{'.*", OLDER, "metadata"),
    sign(has("user_id:token", "item_id:token", "timestamp:float"), ("movielens", "recbole"), "ratings"),
    sign(has("user_id:token"), ("recbole",), "ratings"),
    sign("\t".join(catalogue.MOVIELENS), ("movielens", "recbole"), "metadata"),
    sign(has("item_id:token"), ("recbole",), "metadata"),
    sign(has("userId", "movieId", "timestamp"), ("movielens-csv",), "ratings"),
    sign(has("movieId", "title", "genres"), ("movielens-csv",), "metadata"),
    sign(has("user_id", "parent_asin", "timestamp"), ("ratings",), "ratings"),
    sign(r"\d+::\d+::[\d.]+::\d+", ("movielens-dat",), "ratings"),
    sign(r"\d+::.*::.*", ("movielens-dat",), "metadata"),
    sign(r"\d+\t\d+\t\d\t\d+", ("movielens-100k",), "ratings"),
    sign(r"\d+\|.*\|.*(\|[01]){19}", ("movielens-100k",), "metadata"),
    sign(rf"{USER},{ASIN},\d(\.\d)?,\d+", ("amazon2014-ratings",), "ratings"),
    sign(rf"{ASIN},{USER},\d(\.\d)?,\d+", ("amazon2018-ratings",), "ratings"),
    # A header: names between separators, none of which is a number.
    sign(rf'(?!(.*[,;\t])?{NUMBER}([,;\t]|$))("?[\w .:-]*"?[,;\t])+"?[\w .:-]+"?', ("columns",), None),
)
KEYS: tuple[tuple[set[str], tuple[Format, ...], Role], ...] = (
    ({"user_id", "parent_asin", "timestamp"}, ("reviews",), "ratings"),
    ({"reviewerID", "asin", "unixReviewTime"}, ("amazon2018", "amazon2014"), "ratings"),
    ({"parent_asin", "title"}, ("reviews", "ratings"), "metadata"),
    ({"asin", "title"}, OLDER, "metadata"),
)


def read_signs(path: Path) -> tuple[tuple[Format, ...], Role | None] | None:
    """Return the formats and the role that a file's first line shows, or None."""
    try:
        with text_blocks.open_text(path) as stream:
            start = stream.read(START)
    except (SoftrecError, OSError, *text_blocks.BROKEN_GZIP):
        return None
    if start.startswith(MAGIC):
        return ("columns",), None
    text = start.removeprefix(text_blocks.MARK).partition(b"\n")[0].decode("latin-1").rstrip("\r")
    if text.startswith('{"'):
        try:
            keys = set(json.loads(text))
        except ValueError:
            return None
        return next(((formats, role) for needed, formats, role in KEYS if needed <= keys), None)
    return next(((found.formats, found.role) for found in SIGNS if found.pattern.fullmatch(text)), None)


@contextmanager
def explained(path: Path, form: Format, role: Role) -> Iterator[None]:
    """Replace the remedy of an error, if the file's first line shows that it is of another format or role."""
    try:
        yield
    except SoftrecError as error:
        found = read_signs(path)
        if found is None:
            raise
        formats, other = found
        if form not in formats:
            names = " or ".join(formats[:2])
            remedy = f"{path.name} looks like `format: {names}`: set that, or give another file"
        elif other not in (None, role):
            remedy = f"{path.name} looks like the file of {other}, and is given as {role}: exchange the two files"
        else:
            raise
        raise SoftrecError(error.what, where=error.where, remedy=remedy) from None
