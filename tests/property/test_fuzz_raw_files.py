"""Raw files that nobody wrote: the filter reads all of them or refuses with one sentence and leaves nothing."""

import contextlib
import gzip
import io
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given
from hypothesis import settings as quick

import filter_interactions
from softrec.job import program

SETTINGS = {"item_key": "parent_asin", "max_rows": None, "since": None, "until": None, "untitled": "before"}
SETTINGS |= {"title_words": None, "long_titles": "cut", "duplicates": "earliest", "core": "iterative", "k": 1}
SETTINGS |= {"expected": None}
HEADERS = {
    ("ratings", "ratings"): "user_id,parent_asin,rating,timestamp",
    ("movielens", "ratings"): "user_id:token\titem_id:token\trating:float\ttimestamp:float",
    ("movielens", "metadata"): "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq",
}
ODD = ["", " ", "0", "-1", "1e3", "1_000", "9" * 25, "nan", "inf", "null", "true", "'", '"', '""', ",", "\t", "\r"]
ODD += ["\x00", "\ufeff", "\u2028", "\u200b", "=1+1", "[1]", "{}", "</s>", "A1", "é", "\U0001f600", "1600000000000.5"]
CELLS = st.one_of(st.sampled_from(ODD), st.text(max_size=6))
TIMES = st.integers(1_500_000_000_000, 1_500_000_000_100)
IDS = st.sampled_from(["A1", "A2", "A3"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | CELLS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(CELLS, inner, max_size=3),
    max_leaves=6,
)


def delimited(form: str, role: str) -> st.SearchStrategy[str]:
    """A line of a table: as it should be, or with cells that are not, too few or too many of them."""
    mark = "," if form == "ratings" else "\t"
    right = {
        "ratings": st.tuples(IDS, IDS, st.just("5.0"), TIMES.map(str)),
        "metadata": st.tuples(IDS, st.sampled_from(["One", "Two"]), st.just("1995"), st.just("Action")),
    }[role]
    return st.one_of(right, right, right, st.lists(CELLS, max_size=6)).map(mark.join)


def lines(form: str, role: str) -> st.SearchStrategy[str]:
    """A line of one of the formats that the filter reads."""
    if (form, role) in HEADERS:
        return delimited(form, role)
    right: dict[str, st.SearchStrategy[Any]] = {"parent_asin": IDS}
    right |= {"title": st.sampled_from(["One", "Two"])} if role == "metadata" else {"user_id": IDS, "timestamp": TIMES}
    good = st.fixed_dictionaries(right)
    bent = st.tuples(good, st.sampled_from(sorted(right)), JSON).map(lambda made: {**made[0], made[1]: made[2]})
    return st.one_of(good, good, good, bent, JSON).map(json.dumps) | CELLS


def files(form: str, role: str) -> st.SearchStrategy[bytes]:
    """A file: lines, some ends of line other than most, perhaps cut, changed in a byte, packed, or in another code."""

    @st.composite
    def made(draw: st.DrawFn) -> bytes:
        header = HEADERS.get((form, role))
        rows = ([header] if header and draw(st.integers(0, 9)) else []) + draw(st.lists(lines(form, role), max_size=8))
        end = draw(st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"]))
        code = draw(st.sampled_from(["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1"]))
        raw = (end.join(rows) + end * draw(st.integers(0, 2))).encode(code, "backslashreplace")
        if raw and draw(st.integers(0, 4)) == 0:
            place = draw(st.integers(0, len(raw) - 1))
            raw = raw[:place] + draw(st.binary(max_size=3)) + raw[place + draw(st.integers(0, 2)) :]
        if draw(st.integers(0, 4)) == 0:
            raw = gzip.compress(raw, mtime=0)
            raw = raw[: draw(st.sampled_from([len(raw), len(raw), len(raw) // 2, 12, len(raw) - 4]))]
        return raw

    return made()


@pytest.mark.parametrize("form", ["reviews", "ratings", "movielens"])
@quick(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_file_ends_in_a_traceback_or_in_half(form: str, data: st.DataObject) -> None:
    """Either three outputs with three manifests, or status 1, one error with the file's name, and no file."""
    folder = Path(tempfile.mkdtemp())
    flags = ["--settings", json.dumps({**SETTINGS, "format": form})]
    for role in ("ratings", "metadata"):
        (folder / role).write_bytes(data.draw(files(form, role), label=role))
        flags += [f"--{role}", str(folder / role)]
    for role in ("interactions", "catalogue", "counts"):
        flags += [f"--{role}", str(folder / "out" / role)]
    said, code = io.StringIO(), 0
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            program.run(filter_interactions.main, filter_interactions.build_parser(), flags)
        except SystemExit as ended:
            code = ended.code
    left = sorted(path.name for path in folder.glob("out/*"))
    shutil.rmtree(folder)
    outputs = ["catalogue", "counts", "interactions"]
    if code:
        assert code == 1
        assert said.getvalue().count("error: ") == 1
        assert str(folder) in said.getvalue()
        assert left == []
    else:
        assert left == sorted([*outputs, *(f"{name}.manifest.json" for name in outputs)])
