"""Digests that are handed on: each content read once, and again as soon as anything says that it has changed."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from common import file_digests, files
from places import ROOT
from softrec.io import checkpoints


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder of two files, 3,000 bytes in all."""
    (tmp_path / "llm").mkdir()
    (tmp_path / "llm/a.safetensors").write_bytes(b"a" * 2000)
    (tmp_path / "llm/b.json").write_bytes(b"b" * 1000)
    return tmp_path / "llm"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files and folders that were read, in order; nothing is known at the beginning."""
    found: list[Path] = []
    real: Callable[[Path], str] = files.sha256

    def counting(path: Path) -> str:
        found.append(path)
        return real(path)

    monkeypatch.setattr(file_digests.files, "sha256", counting)
    monkeypatch.setattr(file_digests, "_known", {})
    return found


def asked_once_more(read: list[Path], path: Path) -> int:
    """How often the path itself is read for one more digest."""
    before = read.count(path)
    file_digests.sha256(path)
    return read.count(path) - before


def test_a_content_is_read_once_in_a_job(model: Path, read: list[Path]) -> None:
    """The checkpoint's key and the manifest need the same digest, of a folder as of a file."""
    file = model / "b.json"
    assert file_digests.sha256(model) == files.sha256(model)
    assert [asked_once_more(read, path) for path in (model, model, file, file)] == [0, 0, 1, 0]
    first = checkpoints.run_key("{}", "{}", [model])
    assert checkpoints.run_key("{}", "{}", [model]) == first
    assert read.count(model) == 2  # the first one, and this test's own


def edited(path: Path) -> None:
    """Other content of the same size, at the old time: only ctime says so."""
    time.sleep(0.05)  # file systems' clocks tick every few ms
    facts = path.stat()
    path.write_bytes(b"x" * facts.st_size)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def grown(path: Path) -> None:
    """A byte more."""
    path.write_bytes(path.read_bytes() + b"y")


def joined(path: Path) -> None:
    """Another file in the folder."""
    (path.parent / "c").write_bytes(b"")


@pytest.mark.parametrize("change", [edited, grown, joined, Path.unlink])
def test_a_changed_content_is_read_again(
    model: Path, read: list[Path], change: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In the process that knows it, and in one that only finds the digest that was left."""
    monkeypatch.setenv(file_digests.VARIABLE, str(tmp_path / "left"))
    monkeypatch.setattr(file_digests, "SMALL", 1)
    monkeypatch.setenv(file_digests.RUN, "run")
    before = file_digests.sha256(model)
    change(model / "a.safetensors")
    assert file_digests.sha256(model) == files.sha256(model) != before
    edited(model / "b.json")
    file_digests._known.clear()
    assert file_digests.sha256(model) == files.sha256(model)


def test_snakemakes_time_stamps_are_no_change(model: Path, read: list[Path]) -> None:
    """It puts a file of its own into folders that rules make."""
    file_digests.sha256(model)
    (model / ".snakemake_timestamp").touch()
    assert asked_once_more(read, model) == 0


@pytest.mark.parametrize(
    ("small", "handed", "runs", "again"),
    [
        (3000, True, "ab", 0),  # handed on: for all runs
        (3000, True, "", 0),  # no run is named
        (3000, False, "aa", 0),  # for the run
        (3000, False, "ab", 1),
        (3000, False, "", 1),
        (3001, True, "aa", 1),  # small: for the job
        (1, True, None, 1),  # no folder is named
    ],
)
def test_contents_are_read_once_a_job_a_run_or_for_all(
    model: Path,
    read: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    small: int,
    handed: bool,
    runs: str | None,
    again: int,
) -> None:
    """A folder of 3,000 bytes, asked for by a job of the first of two runs and by one of the second."""
    monkeypatch.setattr(file_digests, "SMALL", small)
    if runs is not None:
        monkeypatch.setenv(file_digests.VARIABLE, str(tmp_path / "left"))
    counts = []
    for run in runs or "  ":
        monkeypatch.setenv(file_digests.RUN, run.strip())
        file_digests._known.clear()
        counts.append(asked_once_more(read, model))
        if handed:
            file_digests.store_for_all_runs(model, file_digests.sha256(model))
    assert counts == [1, again]


def test_a_folder_moved_away_leaves_no_digest_to_what_takes_its_place(
    model: Path, read: list[Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Same path, sizes and times of content, other inodes: as a copy with its times kept has."""
    monkeypatch.setenv(file_digests.VARIABLE, str(tmp_path / "left"))
    monkeypatch.setattr(file_digests, "SMALL", 1)
    monkeypatch.setenv(file_digests.RUN, "run")
    file_digests.sha256(model)
    model.rename(tmp_path / "away")
    subprocess.run(["cp", "-a", tmp_path / "away", model], check=True)
    file_digests._known.clear()
    assert asked_once_more(read, model) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"path": 1}'])
def test_a_broken_record_is_as_good_as_none(
    model: Path, read: list[Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    """Cut short, or of something else: the content is read, and the record made anew."""
    monkeypatch.setenv(file_digests.VARIABLE, str(tmp_path / "left"))
    monkeypatch.setattr(file_digests, "SMALL", 1)
    monkeypatch.setenv(file_digests.RUN, "run")
    expected = file_digests.sha256(model)
    (record,) = (tmp_path / "left").iterdir()
    record.write_text(text)
    file_digests._known.clear()
    assert file_digests.sha256(model) == expected
    assert json.loads(record.read_text())["sha256"] == expected


def test_where_nothing_can_be_left_nothing_breaks(
    model: Path, read: list[Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The folder's name is taken by a file."""
    (tmp_path / "left").write_text("")
    monkeypatch.setenv(file_digests.VARIABLE, str(tmp_path / "left"))
    monkeypatch.setattr(file_digests, "SMALL", 1)
    monkeypatch.setenv(file_digests.RUN, "run")
    assert file_digests.sha256(model) == files.sha256(model)


def test_a_content_that_changes_while_it_is_read_is_not_kept(
    model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nobody can say of which content the digest is, so nobody is told."""
    monkeypatch.setenv(file_digests.VARIABLE, str(tmp_path / "left"))
    monkeypatch.setattr(file_digests, "SMALL", 1)
    monkeypatch.setenv(file_digests.RUN, "run")
    monkeypatch.setattr(file_digests, "_known", {})
    real: Callable[[Path], str] = files.sha256

    def changing(path: Path) -> str:
        digest = real(path)
        grown(model / "b.json")
        return digest

    monkeypatch.setattr(file_digests.files, "sha256", changing)
    file_digests.sha256(model)
    assert not file_digests._known
    assert not (tmp_path / "left").exists()


@pytest.mark.parametrize("ranks", [1, 4])
def test_a_job_reads_its_base_model_once_and_the_next_not_at_all(model: Path, tmp_path: Path, ranks: int) -> None:
    """Key and manifest together, and rank 0 alone: 4 ranks read it 5 times when each named its checkpoint itself.

    The model is a sparse file of a GiB. All jobs name the same checkpoint, and the manifest has the digest.
    """
    os.truncate(model / "a.safetensors", 1 << 30)
    expected = files.sha256(model)

    def run(name: str) -> tuple[dict[str, list[str]], dict[str, Any]]:
        watch = tmp_path / name
        watch.mkdir()
        paths = os.pathsep.join(str(ROOT / folder) for folder in ("scripts", "tests/unit"))
        env = {
            "PYTHONPATH": paths,
            "OMP_NUM_THREADS": "1",
            "WATCH": str(watch),
            file_digests.VARIABLE: str(tmp_path / "left"),
            file_digests.RUN: "run",
        }
        launcher = ["scripts/launch_ranks.py", "--ranks", str(ranks)] if ranks > 1 else []
        command = [sys.executable, *launcher, "tests/unit/hashing_run.py"]
        flags = ["--llm", str(model), "--adapter", str(watch / "adapter")]
        done = subprocess.run([*command, *flags], cwd=ROOT, env={**os.environ, **env}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        noted = {path.stem: path.read_text().split() for path in sorted(watch.glob("*.txt"))}
        return noted, json.loads((watch / "adapter.manifest.json").read_text())

    first, manifest = run("first")
    assert first == {"0": ["llm", "adapter"]}
    assert manifest["inputs"] == {str(model): expected}
    second, manifest = run("second")
    assert second == {"0": ["adapter"]}
    assert manifest["inputs"] == {str(model): expected}
    assert (tmp_path / "first/adapter").read_text() == (tmp_path / "second/adapter").read_text()
