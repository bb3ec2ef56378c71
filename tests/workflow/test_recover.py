"""Jobs that a killed Snakemake has left on the cluster are found by name and folder, and cancelled."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from places import ROOT
from tools import recover
from tools.recover import Orphan, RecoverError


class Slurm:
    """Answers `squeue` from a list that `scancel` empties, and notes every command."""

    def __init__(self, *lines: str, stubborn: bool = False) -> None:
        self.lines, self.stubborn = list(lines), stubborn
        self.commands: list[list[str]] = []

    def __call__(self, command: tuple[str, ...], **_: Any) -> "subprocess.CompletedProcess[str]":
        """Answer a command."""
        self.commands.append(list(command))
        if command[0] == "scancel" and not self.stubborn:
            self.lines = [line for line in self.lines if line.split("|")[0] not in command]
        return subprocess.CompletedProcess(command, 0, "\n".join(self.lines) if command[0] == "squeue" else "", "")


def line(number: int, folder: Path, name: str = "softrec_8bd3") -> str:
    """A job as squeue prints it."""
    return f"{number}|RUNNING|1:02|{name}|rule_tune_soft_game|{folder}"


def test_only_own_jobs_of_this_folder_are_cancelled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of four jobs two are of this folder and have the prefix; the lock is then taken away."""
    slurm = Slurm(line(7, tmp_path), line(8, tmp_path / "other"), line(9, tmp_path, "else_1"), line(10, tmp_path))
    assert recover.orphans(tmp_path, "softrec", slurm)[0] == Orphan("7", "RUNNING", "1:02", "rule_tune_soft_game")
    recover.recover(tmp_path, "softrec", slurm)
    assert ["scancel", "7", "10"] in slurm.commands
    assert "--unlock" in slurm.commands[-1]
    assert [text.split("|")[0] for text in slurm.lines] == ["8", "9"]
    assert "Slurm job 7  rule_tune_soft_game  running for 1:02" in capsys.readouterr().out


def test_lines_that_are_no_jobs_and_folders_with_a_bar(tmp_path: Path) -> None:
    """A site's banner is passed over; a folder's name may hold what separates the fields."""
    odd = tmp_path / "a|b"
    slurm = Slurm("Welcome to the cluster", "", line(7, odd))
    assert [orphan.number for orphan in recover.orphans(odd, "softrec", slurm)] == ["7"]


def test_without_orphans_the_lock_is_taken_away(tmp_path: Path) -> None:
    """Jobs may have ended by themselves meanwhile."""
    slurm = Slurm()
    recover.recover(tmp_path, "softrec", slurm)
    assert not any(command[0] == "scancel" for command in slurm.commands)
    assert "--unlock" in slurm.commands[-1]


def test_jobs_that_do_not_end_keep_the_lock(tmp_path: Path) -> None:
    """A node that does not answer: unlocking would let two jobs write one file."""
    slurm = Slurm(line(7, tmp_path), stubborn=True)
    with pytest.raises(RecoverError, match="Slurm jobs 7 do not end"):
        recover.recover(tmp_path, "softrec", slurm, patience=0)
    assert not any("--unlock" in command for command in slurm.commands)


def test_a_machine_without_slurm_is_a_sentence(tmp_path: Path) -> None:
    """The program that is missing, and where to go."""

    def absent(*_: Any, **__: Any) -> Any:
        raise FileNotFoundError(2, "No such file or directory")

    with pytest.raises(RecoverError, match=r"squeue cannot be run .*login node"):
        recover.recover(tmp_path, "softrec", absent)


def test_the_prefix_is_the_profiles() -> None:
    """One place for it."""
    assert recover.prefix_of(ROOT / "profiles/slurm") == "softrec"
