"""A misspelt column of the user's own files is refused before anything is planned."""

import gzip
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lib.preflight import own_files

HEADER = "reader{0}book{0}lent{0}name"
RIGHT = {"user": "reader", "item": "book", "timestamp": "lent", "title": "name"}


def problems(folder: Path, columns: dict[str, str], form: str = "columns", **files: str) -> list[str]:
    """The sentences about a data set `loans` in a folder."""
    source: dict[str, Any] = {"kind": "files", "folder": str(folder), "format": form, "columns": columns}
    return own_files.problems({}, {"loans": {"source": source | (files or {"ratings": "loans.csv"})}})


@pytest.mark.parametrize("mark", [",", "\t", ";", "|"])
@pytest.mark.parametrize("begin", [b"", b"\xef\xbb\xbf"])
def test_every_separator_with_and_without_a_mark(tmp_path: Path, mark: str, begin: bytes) -> None:
    """The right names pass; `readr` is near `reader`, which is offered; lines may end as on Windows."""
    (tmp_path / "loans.csv").write_bytes(begin + HEADER.format(mark).encode() + b"\r\n")
    assert problems(tmp_path, RIGHT) == []
    assert problems(tmp_path, RIGHT | {"user": "readr"}) == [
        f"datasets.loans.source.columns.user is 'readr', and {tmp_path}/loans.csv has no such column; "
        "did you mean 'reader'?"
    ]


def test_all_wrong_names_are_told_at_once_with_the_columns_that_there_are(tmp_path: Path) -> None:
    """No name is near `when` or `zzz`; the header may be in quotes."""
    (tmp_path / "loans.csv").write_text('"reader","book","lent","name"\n')
    told = problems(tmp_path, RIGHT | {"timestamp": "when", "title": "zzz"})
    assert [line.partition(" is ")[0].rpartition(".")[2] for line in told] == ["timestamp", "title"]
    assert all(line.endswith("; correct the name (it has 'reader', 'book', 'lent', 'name').") for line in told)
    assert "did you mean 'reader'?" in problems(tmp_path, RIGHT | {"user": "READER"})[0]


@pytest.mark.parametrize("line", ["user_id:token\titem_id:token", "u1,b1,1600000000,5"])
def test_a_file_of_another_format_or_without_header_has_one_sentence(tmp_path: Path, line: str) -> None:
    """Each of four names would be told to be wrong, although the format is."""
    (tmp_path / "loans.csv").write_text(f"{line}\n")
    [told] = problems(tmp_path, RIGHT)
    assert "columns names 'reader', 'book', 'lent', 'name', and " in told
    assert told.endswith("): correct them, or datasets.loans.source.format.")


def test_quotes_and_gzip(tmp_path: Path) -> None:
    """A name in quotes may hold the separator and doubled quotes: here it is `na"m,e`."""
    with gzip.open(tmp_path / "loans.csv", "wt") as stream:
        stream.write('"reader",book,lent,"na""m,e"\n')
    assert problems(tmp_path, RIGHT | {"title": 'na"m,e'}) == []
    assert len(problems(tmp_path, RIGHT)) == 1


def test_parquet(tmp_path: Path) -> None:
    """Its names stand in the footer; what they are near to is not told, since the footer is only searched."""
    pq.write_table(pa.table({name: ["1"] for name in RIGHT.values()}), tmp_path / "loans.csv")
    assert problems(tmp_path, RIGHT) == []
    assert problems(tmp_path, RIGHT | {"item": "bok"}) == [
        f"datasets.loans.source.columns.item is 'bok', and {tmp_path}/loans.csv has no such column; correct the name."
    ]


def test_a_name_with_a_separator_in_the_only_column(tmp_path: Path) -> None:
    """The separator is the one that finds the names, as in the job's reader, whatever others find."""
    (tmp_path / "loans.csv").write_text("reader,book,lent\n")
    (tmp_path / "books.csv").write_text('"Title, full"\n')
    columns = RIGHT | {"title": "Title, full", "metadata_item": "Title, full"}
    assert problems(tmp_path, columns, ratings="loans.csv", metadata="books.csv") == []


def test_metadata_have_the_texts_and_their_own_name_of_the_item(tmp_path: Path) -> None:
    """`item` counts for both files, unless `metadata_item` is given."""
    (tmp_path / "loans.csv").write_text("reader,book,lent\n")
    (tmp_path / "books.csv").write_text("id;name\n")
    files = {"ratings": "loans.csv", "metadata": "books.csv"}
    assert problems(tmp_path, RIGHT, **files) == [
        f"datasets.loans.source.columns.item is 'book', and {tmp_path}/books.csv has no such column; "
        "name it in datasets.loans.source.columns.metadata_item (there is 'id', 'name')."
    ]
    assert problems(tmp_path, RIGHT | {"metadata_item": "id"}, **files) == []


def test_recbole_names_have_no_types(tmp_path: Path) -> None:
    """Only what the configuration names is looked for."""
    (tmp_path / "loans.csv").write_text("reader:token\tbook:token\ttimestamp:float\n")
    (tmp_path / "books.csv").write_text("book:token\tname:token_seq\n")
    files = {"ratings": "loans.csv", "metadata": "books.csv"}
    assert problems(tmp_path, {"user": "reader", "item": "book"}, "recbole", **files) == []
    [line] = problems(tmp_path, {"user": "reader:token", "item": "book"}, "recbole", **files)
    assert line.endswith("did you mean 'reader'?")


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfer\0e\0", b"\x1f\x8b broken", b"caf\xe9,b\n", b"reader\n", b"PAR1 cut"]
)
def test_what_has_no_header_is_left_to_the_job(tmp_path: Path, content: bytes) -> None:
    """Empty, UTF-16, damaged gzip, Latin-1, one column, broken Parquet, JSON: no column's name is what is wrong."""
    (tmp_path / "loans.csv").write_bytes(content)
    assert problems(tmp_path, RIGHT) == []
