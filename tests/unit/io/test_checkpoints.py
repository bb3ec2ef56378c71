"""Checkpoints: read back whole, never those of another run, and never a broken one."""

import hashlib
import io
from pathlib import Path

import pytest
import torch

from softrec.io.checkpoints import Checkpoint, run_key

STATE = {"epoch": 3, "lines": [{"loss": 0.5}], "model": {"w": torch.arange(4.0)}}


def test_round_trip_and_clear(tmp_path: Path) -> None:
    """A state comes back as it was; cleared, nothing is left beside the output."""
    checkpoint = Checkpoint(tmp_path / "model", "k" * 64)
    assert checkpoint.load() is None
    checkpoint.save(STATE)
    loaded = Checkpoint(tmp_path / "model", "k" * 64).load()
    assert loaded is not None
    assert loaded["epoch"] == 3
    assert loaded["lines"] == [{"loss": 0.5}]
    assert torch.equal(loaded["model"]["w"], STATE["model"]["w"])
    checkpoint.clear()
    assert list(tmp_path.iterdir()) == []


def test_another_key_sees_nothing_and_replaces_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A changed run says that it does not use the old state, and its own state takes the place."""
    Checkpoint(tmp_path / "model", "a" * 64).save(STATE)
    changed = Checkpoint(tmp_path / "model", "b" * 64)
    assert changed.load() is None
    assert "other settings, code or inputs" in capsys.readouterr().err
    changed.save(STATE)
    assert [path.name for path in changed.folder.iterdir()] == [f"{'b' * 32}.000000001.pt"]


def test_files_of_other_names_are_in_nobodys_way(tmp_path: Path) -> None:
    """A state without a number, and a folder that is called like one."""
    checkpoint = Checkpoint(tmp_path / "model", "k" * 64)
    checkpoint.save(STATE)
    (checkpoint.folder / f"{'k' * 32}.mine.pt").write_text("mine")
    (checkpoint.folder / f"{'k' * 32}.000000009.pt").mkdir()
    assert checkpoint.load() is not None
    checkpoint.save(STATE)
    checkpoint.clear()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_truncated_file_is_ignored_with_a_line(
    tmp_path: Path, share: float, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file cut anywhere is recognised, said, and never a reason to fail."""
    checkpoint = Checkpoint(tmp_path / "model", "k" * 64)
    checkpoint.save(STATE)
    [path] = checkpoint.paths()
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    assert checkpoint.load() is None
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_the_one_before_a_damaged_file_is_used(tmp_path: Path, damage: str) -> None:
    """Of three states the last two are kept.

    The newest is cut short, or has one bit that is wrong, which torch alone would not notice: the second is read. The
    next state gets a number of its own.
    """
    checkpoint = Checkpoint(tmp_path / "model", "k" * 64)
    for epoch in (1, 2, 3):
        checkpoint.save({**STATE, "epoch": epoch})
    _second, third = checkpoint.paths()
    content = bytearray(third.read_bytes())
    content[len(content) // 2] ^= 1
    third.write_bytes(content if damage == "flipped" else content[: len(content) // 2])
    loaded = checkpoint.load()
    assert loaded is not None
    assert loaded["epoch"] == 2
    checkpoint.save({**STATE, "epoch": 4})
    assert [path.name.split(".")[1] for path in checkpoint.paths()] == ["000000003", "000000004"]
    loaded = checkpoint.load()
    assert loaded is not None
    assert loaded["epoch"] == 4


def test_file_that_carries_code_is_ignored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A pickle of anything but plain data is refused: loading a checkpoint runs no code."""
    checkpoint = Checkpoint(tmp_path / "model", "k" * 64)
    checkpoint.folder.mkdir()
    content = io.BytesIO()
    torch.save({"epoch": Path("/")}, content)
    path = checkpoint.folder / f"{'k' * 32}.000000001.pt"
    path.write_bytes(hashlib.sha256(content.getvalue()).digest() + content.getvalue())
    assert checkpoint.load() is None
    assert "cannot be read" in capsys.readouterr().err


def test_key_follows_settings_code_and_contents(tmp_path: Path) -> None:
    """The order of keys and the paths of inputs do not matter; any value, digest or content does."""
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("rows")
    other.write_text("rows")
    key = run_key('{"l2": 0.1, "seed": 1}', '{"fit": "abc"}', [one])
    assert run_key('{"seed": 1, "l2": 0.1}', '{"fit": "abc"}', [other]) == key
    assert run_key('{"l2": 0.2, "seed": 1}', '{"fit": "abc"}', [one]) != key
    assert run_key('{"l2": 0.1, "seed": 1}', '{"fit": "abd"}', [one]) != key
    other.write_text("other rows")
    assert run_key('{"l2": 0.1, "seed": 1}', '{"fit": "abc"}', [other]) != key
