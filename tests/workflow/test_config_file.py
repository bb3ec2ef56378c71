"""Configuration files that are broken or hostile: one sentence with file and line, and no code of theirs is run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lib.config import configuration
from slices_of_rules import ROOT
from snakemake_logger_plugin_softrec import config_file
from snakemake_logger_plugin_softrec.config_file import ConfigFileError

NINE = ", ".join(["*{}"] * 9)
BOMB = "a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9]\n" + "".join(
    f"{name}: &{name} [{NINE.format(*before * 9)}]\n" for before, name in ("ab", "bc", "cd", "de", "ef")
)
BROKEN = {
    "run: [a\nseeds: 1\n": ", line 2: this is not YAML: expected ',' or ']', but got ':'",
    "run: a\n\tseeds: 1\n": ", line 2: this is not YAML: found character '\\t' that cannot start any token",
    "run: caf\xe9\n": ", line 1: byte 0xe9 is not UTF-8; save the file as UTF-8 (it may be Latin-1)",
    "a: 2020-13-45\n": ", line 1: this is not YAML: month must be in 1..12",
    "- 1\n": ": a configuration is a mapping of keys to values, not list",
    "": ": a configuration is a mapping of keys to values, not NoneType",
    "[1]": ": a configuration is a mapping of keys to values, not list",
    "a: 1\n---\nb: 1\n": ", line 2: this is not YAML: but found another document",
    "a: &a\n  b: *a\n": ": this is not YAML: an alias in line 1 contains itself",
    BOMB: ": it has more than 100,000 values, with aliases expanded: give fewer",
    '{"__use_yte__": true}': ": __use_yte__ would let the file run code: remove it, and the expressions after ?",
    "run: !!python/object/apply:os.getcwd []\n": ", line 1: this is not YAML: could not determine a constructor",
    "run: !!bool maybe\n": ", line 1: this is not YAML: 'maybe'",
    "run: !!int ''\n": ", line 1: this is not YAML: string index out of range",
    "a: 1\nrun: {b: [!!timestamp foo]}\n": ", line 2: this is not YAML: ",
    "a: 1\nrun: \0\n": ", line 2: the character 0x00 may not stand in YAML; remove it",
    "a: " + "b" * (16 << 20): ": a configuration may have at most 16 MiB: give another file",
    "[" * 100_000: ": it nests values too deep",
}


@pytest.mark.parametrize(("text", "said"), BROKEN.items())
def test_a_broken_file_is_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    """By file and line; Latin-1 is what the text is written in here, and the same as UTF-8 but for one letter."""
    file = tmp_path / "mine.yaml"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigFileError) as caught:
        config_file.read(file)
    assert str(caught.value).startswith(f"{file}{said}")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_called_json_is_told_of_as_json(tmp_path: Path) -> None:
    """A comma too many would be YAML, in which 1e-05 is a text."""
    file = tmp_path / "mine.json"
    file.write_text('{\n"a": 1e-05,\n}\n')
    with pytest.raises(ConfigFileError, match=r"mine\.json, line [23]: this is not JSON: "):
        config_file.read(file)


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    """Snakemake reads a configuration more than once, and would wait for a second writer."""
    os.mkfifo(tmp_path / "mine.yaml")
    with pytest.raises(ConfigFileError, match="this is a pipe: write it to a file"):
        config_file.read(tmp_path / "mine.yaml")


def test_what_cannot_be_opened_is_said(tmp_path: Path) -> None:
    """Absent, and a folder."""
    for path, reason in ((tmp_path / "none.yaml", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(ConfigFileError, match=f"{path}: the configuration file cannot be read: {reason}"):
            config_file.read(path)


def test_what_is_right_is_read(tmp_path: Path) -> None:
    """YAML with anchors and a byte order mark, JSON, and every configuration of the project as Snakemake reads it."""
    from snakemake.common.configfile import _load_configfile

    file = tmp_path / "a.yaml"
    file.write_text("\ufeffa: &a {x: 1.0e-3}\nb: {<<: *a, y: [é]}\n", encoding="utf-8")
    assert config_file.read(file) == {"a": {"x": 0.001}, "b": {"x": 0.001, "y": ["é"]}}
    file.write_text('{"a": {"x": 1}}')
    assert config_file.read(file) == {"a": {"x": 1}}
    for own in sorted((ROOT / "config").glob("*.yaml")):
        assert config_file.read(own) == _load_configfile(own)


def test_without_the_plugin_the_workflow_refuses_afterwards(tmp_path: Path) -> None:
    """What Snakemake's own reader has read is read once more, as data."""
    (tmp_path / "mine.yaml").write_text("__use_yte__: true\n")
    with pytest.raises(configuration.ConfigError, match=r"mine\.yaml: __use_yte__ would let the file run code"):
        configuration.require_readable([tmp_path / "mine.yaml"])


def test_no_code_of_a_configuration_is_run(tmp_path: Path) -> None:
    """By Snakemake itself, in the environment that `make` has set up.

    Expressions are not evaluated, and all that is printed is the sentence.
    """
    for name in ("workflow", "profiles"):
        shutil.copytree(ROOT / name, tmp_path / name)
    text = f'__use_yte__: true\nrun: ?open("{tmp_path}/ran", "w").name\n'
    (tmp_path / "mine.yaml").write_text(text)
    command = [sys.executable, "-m", "snakemake", "-n", "--profile", "profiles/demo", "--configfile", "mine.yaml"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.splitlines()[1:] == [
        "mine.yaml: __use_yte__ would let the file run code: remove it, and the expressions after ?"
    ]
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("there", [True, False])
def test_a_target_that_is_taken_for_a_configuration_is_told(tmp_path: Path, there: bool) -> None:
    """`snakemake --configfile mine.yaml table2.csv`, whether the table is there or not; a YAML file is no target."""
    target = tmp_path / "table2.csv"
    if there:
        target.write_text("method,value\n")
    with pytest.raises(SystemExit, match=r"write -- before it: --configfile takes all words that follow\."):
        config_file.read_or_exit(target)
    with pytest.raises(SystemExit) as caught:
        config_file.read_or_exit(tmp_path / "mine.yaml")
    assert "--" not in str(caught.value)


def test_a_relative_path_that_leads_nowhere_is_told_with_its_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A profile of another folder names its configuration relative to where Snakemake runs."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigFileError) as caught:
        config_file.read("config/demo.yaml")
    assert str(caught.value) == (
        f"config/demo.yaml: the configuration file cannot be read: No such file or directory in {tmp_path}"
    )
