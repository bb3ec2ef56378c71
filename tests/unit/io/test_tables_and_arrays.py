"""Parquet files and arrays: whole, of the types and shapes of their contract, or one sentence."""

import json
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from common.errors import SoftrecError
from softrec.io import arrays, tables

TYPES = tables.types("user", "history", "timestamp", "category", "paper")


CONTENT = {
    "paper": [True, False],
    "category": ["Ü", None],
    "user": [1, 2],
    "timestamp": [2**40, 0],
    "history": [[], [3, 4]],
}


def test_a_tables_types_and_order_are_those_of_its_contract(tmp_path: Path) -> None:
    """Whatever the order of the columns given, and for an empty table too."""
    tables.write_table(tmp_path / "x.parquet", CONTENT, TYPES)
    table = tables.read_table(tmp_path / "x.parquet", list(TYPES))
    assert table.column_names == list(TYPES)
    assert [str(kind) for kind in table.schema.types] == ["int32", "list<element: int32>", "int64", "string", "bool"]
    assert table.to_pydict() == CONTENT
    tables.write_table(tmp_path / "y.parquet", {name: [] for name in TYPES}, TYPES)
    assert tables.read_table(tmp_path / "y.parquet", list(TYPES)).schema == table.schema
    assert tables.read_table(tmp_path / "x.parquet", ["timestamp"]).to_pydict() == {"timestamp": [2**40, 0]}


def test_a_table_that_breaks_its_contract_is_not_written(tmp_path: Path) -> None:
    """A column too many or too few, a text among numbers, and a number that 32 bits do not hold."""
    for content in ({**CONTENT, "more": [1, 2]}, {"user": [1, 2]}):
        with pytest.raises(ValueError, match="its contract has"):
            tables.write_table(tmp_path / "x.parquet", content, TYPES)
    for user in (["a", "b"], [1, 2**31]):
        with pytest.raises((pa.ArrowInvalid, pa.ArrowTypeError)):
            tables.write_table(tmp_path / "x.parquet", {**CONTENT, "user": user}, TYPES)
    assert list(tmp_path.iterdir()) == []


def test_a_parquet_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Cut short, overwritten in the middle of its footer, empty, text."""
    path = tmp_path / "x.parquet"
    tables.write_table(path, CONTENT, TYPES)
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], whole[:-300] + bytes(200) + whole[-100:], b"", b"user,item\n1,2\n"):
        path.write_bytes(content)
        with pytest.raises(SoftrecError, match=r"x\.parquet cannot be read") as caught:
            tables.read_table(path, list(TYPES))
        assert caught.value.remedy == f"remove {path} and let Snakemake make it again"


def test_flipped_bits_of_a_table_are_seen(tmp_path: Path) -> None:
    """Each page has a checksum. Of all flips of a bit none gives other data; some are in bytes that mean nothing."""
    path = tmp_path / "x.parquet"
    tables.write_table(path, {"user": range(1, 2000), "item": range(2, 2001)}, tables.types("user", "item"))
    whole = path.read_bytes()
    before, refused = tables.read_table(path, ["user", "item"]), 0
    for place in range(4, len(whole), 37):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        try:
            assert tables.read_table(path, ["user", "item"]).equals(before), place
        except SoftrecError:
            refused += 1
    assert refused > 100


@pytest.mark.parametrize(
    ("name", "values", "kind", "words"),
    [
        ("user", ["a", "b"], "string", "has the type string, not int32"),
        ("user", [1, 2], "int64", "has the type int64, not int32"),
        ("rank", [1.0, 0.5], "double", "has the type double, not int32"),
        ("history", [[1], [2]], "list<int64>", r"has the type list<int64>, not list<int32>"),
        ("user", [1, None], "int32", "is null in row 1"),
        ("title", ["a", None], "string", "is null in row 1"),
        ("history", [[1], None], "list<int32>", "is null in row 1"),
        ("history", [[1], [2, None]], "list<int32>", "holds a null in row 1"),
        ("user", [1, 0], "int32", "has 0 in row 1; it must be at least 1"),
        ("rank", [5, -1], "int32", "has -1 in row 1; it must be at least 0"),
        ("label", [1, 2], "int8", "has 2 in row 1; it must be from 0 to 1"),
        ("history", [[1, 2], [3, 0]], "list<int32>", "has 0 in row 1; it must be at least 1"),
        ("distance", [[0.0, 1.0], [float("nan")]], "list<double>", "has nan in row 1"),
        ("distance", [[0.0, 1.0], [float("inf")]], "list<double>", "has inf in row 1"),
    ],
)
def test_a_column_of_other_values_is_named(tmp_path: Path, name: str, values: list, kind: str, words: str) -> None:
    """Another type, a null, a value out of range: the file, the column, the row, the value and what is wanted."""
    path = tmp_path / "x.parquet"
    tables.write_table(path, {name: values}, {name: kind})
    with pytest.raises(SoftrecError, match=re.escape(f"column '{name}' of {path} ") + ".*" + re.escape(words)):
        tables.read_table(path, [name])


def test_a_rank_is_among_its_candidates(tmp_path: Path) -> None:
    """Ranks count from 0: 40 is none of 40. And a column that is not there."""
    path = tmp_path / "x.parquet"
    tables.write_table(path, {"rank": [39, 40], "candidates": [40, 40]}, tables.types("rank", "candidates"))
    with pytest.raises(SoftrecError, match=r"row 1 of .* has rank 40 among 40 candidates"):
        tables.read_table(path, ["rank", "candidates"])
    with pytest.raises(SoftrecError, match="has no column 'user'; it has rank, candidates"):
        tables.read_table(path, ["rank", "user"])


def test_an_array_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Cut in its data, cut in its header, empty, JSON, and longer than it says."""
    import numpy as np

    path = tmp_path / "x.npy"
    np.save(path, np.arange(12, dtype=np.float32).reshape(3, 4))
    assert arrays.read_array(path, "float32", (3, None)).tolist()[2] == [8.0, 9.0, 10.0, 11.0]
    whole = path.read_bytes()
    for content in (whole[:-5], whole[:40], b"", json.dumps([1]).encode(), whole + b"12"):
        path.write_bytes(content)
        with pytest.raises(SoftrecError, match=r"x\.npy cannot be read as an array"):
            arrays.read_array(path, "float32", (3, None))


@pytest.mark.parametrize(
    ("kind", "shape", "words"),
    [
        ("float32", (4, None), "3 x 4 numbers of type float32, not 4 x any of type float32"),
        ("float32", (None,), "3 x 4 numbers of type float32, not any of type float32"),
        ("int32", (3, 4), "3 x 4 numbers of type float32, not 3 x 4 of type int32"),
    ],
)
def test_an_array_of_another_shape_is_named(tmp_path: Path, kind: str, shape: tuple, words: str) -> None:
    """Other rows, other dimensions, another type."""
    import numpy as np

    np.save(tmp_path / "x.npy", np.zeros((3, 4), np.float32))
    with pytest.raises(SoftrecError, match=words):
        arrays.read_array(tmp_path / "x.npy", kind, shape)


def test_an_array_whose_header_is_damaged(tmp_path: Path) -> None:
    """A bracket that is not closed; rows of nothing."""
    header = b"{'descr': os.system('id'), 'shape': (1,) "
    (tmp_path / "x.npy").write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(SoftrecError, match="cannot be read as an array"):
        arrays.read_array(tmp_path / "x.npy", "float32", (None, None))
    arrays.write_array(tmp_path / "y.npy", np.zeros((3, 0), np.float32))
    with pytest.raises(SoftrecError, match="holds 3 x 0 numbers"):
        arrays.read_array(tmp_path / "y.npy", "float32", (None, None))
