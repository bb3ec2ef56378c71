"""`why.py` names what made a file stale, in a real workflow of two chained scripts."""

import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from places import ROOT
from tools import explain_rerun

SNAKEFILE = """
import json
import sys
from pathlib import Path
sys.path.insert(0, {workflow!r})
from lib.graph.code_digest import code_digest

configfile: "config.yaml"

SCRIPTS = Path("scripts").resolve()

rule all:
    input: "out/second.txt"
rule first:
    input: source="source.txt"
    output: "out/first.txt"
    params: cfg=json.dumps(config["first"]), code=code_digest("first", scripts=SCRIPTS)
    shell:
        r'''
        {python} scripts/first.py \\
            --settings {{params.cfg:q}} --code {{params.code:q}} \\
            --source {{input.source:q}} --target {{output:q}}
        '''
rule second:
    input: "out/first.txt"
    output: "out/second.txt"
    params: cfg=json.dumps(config["second"]), code=code_digest("second", scripts=SCRIPTS)
    shell:
        r'''
        {python} scripts/second.py --settings {{params.cfg:q}} --code {{params.code:q}} \\
            --source {{input:q}} --target {{output:q}}
        '''
"""

SCRIPT = '''"""Copy a text with a suffix."""

from softrec.job import program
from toy import {module}


def parser():
    parser = program.Parser(__doc__)
    parser.input("--source", help="text")
    parser.output("--target", help="text")
    return parser


def main(args):
    args.target.write_text(args.source.read_text() + {module}.SUFFIX)


if __name__ == "__main__":
    program.run(main, parser())
'''

CONFIG = "first:\n  fit: {rate: 0.1, sizes: [1, 2]}\nsecond:\n  mode: best\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workflow, run once."""
    folder = tmp_path_factory.mktemp("why")
    (folder / "scripts/toy").mkdir(parents=True)
    for package in ("common", "softrec"):
        (folder / "scripts" / package).symlink_to(ROOT / "scripts" / package)
    (folder / "Snakefile").write_text(SNAKEFILE.format(workflow=str(ROOT / "workflow"), python=sys.executable))
    (folder / "config.yaml").write_text(CONFIG)
    (folder / "source.txt").write_text("text")
    (folder / "scripts/toy/__init__.py").write_text("")
    for script, module in (("first", "one"), ("second", "two")):
        (folder / f"scripts/{script}.py").write_text(SCRIPT.format(module=module))
        (folder / f"scripts/toy/{module}.py").write_text(f'SUFFIX = " {module}"\n')
    command = [sys.executable, "-m", "snakemake", "--cores", "1"]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert (folder / "out/second.txt").read_text() == "text one two"
    return folder


@contextmanager
def edit(path: Path, old: str, new: str) -> Iterator[None]:
    """Within the block the text `old` in a file is `new`; after it the file and its time are as before."""
    text, times = path.read_text(), path.stat()
    assert old in text
    path.write_text(text.replace(old, new))
    try:
        yield
    finally:
        path.write_text(text)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def told(capsys: pytest.CaptureFixture[str], file: str) -> str:
    """What why.py prints about a file."""
    assert explain_rerun.main([file]) == 0
    return capsys.readouterr().out.strip()


def test_a_comment_leaves_all_up_to_date(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither a comment nor a docstring in a module makes a file stale."""
    monkeypatch.chdir(made)
    with edit(made / "scripts/toy/one.py", "SUFFIX", '"""One."""\n# why not\nSUFFIX'):
        assert told(capsys, "out/second.txt") == "out/second.txt is up to date."


def test_a_module_and_a_key_are_named_where_they_strike(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """toy.one is imported by the first script alone, so the second file is stale through its input.

    second.mode is the second rule's own. The nearest cause comes first.
    """
    monkeypatch.chdir(made)
    with edit(made / "scripts/toy/one.py", "one", "1"), edit(made / "config.yaml", "best", "last"):
        assert told(capsys, "out/second.txt").splitlines() == [
            'out/second.txt is stale because setting mode changed from "best" to "last".',
            "out/second.txt is stale because its input out/first.txt is stale because module toy.one changed.",
        ]


def test_a_nested_key_and_a_changed_source_are_named(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Keys are dotted; a file that no rule makes counts by its content."""
    monkeypatch.chdir(made)
    with edit(made / "config.yaml", "[1, 2]", "[1]"), edit(made / "source.txt", "text", "another text"):
        assert told(capsys, "out/first.txt.manifest.json").splitlines() == [
            "out/first.txt is stale because setting fit.sizes changed from [1, 2] to [1].",
            "out/first.txt is stale because input source.txt changed.",
        ]


def test_what_is_not_there_is_said(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing file, whose manifest a failed job leaves behind and which is not asked; a missing manifest."""
    monkeypatch.chdir(made)
    first, manifest = made / "out/first.txt", made / "out/first.txt.manifest.json"
    first.rename(made / "away.txt")
    with edit(made / "scripts/toy/one.py", "one", "1"):
        assert manifest.exists()
        assert told(capsys, "out/first.txt") == "out/first.txt does not exist: rule first makes it."
    (made / "away.txt").rename(first)
    manifest.rename(made / "away.json")
    with edit(made / "scripts/toy/one.py", "one", "1"):
        assert told(capsys, "out/first.txt") == (
            "out/first.txt is stale because it has no manifest (out/first.txt.manifest.json) "
            "that says what it was made from."
        )
    (made / "away.json").rename(manifest)


def test_a_rules_command_and_lost_records_are_told(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A changed command is no setting and no module. Without Snakemake's records, only the manifest knows."""
    monkeypatch.chdir(made)
    with edit(made / "Snakefile", "--source {input.source:q}", "--source={input.source:q}"):
        assert told(capsys, "out/first.txt") == "out/first.txt is stale because the command of its rule changed."
    records = made / ".snakemake/metadata"
    records.rename(made / "records")
    with edit(made / "scripts/toy/one.py", "one", "1"):
        assert told(capsys, "out/first.txt") == (
            "Snakemake would keep out/first.txt, of which it has no record, although module toy.one changed: "
            "make it again with --forcerun first."
        )
    (made / "records").rename(records)


def test_an_interrupted_job_is_told(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Snakemake marks the outputs of a job that starts; a job that was killed leaves the mark."""
    monkeypatch.chdir(made)
    mark = made / ".snakemake/incomplete" / base64.b64encode(b"out/first.txt").decode()
    mark.write_text('{"external_jobid": null}')
    assert (
        told(capsys, "out/first.txt") == "out/first.txt is stale because the job that was writing it was interrupted."
    )
    mark.unlink()


def test_a_file_that_no_rule_makes_is_refused(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A source file gives status 1; a rule's name is no file."""
    monkeypatch.chdir(made)
    assert explain_rerun.main(["source.txt"]) == 1
    assert "source.txt exists, but no rule of this configuration makes it" in capsys.readouterr().err
    assert told(capsys, "all") == "all is a rule, not a file: name a file that it makes."


def test_what_snakemake_refuses_is_passed_on() -> None:
    """A file that is not there and has no rule; any other failure with the end of what Snakemake said."""
    assert explain_rerun.refusal("out/x", "No rule to produce out/x (if ...").startswith(
        "out/x does not exist, and no rule"
    )
    assert (
        explain_rerun.refusal("out/x", "plan\nno conda")
        == "Snakemake cannot plan out/x; it says:\n    plan\n    no conda"
    )


def test_one_cause_that_strikes_many_files_is_told_once() -> None:
    """The nearest file with it, and the number of others; missing files are one cause."""
    found = [
        explain_rerun.Finding(("t", "a"), "module m changed"),
        explain_rerun.Finding(("t", "b"), "module m changed"),
        explain_rerun.Finding(("t", "c"), "c does not exist"),
        explain_rerun.Finding(("t", "a", "d"), "d does not exist"),
        explain_rerun.Finding(("t", "a", "e"), "e does not exist"),
    ]
    assert list(explain_rerun.format_findings(iter(found))) == [
        "t is stale because its input a is stale because module m changed. The same holds for 1 more file upstream.",
        "t is stale because its input c does not exist. The same holds for 2 more files upstream.",
    ]


def test_overrides_are_those_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--config` goes to Snakemake as it is: argparse would take it for an abbreviation of `--configfile`."""
    given: list[list[str]] = []
    monkeypatch.setattr(explain_rerun, "answer", lambda file, arguments: given.append(arguments) or "")
    options = ["--config", "seeds=[1]", "--profile", "profiles/demo", "--configfile", "mine.yaml"]
    assert explain_rerun.main(["results/demo/table2.csv", *options]) == 0
    assert given == [["--config", "seeds=[1]", "--profile", "profiles/demo", "--configfile", "mine.yaml"]]
