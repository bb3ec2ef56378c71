"""Columns of Parquet files: types that are read, and those that are refused by column, row and remedy."""

import gzip
import io
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from common.errors import SoftrecError
from softrec.core.limits import Limits
from softrec.data.readers import formats
from softrec.data.source_format import Columns, Source, TimeUnit

T = 1_600_000_000  # 2020-09-13 12:26:40 UTC
TABLE = {"u": ["a", "b"], "i": [1, 2], "t": [T, T + 1], "n": ["x", None]}
COLUMNS = Columns("u", "i", "t", "n")


def parquet(**changes: Any) -> bytes:
    """A table of two rows, with some of its columns replaced."""
    stream = io.BytesIO()
    pl.DataFrame(TABLE | changes).write_parquet(stream)
    return stream.getvalue()


def repeated(*extra: str) -> bytes:
    """A table of one row with further columns, whose names may be taken."""
    values = {"u": ["a"], "i": ["1"], "t": [T], "n": ["x"]}
    arrays = [pa.array(column) for column in [*values.values(), *(["z"] for _ in extra)]]
    stream = io.BytesIO()
    pq.write_table(pa.table(arrays, names=[*values, *extra]), stream)
    return stream.getvalue()


def read(path: Path, content: bytes, unit: TimeUnit = "s", **how: Any) -> tuple[list[Any], list[Any]]:
    """Rows of interactions, and of texts."""
    path.write_bytes(content)
    source = Source("columns", COLUMNS, unit, **how)
    raw = formats.read_reviews(path, source)
    return raw.rows(), formats.read_texts(path, None, source, raw["item_id"]).rows()


def test_whole_numbers_become_ids_and_seconds_milliseconds(tmp_path: Path) -> None:
    """1 becomes "1"; a title that is null is none; max_rows stops the reading of interactions."""
    rows, texts = read(tmp_path / "x", parquet())
    assert rows == [("a", "1", T * 1000), ("b", "2", (T + 1) * 1000)]
    assert texts == [("1", "x", None), ("2", None, None)]
    assert read(tmp_path / "x", parquet(), max_rows=1)[0] == rows[:1]


@pytest.mark.parametrize(
    ("unit", "times"),
    [
        ("s", [T + 0.0, T + 1.0]),
        ("s", pl.Series([T, T + 1], dtype=pl.UInt32)),
        ("ms", [T * 1000, T * 1000 + 1000]),
        ("date", [datetime(2020, 9, 13, 12, 26, 40), datetime(2020, 9, 13, 12, 26, 41)]),
        ("date", ["2020-09-13 12:26:40", "2020-09-13T14:26:41+02:00"]),
        (
            "date",
            pl.Series([datetime(2020, 9, 13, 14, 26, 40), datetime(2020, 9, 13, 14, 26, 41)]).dt.replace_time_zone(
                "Europe/Berlin"
            ),
        ),
    ],
)
def test_times_of_each_type(tmp_path: Path, unit: TimeUnit, times: Any) -> None:
    """The same two moments; Berlin is two hours ahead of UTC in September."""
    rows, _ = read(tmp_path / "x", parquet(t=times), unit)
    assert [row[2] for row in rows] == [T * 1000, T * 1000 + 1000]


def test_days(tmp_path: Path) -> None:
    """A day begins at midnight UTC: 2020-01-01 is day 18,262 since 1970."""
    rows, _ = read(tmp_path / "x", parquet(t=[date(2020, 1, 1), date(2020, 1, 2)]), "date")
    assert [row[2] for row in rows] == [18_262 * 86_400_000, 18_263 * 86_400_000]


BAD: list[tuple[TimeUnit, dict[str, Any], list[str]]] = [
    ("s", {"t": [float("nan"), T]}, ["row 1", "no timestamp", "finite", "'t'"]),
    ("s", {"t": [T + 0.5, float("inf")]}, ["row 2", "no timestamp", "finite"]),
    ("s", {"t": [T, None]}, ["row 2", "no timestamp"]),
    ("ms", {"t": pl.Series([T * 1000, 2**63 + 5], dtype=pl.UInt64)}, ["row 2", "64 bits"]),
    ("s", {"u": ["a", None]}, ["row 2", "no user", "'u'"]),
    ("s", {"u": ["a", " \u200b"]}, ["row 2", "no user"]),
    ("s", {"i": [1.0, 2.0]}, ["'i' of type Float64", "whole numbers", "columns.item", "convert"]),
    ("s", {"u": [True, False]}, ["'u' of type Boolean", "columns.user"]),
    ("s", {"u": [b"a", b"b"]}, ["'u' of type Binary"]),
    ("s", {"n": [1, 2]}, ["'n' of type Int64", "not text", "columns.title"]),
    ("s", {"n": [["x"], ["y"]]}, ["'n' of type List(String)", "not text"]),
    ("s", {"t": ["1", "2"]}, ["'t' of type String", "number of seconds", "columns.timestamp"]),
    ("s", {"t": [date(2020, 1, 1), date(2020, 1, 2)]}, ["'t' of type Date", "number of seconds"]),
    ("ms", {"t": [1.6e12, 1.6e12]}, ["'t' of type Float64", "whole number of milliseconds"]),
    ("date", {}, ["'t' of type Int64", "a date, a time stamp or text"]),
    ("date", {"t": [time(1), time(2)]}, ["'t' of type Time"]),
    ("date", {"t": ["2020-01-01", "02.01.2020"]}, ["row 2", "'02.01.2020'", "not a date"]),
    ("date", {"t": [date(1975, 1, 1), date(1976, 1, 1)]}, ["median date 1975-07-02", "before 1979", "order"]),
    ("s", {"t": [T * 1000, T * 1000]}, ["median time 1600000000000", "milliseconds, not seconds", "timestamps: ms"]),
    ("ms", {}, ["median time 1600000000", "seconds, not milliseconds", "timestamps: s"]),
    ("s", {"u": [], "i": [], "t": [], "n": []}, ["holds no row"]),
]


@pytest.mark.parametrize(("unit", "changes", "words"), BAD)
def test_a_bad_column_is_refused(tmp_path: Path, unit: TimeUnit, changes: dict[str, Any], words: list[str]) -> None:
    """With the column, its type or the row, and the key."""
    with pytest.raises(SoftrecError) as error:
        read(tmp_path / "own.parquet", parquet(**changes), unit)
    assert [word for word in ["own.parquet", *words] if word not in str(error.value)] == [], str(error.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (parquet()[:-20], ["cannot be read as a Parquet file"]),
        (parquet().replace(b"PAR1", b"PAR1" + b"\xff" * 30, 1), ["cannot be read as a Parquet file"]),
        (gzip.compress(parquet()), ["packed by gzip", "unpack it"]),
        (repeated("i"), ["'i' twice", "columns.item"]),
        (repeated("z", "z"), ["'z'", "more than one"]),
        (parquet().replace(b"u", b"U"), ["no column 'u'", "'U', 'i', 't', 'n'", "did you mean 'U'"]),
    ],
    ids=["cut", "broken", "gzip", "twice", "other-twice", "case"],
)
def test_a_bad_file_is_refused(tmp_path: Path, content: bytes, words: list[str]) -> None:
    """Damaged, packed, with a column twice or under another name."""
    with pytest.raises(SoftrecError) as error:
        read(tmp_path / "own.parquet", content)
    assert [word for word in ["own.parquet", *words] if word not in str(error.value)] == [], str(error.value)


def test_a_file_that_unpacks_to_too_much(tmp_path: Path) -> None:
    """By the sizes in its footer, before anything is unpacked: 2 million times the same are small on disk."""
    same = {"u": ["a" * 50] * 2_000_000, "i": [1] * 2_000_000, "t": [T] * 2_000_000, "n": ["x"] * 2_000_000}
    with pytest.raises(SoftrecError, match=r"unpacks to more than 1e-06 GiB"):
        read(tmp_path / "own.parquet", parquet(**same), limits=Limits(inflated_gib=1e-6))
