"""Files of one's own that nobody wrote: the readers read all of them or refuse with one sentence."""

import gzip
import tempfile
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given
from hypothesis import settings as quick

from common.errors import SoftrecError
from softrec.data.readers import formats
from softrec.data.source_format import Columns, Format, Source

OWN = Columns("user", "item", "at", "name", "kind")
ODD = [
    "",
    " ",
    "0",
    "-1",
    "1e3",
    "9" * 25,
    "nan",
    "inf",
    "null",
    "'",
    '"',
    '""',
    '"x',
    'x"',
    ",",
    "\t",
    "::",
    "|",
    "\r",
]
ODD += ["\x00", "\ufeff", "\u2028", "\u200b", "=1+1", "[1]", "{}", "é", "\U0001f600", "1600000000.5", "\n", '"a\nb"']
CELLS = st.one_of(st.sampled_from(ODD), st.text(max_size=6))
IDS, TIMES = st.sampled_from(["1", "2", "3"]), st.integers(1_500_000_000, 1_500_000_100).map(str)
FLAGS = "|".join("0" * 19)
# By format: separator, header and a right row of the ratings; separator, header and a right row of the metadata.
SHAPES: dict[Format, tuple[tuple[str, str, st.SearchStrategy[str]], tuple[str, str, st.SearchStrategy[str]]]] = {
    "columns": (
        (",", "user,item,at", st.tuples(IDS, IDS, TIMES).map(",".join)),
        (";", "item;name;kind", IDS.map(lambda i: f'{i};"One; ""two""";x')),
    ),
    "movielens-csv": (
        (",", "userId,movieId,rating,timestamp", st.tuples(IDS, IDS, st.just("4.0"), TIMES).map(",".join)),
        (",", "movieId,title,genres", IDS.map(lambda i: f'{i},"One, The",Drama|War')),
    ),
    "movielens-dat": (
        ("::", "", st.tuples(IDS, IDS, st.just("4"), TIMES).map("::".join)),
        ("::", "", IDS.map(lambda i: f"{i}::One::Drama")),
    ),
    "movielens-100k": (
        ("\t", "", st.tuples(IDS, IDS, st.just("4"), TIMES).map("\t".join)),
        ("|", "", IDS.map(lambda i: f"{i}|One||||{FLAGS}")),
    ),
    "recbole": (
        ("\t", "user_id:token\titem_id:token\ttimestamp:float", st.tuples(IDS, IDS, TIMES).map("\t".join)),
        ("\t", "item_id:token\ttitle:token_seq\tgenre:token_seq", IDS.map(lambda i: f"{i}\tOne\tDrama War")),
    ),
    "amazon2014": (
        (", ", "", IDS.map(lambda i: str({"reviewerID": i, "asin": i, "unixReviewTime": 1_500_000_000}))),
        (", ", "", IDS.map(lambda i: str({"asin": i, "title": "One", "categories": [["A", "B"]]}))),
    ),
    "amazon2018-ratings": (
        (",", "", st.tuples(IDS, IDS, st.just("4.0"), TIMES).map(",".join)),
        (", ", "", IDS.map(lambda i: f'{{"asin": "{i}", "title": "One", "category": ["A"]}}')),
    ),
}


@st.composite
def made(draw: st.DrawFn, separator: str, header: str, right: st.SearchStrategy[str]) -> bytes:
    """A file: right lines and others, perhaps with its header, changed in a byte, packed, cut, or in another code."""
    bent = st.lists(CELLS, max_size=6).map(separator.join)
    rows = draw(st.lists(st.one_of(right, right, right, right, bent), max_size=8))
    rows = [header, *rows] if header and draw(st.integers(0, 9)) else rows
    end = draw(st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"]))
    code = draw(st.sampled_from(["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1"]))
    raw = (end.join(rows) + end * draw(st.integers(0, 2))).encode(code, "backslashreplace")
    if raw and draw(st.integers(0, 4)) == 0:
        place = draw(st.integers(0, len(raw) - 1))
        raw = raw[:place] + draw(st.binary(max_size=3)) + raw[place + draw(st.integers(0, 2)) :]
    if draw(st.integers(0, 4)) == 0:
        raw = gzip.compress(raw, mtime=0)[: draw(st.sampled_from([10_000, 10_000, 12, 30]))]
    return raw


@pytest.mark.parametrize("form", sorted(SHAPES))
@quick(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_file_is_read_or_refused(form: Format, data: st.DataObject) -> None:
    """Nothing else is raised than `SoftrecError`, which names the file; what is read has ids and times in every row."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {role: Path(folder) / role for role in ("ratings", "metadata")}
        for role, shape in zip(paths, SHAPES[form], strict=True):
            paths[role].write_bytes(data.draw(made(*shape), label=role))
        source = Source(form, OWN if form == "columns" else Columns(), "s" if form == "columns" else None)
        refusal = ""
        try:
            raw = formats.read_reviews(paths["ratings"], source)
            texts = formats.read_texts(paths["ratings"], paths["metadata"], source, raw["item_id"])
        except SoftrecError as error:
            refusal = str(error)
        if refusal:
            assert folder in refusal
            return
        assert len(raw)
        assert not any(column.null_count() for column in raw)
        assert set(texts["item_id"]) <= set(raw["item_id"])
        assert texts["item_id"].is_unique().all()
