"""Files are there whole or not at all, whatever ends the writer."""

import errno
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from softrec import columns, files
from softrec.errors import SoftrecError

Usage = namedtuple("Usage", "total used free")


def names(folder: Path) -> list[str]:
    """What is in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


def test_a_file_and_a_folder_are_written_and_replaced(tmp_path: Path) -> None:
    """Parents are made; the second content takes the place of the first, and nothing of the first folder stays."""
    for text in ("one", "two"):
        (tmp_path / "deep").mkdir(exist_ok=True)
        files.manifest_of(tmp_path / "deep/folder").touch()  # as a job leaves it
        with files.write_whole(tmp_path / "deep/file.txt") as partial:
            partial.write_text(text)
        with files.write_whole(tmp_path / "deep/folder") as partial:
            (partial / "sub").mkdir(parents=True)
            (partial / "sub" / text).write_text(text)
    assert names(tmp_path / "deep") == ["file.txt", "folder", "folder.manifest.json"]
    assert (tmp_path / "deep/file.txt").read_text() == "two"
    assert names(tmp_path / "deep/folder/sub") == ["two"]


@pytest.mark.parametrize(("old", "new"), [("notes.txt", "a"), ("sub/notes.txt", "sub/a"), ("notes.txt", None)])
def test_a_folder_of_somebody_else_stays(tmp_path: Path, old: str, new: str | None) -> None:
    """It has no manifest, and a file that the new one has not (None: the new one is a file)."""
    (tmp_path / "out" / old).parent.mkdir(parents=True)
    (tmp_path / "out" / old).write_text("mine")
    words = r"out is (to be a file|a folder that no job .* notes\.txt)"
    with pytest.raises(SoftrecError, match=words) as caught, files.write_whole(tmp_path / "out") as partial:
        made = partial / new if new else partial
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_text("new")
    assert "move it away" in str(caught.value)
    assert (names(tmp_path), (tmp_path / "out" / old).read_text()) == (["out"], "mine")


def test_a_folder_of_a_killed_job_is_replaced(tmp_path: Path) -> None:
    """Killed after the rename and before the manifest: the same files, and Snakemake's time stamp."""
    for text in ("one", "two"):
        with files.write_whole(tmp_path / "out") as partial:
            partial.mkdir()
            (partial / "a").write_text(text)
        (tmp_path / "out/.snakemake_timestamp").touch()
    assert (tmp_path / "out/a").read_text() == "two"


def test_an_exception_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    """The error itself passes through."""
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), files.write_whole(path) as partial:
        partial.write_text("half")
        raise ZeroDivisionError
    assert (names(tmp_path), path.read_text()) == (["file.txt"], "old")
    with pytest.raises(KeyboardInterrupt), files.write_whole(tmp_path / "folder") as partial:
        partial.mkdir()
        (partial / "a").write_text("half")
        raise KeyboardInterrupt
    assert names(tmp_path) == ["file.txt"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("broken", ["flush", "replace", "block"])
def test_a_full_disk_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, broken: str) -> None:
    """Whether it is met while writing, flushing or renaming: the file, its disk, what to do, and no partial file."""

    def full(*args: object) -> None:
        raise OSError(number, os.strerror(number))

    if broken == "flush":
        monkeypatch.setattr(files, "flush", full)
    elif broken == "replace":
        monkeypatch.setattr(os, "replace", full)
    with pytest.raises(SoftrecError) as caught, files.write_whole(tmp_path / "x.bin") as partial:
        partial.write_text("half")
        if broken == "block":
            full()
    assert caught.value.what == f"no space is left to write {tmp_path / 'x.bin'}"
    assert caught.value.where is not None and str(tmp_path) in caught.value.where
    assert caught.value.remedy is not None and "free space" in caught.value.remedy
    assert names(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full to write to")
def test_the_systems_own_full_disk_is_recognised(tmp_path: Path) -> None:
    """/dev/full fails each write as a full disk does; the second error comes through pyarrow."""
    with pytest.raises(SoftrecError, match="no space is left"), files.write_whole(tmp_path / "x.txt") as partial:
        partial.symlink_to("/dev/full")
        partial.write_text("text")
    with pytest.raises(SoftrecError, match="no space is left"), files.write_whole(tmp_path / "y") as partial:
        partial.symlink_to("/dev/full")
        pq.write_table(pa.table({"a": list(range(10_000))}), partial)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "error", [OSError("1000 requested and 262 written"), RuntimeError("unexpected pos 704 vs 598")]
)
def test_libraries_that_hide_the_number_are_seen_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """numpy's and torch's words on a full disk (seen on one): with none free it is that, else it is a bug to show."""
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(100, 100, 0))
    with pytest.raises(SoftrecError, match="no space is left"), files.write_whole(tmp_path / "x"):
        raise error
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(1 << 40, 0, 1 << 40))
    with pytest.raises(type(error)), files.write_whole(tmp_path / "x"):
        raise error


def test_other_errors_of_the_system_are_not_called_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A permission that is missing is no matter of space, however full the disk is."""
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(100, 100, 0))
    with pytest.raises(PermissionError), files.write_whole(tmp_path / "x"):
        raise PermissionError(errno.EACCES, "Permission denied")


WRITER = """
import sys, time
from pathlib import Path
from softrec.files import write_whole
with write_whole(Path(sys.argv[1])) as partial:
    partial.mkdir()
    (partial / "half").write_text("half")
    print("ready", flush=True)
    time.sleep(60)
"""


def test_a_killed_writer_leaves_no_output_and_the_next_attempt_cleans_up(tmp_path: Path) -> None:
    """After SIGKILL there is a hidden partial alone; the next attempt does not see its content."""
    environment = {"PYTHONPATH": str(Path(files.__file__).parents[1])}
    target = tmp_path / "folder"
    command = [sys.executable, "-c", WRITER, str(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as writer:
        assert writer.stdout is not None and writer.stdout.readline() == "ready\n"
        writer.send_signal(signal.SIGKILL)
    assert names(tmp_path) == [".folder.partial"]
    with files.write_whole(target) as partial:
        assert not partial.exists()
        partial.mkdir()
        (partial / "whole").write_text("whole")
    assert (names(tmp_path), names(target)) == (["folder"], ["whole"])


def test_remove_takes_links_but_not_what_they_point_to(tmp_path: Path) -> None:
    """A link to a folder goes, the folder stays; nothing there is fine."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    files.remove(tmp_path / "link")
    files.remove(tmp_path / "link")
    assert names(tmp_path) == ["kept"]


def test_sha256_of_a_file_and_of_a_folder(tmp_path: Path) -> None:
    """A folder's is the sum of the lines `path sum` in the order of paths; Snakemake's time stamp is left out."""
    (tmp_path / "d").mkdir()
    (tmp_path / "d/b").write_text("2")
    (tmp_path / "a").write_text("1")
    (tmp_path / ".snakemake_timestamp").write_text("now")
    one, two = (hashlib.sha256(text).hexdigest() for text in (b"1", b"2"))
    assert files.sha256(tmp_path / "a") == one
    assert files.sha256(tmp_path) == hashlib.sha256(f"a {one}\nd/b {two}\n".encode()).hexdigest()


def test_json_round_trip_and_what_json_does_not_have(tmp_path: Path) -> None:
    """Text stays readable; NaN is refused and leaves nothing."""
    files.write_json(tmp_path / "x.json", {"title": "Café", "n": [1, None]})
    assert files.read_json(tmp_path / "x.json") == {"title": "Café", "n": [1, None]}
    assert "Café" in (tmp_path / "x.json").read_text()
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(tmp_path / "y.json", {"loss": float("nan")})
    assert names(tmp_path) == ["x.json"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'{"a": 1,\n "b": }', "line 2"),
        (b"", "line 1"),
        (b'{"a": "\xff"}', "is not text: invalid start byte at byte 7"),
    ],
)
def test_json_that_does_not_parse_is_named_with_its_line(tmp_path: Path, content: bytes, sentence: str) -> None:
    """Broken on line 2; empty; and bytes that are no UTF-8."""
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(SoftrecError, match=sentence) as caught:
        files.read_json(path)
    assert str(path) in str(caught.value)


TYPES = columns.types("user", "history", "timestamp", "category", "paper")
CONTENT = {
    "paper": [True, False],
    "category": ["Ü", None],
    "user": [1, 2],
    "timestamp": [2**40, 0],
    "history": [[], [3, 4]],
}


def test_a_tables_types_and_order_are_those_of_its_contract(tmp_path: Path) -> None:
    """Whatever the order of the columns given, and for an empty table too."""
    files.write_table(tmp_path / "x.parquet", CONTENT, TYPES)
    table = files.read_table(tmp_path / "x.parquet", list(TYPES))
    assert table.column_names == list(TYPES)
    assert [str(kind) for kind in table.schema.types] == ["int32", "list<element: int32>", "int64", "string", "bool"]
    assert table.to_pydict() == CONTENT
    files.write_table(tmp_path / "y.parquet", {name: [] for name in TYPES}, TYPES)
    assert files.read_table(tmp_path / "y.parquet", list(TYPES)).schema == table.schema
    assert files.read_table(tmp_path / "x.parquet", ["timestamp"]).to_pydict() == {"timestamp": [2**40, 0]}


def test_a_table_that_breaks_its_contract_is_not_written(tmp_path: Path) -> None:
    """A column too many or too few, a text among numbers, and a number that 32 bits do not hold."""
    for content in ({**CONTENT, "more": [1, 2]}, {"user": [1, 2]}):
        with pytest.raises(ValueError, match="its contract has"):
            files.write_table(tmp_path / "x.parquet", content, TYPES)
    for user in (["a", "b"], [1, 2**31]):
        with pytest.raises((pa.ArrowInvalid, pa.ArrowTypeError)):
            files.write_table(tmp_path / "x.parquet", {**CONTENT, "user": user}, TYPES)
    assert names(tmp_path) == []


def test_a_parquet_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Cut short, overwritten in the middle of its footer, empty, text."""
    path = tmp_path / "x.parquet"
    files.write_table(path, CONTENT, TYPES)
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], whole[:-300] + bytes(200) + whole[-100:], b"", b"user,item\n1,2\n"):
        path.write_bytes(content)
        with pytest.raises(SoftrecError, match=r"x\.parquet cannot be read") as caught:
            files.read_table(path, list(TYPES))
        assert caught.value.remedy == f"remove {path} and let Snakemake make it again"


def test_flipped_bits_of_a_table_are_seen(tmp_path: Path) -> None:
    """Each page has a checksum. Of all flips of a bit none gives other data; some are in bytes that mean nothing."""
    path = tmp_path / "x.parquet"
    files.write_table(path, {"user": range(1, 2000), "item": range(2, 2001)}, columns.types("user", "item"))
    whole = path.read_bytes()
    before, refused = files.read_table(path, ["user", "item"]), 0
    for place in range(4, len(whole), 37):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        try:
            assert files.read_table(path, ["user", "item"]).equals(before), place
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
    files.write_table(path, {name: values}, {name: kind})
    with pytest.raises(SoftrecError, match=re.escape(f"column '{name}' of {path} ") + ".*" + re.escape(words)):
        files.read_table(path, [name])


def test_a_rank_is_among_its_candidates(tmp_path: Path) -> None:
    """Ranks count from 0: 40 is none of 40. And a column that is not there."""
    path = tmp_path / "x.parquet"
    files.write_table(path, {"rank": [39, 40], "candidates": [40, 40]}, columns.types("rank", "candidates"))
    with pytest.raises(SoftrecError, match=r"row 1 of .* has rank 40 among 40 candidates"):
        files.read_table(path, ["rank", "candidates"])
    with pytest.raises(SoftrecError, match="has no column 'user'; it has rank, candidates"):
        files.read_table(path, ["rank", "user"])


def test_an_array_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Cut in its data, cut in its header, empty, and JSON."""
    import numpy as np

    path = tmp_path / "x.npy"
    np.save(path, np.arange(12, dtype=np.float32).reshape(3, 4))
    assert files.read_array(path, "float32", (3, None)).tolist()[2] == [8.0, 9.0, 10.0, 11.0]
    whole = path.read_bytes()
    for content in (whole[:-5], whole[:40], b"", json.dumps([1]).encode()):
        path.write_bytes(content)
        with pytest.raises(SoftrecError, match=r"x\.npy cannot be read as the array"):
            files.read_array(path, "float32", (3, None))


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
        files.read_array(tmp_path / "x.npy", kind, shape)
