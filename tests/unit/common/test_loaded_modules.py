"""A job refuses modules that are not those it was planned with, also where an edit came and went meanwhile."""

import json
import os
import py_compile
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from common.frame import FRAME
from lib.graph import code_digest
from places import SCRIPTS

SCRIPT = '''"""Count to a number of a module that is loaded late."""

import os
from pathlib import Path

from softrec import early
from softrec.job import program


def main(args):
    """The line is run between the imports of the two modules."""
    exec(os.environ.get("MEANWHILE", ""), {"SCRIPTS": Path(__file__).parent})
    from softrec import late

    args.out.write_text(str(early.NUMBER + late.NUMBER))


if __name__ == "__main__":
    parser = program.Parser(__doc__)
    parser.output("--out", help="a number")
    program.run(main, parser)
'''


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """The project's package, and two modules and a script more."""
    for package in ("common", "softrec"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(SCRIPTS / package, tmp_path / "scripts" / package, ignore=ignored)
    for name, text in {
        "count.py": SCRIPT,
        "softrec/early.py": "NUMBER = 1\n",
        "softrec/late.py": "NUMBER = 20\n",
    }.items():
        (tmp_path / "scripts" / name).write_text(text)
    return tmp_path / "scripts"


def run(scripts: Path, code: str, meanwhile: str = "") -> subprocess.CompletedProcess[str]:
    """The job, planned with `code`."""
    command = [sys.executable, str(scripts / "count.py"), "--out", str(scripts.parent / "out"), "--code", code]
    environment = {**os.environ, "MEANWHILE": meanwhile}
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def test_the_planned_code_runs_and_comments_may_change(scripts: Path) -> None:
    """1 + 20; a digest leaves comments, docstrings and layout out."""
    code = code_digest.code_digest("count", scripts=scripts)
    for text in ("NUMBER = 20\n", '"""Twenty."""\n\nNUMBER   =   20  # once more\n'):
        (scripts / "softrec/late.py").write_text(text)
        ended = run(scripts, code)
        assert (ended.returncode, ended.stderr) == (0, "")
        assert (scripts.parent / "out").read_text() == "21"
    manifest = json.loads((scripts.parent / "out.manifest.json").read_text())
    assert set(manifest["modules"]) <= {*manifest["code"], *FRAME}


@pytest.mark.parametrize("module", ["log", "errors", "loaded_modules", "frame"])
def test_a_module_of_the_frame_may_be_edited(scripts: Path, module: str) -> None:
    """It cannot change what the job computes: the plan does not name it, and the job runs with what is there."""
    code = code_digest.code_digest("count", scripts=scripts)
    assert f"common.{module}" not in code
    with (scripts / "common" / f"{module}.py").open("a") as stream:
        stream.write("\nEDITED = True\n")
    assert run(scripts, code).returncode == 0


@pytest.mark.parametrize("module", ["softrec/early.py", "softrec/late.py", "common/files.py", "count.py"])
def test_another_module_than_the_planned_one_is_refused(scripts: Path, module: str) -> None:
    """Loaded at the start or within the job, or the script: its file is named, and nothing is written."""
    code = code_digest.code_digest("count", scripts=scripts)
    with (scripts / module).open("a") as stream:
        stream.write("\nEDITED = True\n")
    ended = run(scripts, code)
    assert ended.returncode == 1
    assert "edited after this job was planned" in ended.stderr
    assert str(scripts / module) in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (scripts.parent / "out").exists()


def test_an_edit_that_is_undone_before_the_end_is_refused(scripts: Path) -> None:
    """The module is read in between: its file is again as planned when the job ends, what was loaded is not."""
    code = code_digest.code_digest("count", scripts=scripts)
    edit = "(SCRIPTS / 'softrec/late.py').write_text('NUMBER = 30\\n')"
    undo = "__import__('atexit').register((SCRIPTS / 'softrec/late.py').write_text, 'NUMBER = 20\\n')"
    ended = run(scripts, code, f"{edit}; {undo}")
    assert ended.returncode == 1
    assert "late.py" in ended.stderr
    assert (scripts / "softrec/late.py").read_text() == "NUMBER = 20\n"


def test_compiled_files_of_another_source_are_not_used(scripts: Path) -> None:
    """Same size, same second: Python itself would take the compiled file of the module before."""
    late, code = scripts / "softrec/late.py", code_digest.code_digest("count", scripts=scripts)
    before = late.stat()
    late.write_text("NUMBER = 30\n")
    os.utime(late, ns=(before.st_atime_ns, before.st_mtime_ns))
    subprocess.run([sys.executable, "-m", "compileall", "-q", scripts], check=True)
    late.write_text("NUMBER = 20\n")
    os.utime(late, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert run(scripts, code).returncode == 0
    assert (scripts.parent / "out").read_text() == "21"


def test_a_module_that_no_plan_names_is_refused(scripts: Path) -> None:
    """It was found by another way than an import that a plan can follow: results would not hang on it."""
    code = code_digest.code_digest("count", scripts=scripts)
    (scripts / "softrec/hidden.py").write_text("NUMBER = 5\n")
    ended = run(scripts, code, "__import__('importlib').import_module('softrec.hidden')")
    assert ended.returncode == 1
    assert "hidden.py" in ended.stderr


def test_a_module_beside_the_scripts_that_no_plan_names_is_refused(scripts: Path) -> None:
    """Python would take scripts/csv.py for its own csv; a folder of such a name is no module."""
    code = code_digest.code_digest("count", scripts=scripts)
    (scripts / "wave").mkdir()
    assert run(scripts, code, "import wave").returncode == 0
    (scripts / "csv.py").write_text("NUMBER = 5\n")
    ended = run(scripts, code, "import csv")
    assert ended.returncode == 1
    assert "csv.py" in ended.stderr
    assert "edited after this job was planned" in ended.stderr


def test_a_compiled_module_is_refused(scripts: Path) -> None:
    """Python runs late.pyc where late.py is gone, and nobody could say what it is."""
    code = code_digest.code_digest("count", scripts=scripts)
    late = scripts / "softrec/late.py"
    py_compile.compile(str(late), cfile=str(late.with_suffix(".pyc")))
    late.unlink()
    ended = run(scripts, code)
    assert ended.returncode == 1
    assert "late.pyc" in ended.stderr
    assert "Traceback" not in ended.stderr
