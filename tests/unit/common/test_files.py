"""Files are there whole or not at all, whatever ends the writer."""

import errno
import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from common import files, manifests
from common.errors import SoftrecError
from places import SCRIPTS

Usage = namedtuple("Usage", "total used free")


def names(folder: Path) -> list[str]:
    """What is in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


def test_a_file_and_a_folder_are_written_and_replaced(tmp_path: Path) -> None:
    """Parents are made; the second content takes the place of the first, and nothing of the first folder stays."""
    for text in ("one", "two"):
        (tmp_path / "deep").mkdir(exist_ok=True)
        files.manifest_of(tmp_path / "deep/folder").touch()  # as a job leaves it
        with files.atomic_write(tmp_path / "deep/file.txt") as partial:
            partial.write_text(text)
        with files.atomic_write(tmp_path / "deep/folder") as partial:
            (partial / "sub").mkdir(parents=True)
            (partial / "sub" / text).write_text(text)
    assert names(tmp_path / "deep") == [".folder.written", "file.txt", "folder", "folder.manifest.json"]
    assert (tmp_path / "deep/file.txt").read_text() == "two"
    assert names(tmp_path / "deep/folder/sub") == ["two"]


@pytest.mark.parametrize(
    ("old", "new"), [("notes.txt", "a"), ("sub/notes.txt", "sub/a"), ("notes.txt", "notes.txt"), ("notes.txt", None)]
)
def test_a_folder_of_somebody_else_stays(tmp_path: Path, old: str, new: str | None) -> None:
    """It has no manifest, whatever the names of its files (None: the new one is a file)."""
    (tmp_path / "out" / old).parent.mkdir(parents=True)
    (tmp_path / "out" / old).write_text("mine")
    words = r"out is a folder(, but the output is a file| that no job .* notes\.txt)"
    with pytest.raises(SoftrecError, match=words) as caught, files.atomic_write(tmp_path / "out") as partial:
        made = partial / new if new else partial
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_text("new")
    assert "move it away" in str(caught.value)
    assert (names(tmp_path), (tmp_path / "out" / old).read_text()) == (["out"], "mine")


def test_a_folder_of_a_killed_job_is_replaced(tmp_path: Path) -> None:
    """Killed after the rename and before the manifest: the same files, and Snakemake's time stamp."""
    for text in ("one", "two"):
        with files.atomic_write(tmp_path / "out") as partial:
            partial.mkdir()
            (partial / "a").write_text(text)
        (tmp_path / "out/.snakemake_timestamp").touch()
    assert (tmp_path / "out/a").read_text() == "two"


def test_a_folder_in_place_of_that_of_a_killed_job_stays(tmp_path: Path) -> None:
    """The mark that the killed job has left is of another folder; the manifest takes the mark away."""
    with files.atomic_write(tmp_path / "out") as partial:
        partial.mkdir()
    (tmp_path / "out").rename(tmp_path / "away")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a").write_text("mine")
    with pytest.raises(SoftrecError, match="no job has written"), files.atomic_write(tmp_path / "out") as partial:
        partial.mkdir()
    assert (tmp_path / "out/a").read_text() == "mine"
    manifests.write({"settings": {}, "code": {}, "notes": {}}, [], [tmp_path / "out"], 1.0, 0.5)
    assert names(tmp_path) == ["away", "out", "out.manifest.json"]


def test_an_exception_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    """The error itself passes through."""
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), files.atomic_write(path) as partial:
        partial.write_text("half")
        raise ZeroDivisionError
    assert (names(tmp_path), path.read_text()) == (["file.txt"], "old")
    with pytest.raises(KeyboardInterrupt), files.atomic_write(tmp_path / "folder") as partial:
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
    with pytest.raises(SoftrecError) as caught, files.atomic_write(tmp_path / "x.bin") as partial:
        partial.write_text("half")
        if broken == "block":
            full()
    assert caught.value.what == f"no space is left to write {tmp_path / 'x.bin'}"
    assert caught.value.where is not None
    assert str(tmp_path) in caught.value.where
    assert caught.value.remedy is not None
    assert "free space" in caught.value.remedy
    assert names(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full to write to")
def test_the_systems_own_full_disk_is_recognised(tmp_path: Path) -> None:
    """/dev/full fails each write as a full disk does; the second error comes through pyarrow."""
    with pytest.raises(SoftrecError, match="no space is left"), files.atomic_write(tmp_path / "x.txt") as partial:
        partial.symlink_to("/dev/full")
        partial.write_text("text")
    with pytest.raises(SoftrecError, match="no space is left"), files.atomic_write(tmp_path / "y") as partial:
        partial.symlink_to("/dev/full")
        pq.write_table(pa.table({"a": list(range(10_000))}), partial)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "error", [OSError("1000 requested and 262 written"), RuntimeError("unexpected pos 704 vs 598")]
)
def test_libraries_that_hide_the_number_are_seen_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Numpy's and torch's words on a full disk (seen on one): with none free it is that, else it is a bug to show."""
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(100, 100, 0))
    with pytest.raises(SoftrecError, match="no space is left"), files.atomic_write(tmp_path / "x"):
        raise error
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(1 << 40, 0, 1 << 40))
    with pytest.raises(type(error)), files.atomic_write(tmp_path / "x"):
        raise error


def test_other_errors_of_the_system_are_not_called_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A permission that is missing is no matter of space, however full the disk is."""
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(100, 100, 0))
    with pytest.raises(PermissionError), files.atomic_write(tmp_path / "x"):
        raise PermissionError(errno.EACCES, "Permission denied")


WRITER = """
import pathlib, sys, time
from common.files import atomic_write
with atomic_write(pathlib.Path(sys.argv[1])) as partial:
    partial.mkdir()
    (partial / "half").write_text("half")
    print("ready", flush=True)
    time.sleep(60)
"""


def test_a_killed_writer_leaves_no_output_and_the_next_attempt_cleans_up(tmp_path: Path) -> None:
    """After SIGKILL there is a hidden partial alone; the next attempt does not see its content."""
    environment, target = {"PYTHONPATH": str(SCRIPTS)}, tmp_path / "folder"
    command = [sys.executable, "-c", WRITER, str(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        writer.send_signal(signal.SIGKILL)
    assert names(tmp_path) == [".folder.partial"]
    with files.atomic_write(target) as partial:
        assert not partial.exists()
        partial.mkdir()
        (partial / "whole").write_text("whole")
    assert (names(tmp_path), names(target)) == ([".folder.written", "folder"], ["whole"])


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
