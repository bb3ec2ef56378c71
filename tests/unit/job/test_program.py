"""The frame of every script: settings of the right types, inputs that exist, errors for people, manifests."""

import argparse
import ast
import errno
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from common import loaded_modules, syntax_digest
from common.errors import SoftrecError
from places import SCRIPTS
from softrec.job import program
from softrec.job.settings import read_settings


def new_parser() -> program.Parser:
    """One required input, one optional, one of many, one output."""
    parser = program.Parser("Copy.")
    parser.input("--source", help="text")
    parser.input("--note-file", help="text, or none", required=False)
    parser.input("--parts", help="texts", required=False, many=True)
    parser.output("--target-file", help="text")
    return parser


def copy(args: argparse.Namespace) -> None:
    """Write the source's text to the target."""
    args.target_file.write_text(args.source.read_text())
    program.note("length", len(args.source.read_text()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with three texts."""
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text(name * 3)
    return tmp_path


def test_paths_leave_out_what_was_not_given_and_flatten_what_was_given_many_times(folder: Path) -> None:
    """Without --parts and --note-file there is one input; with them four, in the order of the parser."""
    parser = new_parser()
    args = parser.parse_args(["--source", "s", "--target-file", "t"])
    assert parser.paths(args, parser.inputs) == [Path("s")]
    more = ["--note-file", "n", "--parts", "p", "q"]
    args = parser.parse_args(["--source", "s", "--target-file", "t", *more])
    assert parser.paths(args, parser.inputs) == [Path(name) for name in ("s", "n", "p", "q")]
    assert parser.paths(args, parser.outputs) == [Path("t")]


def test_a_required_list_of_inputs_may_not_be_empty(capsys: pytest.CaptureFixture[str]) -> None:
    """`many` and required: at least one file; argparse ends with its own status 2."""
    parser = program.Parser("Join.")
    parser.input("--parts", help="texts", many=True)
    with pytest.raises(SystemExit) as ended:
        parser.parse_args(["--parts"])
    assert ended.value.code == 2
    assert "--parts" in capsys.readouterr().err


def test_run_describes_its_output_in_a_manifest(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """sha256 of every input and output, settings with their seed, code, notes, versions, loaded modules, seconds."""
    monkeypatch.setattr(sys, "argv", ["scripts/copy_text.py"])
    flags = ["--source", str(folder / "a"), "--parts", str(folder / "b"), str(folder / "c")]
    digests = {name: syntax_digest.digest(ast.parse(source)) for name, source in loaded_modules._sources.items()}
    settings, code = ["--settings", '{"seed": 4}'], ["--code", json.dumps(digests)]
    program.run(copy, new_parser(), [*flags, "--target-file", str(folder / "out"), *settings, *code])
    manifest = json.loads((folder / "out.manifest.json").read_text())
    sums = {name: hashlib.sha256((name * 3).encode()).hexdigest() for name in ("a", "b", "c")}
    assert manifest["inputs"] == {str(folder / name): digest for name, digest in sums.items()}
    assert manifest["outputs"] == {str(folder / "out"): sums["a"]}
    assert (manifest["script"], manifest["settings"], manifest["seed"]) == ("copy_text.py", {"seed": 4}, 4)
    assert manifest["code"] == digests
    assert manifest["notes"] == {"length": 3}
    assert manifest["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert {"softrec", "softrec.job.program", "common.files"} <= set(manifest["modules"])
    assert manifest["hardware"]["cores"] >= 1
    assert manifest["seconds"] >= 0


def test_an_output_that_is_an_input_is_refused_and_stays(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By another name too; so is a file that two outputs name."""
    (folder / "link").symlink_to(folder / "a")
    for target in ("a", "link", "../" + folder.name + "/a"):
        with pytest.raises(SystemExit):
            program.run(copy, new_parser(), ["--source", str(folder / "a"), "--target-file", str(folder / target)])
        assert "is given as input and as output" in capsys.readouterr().err
    assert (folder / "a").read_text() == "aaa"
    with pytest.raises(SoftrecError, match="is given as two outputs"):
        program.require_apart([], [folder / "x", folder / "./x"])


def test_notes_are_of_one_run(folder: Path) -> None:
    """What an earlier run in this process noted is not in a later run's manifest."""
    program.note("stale", True)
    program.run(copy, new_parser(), ["--source", str(folder / "a"), "--target-file", str(folder / "out")])
    assert json.loads((folder / "out.manifest.json").read_text())["notes"] == {"length": 3}


def test_only_the_first_rank_writes_manifests(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the launcher, which sets four variables, ranks 1, 2, ... leave the manifest to rank 0."""
    for name, value in (("RANK", "1"), ("WORLD_SIZE", "2"), ("LOCAL_RANK", "1"), ("SOFTREC_RANKS", "2")):
        monkeypatch.setenv(name, value)
    program.run(copy, new_parser(), ["--source", str(folder / "a"), "--target-file", str(folder / "out")])
    assert not (folder / "out.manifest.json").exists()


@pytest.mark.parametrize("left", [("RANK",), ("RANK", "WORLD_SIZE"), ("RANK", "WORLD_SIZE", "LOCAL_RANK")])
def test_variables_that_another_launcher_left_mean_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, left: tuple[str, ...]
) -> None:
    """One of them or all that torchrun sets: the process is alone, and writes."""
    for name in left:
        monkeypatch.setenv(name, "3")
    program.run(copy, new_parser(), ["--source", str(folder / "a"), "--target-file", str(folder / "out")])
    assert json.loads((folder / "out.manifest.json").read_text())["ranks"] == 1


@pytest.mark.parametrize(
    ("rank", "world", "local"), [("4", "4", "0"), ("0", "4", "1"), ("-1", "4", "0"), ("a", "4", "0"), ("0", "2", "0")]
)
def test_variables_that_fit_no_rank_are_refused(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    rank: str,
    world: str,
    local: str,
) -> None:
    """Of four ranks that were launched no such one: one sentence with what they say."""
    for name, value in (("RANK", rank), ("WORLD_SIZE", world), ("LOCAL_RANK", local), ("SOFTREC_RANKS", "4")):
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        program.run(copy, new_parser(), ["--source", str(folder / "a"), "--target-file", str(folder / "out")])
    assert ended.value.code == 1
    said = f"RANK={rank}, WORLD_SIZE={world}, LOCAL_RANK={local}, SOFTREC_RANKS=4 is not a valid rank"
    assert said in capsys.readouterr().err


def test_a_missing_input_is_one_sentence_and_nothing_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also one of many inputs; status 1, and neither output nor manifest."""
    flags = ["--source", str(folder / "a"), "--parts", str(folder / "b"), str(folder / "gone")]
    with pytest.raises(SystemExit) as ended:
        program.run(copy, new_parser(), [*flags, "--target-file", str(folder / "out")])
    assert ended.value.code == 1
    assert capsys.readouterr().err.splitlines() == [
        "",
        f"error: {folder / 'gone'} does not exist",
        "  remedy: correct the path, or run the rule that makes it",
    ]
    assert sorted(path.name for path in folder.iterdir()) == ["a", "b", "c"]


SCRIPT = '''"""Fail."""
from softrec.job import program
from common.errors import SoftrecError


def main(args):
    raise SoftrecError("title 7 is null", where="meta.jsonl, line 12", remedy="drop it")


if __name__ == "__main__":
    program.run(main, program.Parser(__doc__))
'''


def test_a_process_that_fails_prints_sentences_and_no_traceback(tmp_path: Path) -> None:
    """Status 1; the fault, its place and the remedy on standard error, and nothing else."""
    (tmp_path / "fail.py").write_text(SCRIPT)
    ended = subprocess.run(
        [sys.executable, tmp_path / "fail.py"], capture_output=True, text=True, env={"PYTHONPATH": str(SCRIPTS)}
    )
    assert ended.returncode == 1
    assert ended.stderr == "\nerror: title 7 is null\n  where:  meta.jsonl, line 12\n  remedy: drop it\n"
    assert ended.stdout == ""


def test_what_nobody_foresaw_is_a_sentence_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The error and the one before it, the calls that led to them, the inputs; no traceback, no output, no manifest."""

    def stumble(args: argparse.Namespace) -> None:
        fall()

    def fall() -> None:
        try:
            json.loads("{oops")
        except ValueError as error:
            raise ZeroDivisionError("division by zero") from error

    with pytest.raises(SystemExit) as ended:
        program.run(stumble, new_parser(), ["--source", str(folder / "a"), "--target-file", str(folder / "out")])
    said = capsys.readouterr().err
    assert ended.value.code == 1
    assert "error: ZeroDivisionError: division by zero" in said
    assert "Traceback" not in said
    first = r"test_program.py:\d+ in fall > decoder.py:\d+ in raw_decode > JSONDecodeError"
    then = r"test_program.py:\d+ in stumble > test_program.py:\d+ in fall > ZeroDivisionError"
    assert re.search(rf"where: +{first} > {then}\n", said)
    assert str(folder / "a") in said
    assert "report it" in said
    assert not list(folder.glob("out*"))


@pytest.mark.parametrize("text", ["{oops", "[1]", "1" * 5000, "[" * 100_000])
@pytest.mark.parametrize("flag", ["--code", "--settings"])
def test_flags_that_are_no_objects(folder: Path, capsys: pytest.CaptureFixture[str], text: str, flag: str) -> None:
    """Whatever stands in them: one sentence that names the flag."""

    def settle(args: argparse.Namespace) -> None:
        read_settings(args.settings, program.Parser)  # type: ignore[type-var]

    flags = ["--source", str(folder / "a"), "--target-file", str(folder / "out"), flag, text]
    with pytest.raises(SystemExit) as ended:
        program.run(settle, new_parser(), flags)
    assert ended.value.code == 1
    assert f"error: {flag} is " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "error: MemoryError: no reason given.*give the job more memory"),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device.*free space"),
        (type("OutOfMemoryError", (RuntimeError,), {})("CUDA out of memory"), "lower tuning.micro_batch_size"),
        (type("AcceleratorError", (RuntimeError,), {})("an illegal access"), "nvidia-smi"),
    ],
)
def test_what_the_machine_lacks_is_no_fault_of_the_inputs(
    folder: Path, capsys: pytest.CaptureFixture[str], error: BaseException, words: str
) -> None:
    """Memory, disk, and a GPU's faults: the remedy is about them, and no file is to be doubted."""

    def fail(args: argparse.Namespace) -> None:
        raise error

    with pytest.raises(SystemExit):
        program.run(fail, new_parser(), ["--source", str(folder / "a"), "--target-file", str(folder / "out")])
    said = capsys.readouterr().err
    assert re.search(words, said, re.DOTALL)
    assert "report it" not in said
