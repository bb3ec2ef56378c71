"""A digest of code changes when the program does, and not otherwise."""

import ast
import json
from pathlib import Path

import pytest

from common import syntax_digest
from lib.graph import code_digest

FILES = {
    "train.py": '"""Train."""\n\nfrom pack import model\n\n\ndef main() -> None:\n    from pack.deep import loss\n',
    "pack/__init__.py": "",
    "pack/model.py": "import json\n\nfrom . import helper\n\nWIDTH = 8\n",
    "pack/helper.py": "import pack.units as u\n\nSCALE = 2\n",
    "pack/units.py": "SECONDS = 60\n",
    "pack/by_name.py": "from .deep.loss import value\n",
    "pack/unused.py": "X = 1\n",
    "pack/deep/__init__.py": "",
    "pack/deep/loss.py": (
        "from typing import TYPE_CHECKING\n\nfrom ..model import WIDTH\n\n"
        "if TYPE_CHECKING:\n    from pack import unused\n\n\ndef value(x: int) -> int:\n    return x * WIDTH\n"
    ),
}


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """A folder with a script and a package; the cache of parsed files is emptied."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)
    code_digest.parse.cache_clear()
    return tmp_path


def edited(scripts: Path, name: str, old: str, new: str) -> tuple[dict[str, str], dict[str, str]]:
    """Digests of `train` before and after the text `old` in a file becomes `new`."""
    before = json.loads(code_digest.code_digest("train", scripts=scripts))
    text = (scripts / name).read_text()
    assert old in text
    (scripts / name).write_text(text.replace(old, new))
    code_digest.parse.cache_clear()
    return before, json.loads(code_digest.code_digest("train", scripts=scripts))


def test_closure_follows_every_form_of_import(scripts: Path) -> None:
    """Train -> pack.model (from pack import), pack.deep.loss (inside a function); model -> helper (relative).

    Helper -> units (import a.b as c). Packages on the way count. `unused` is imported for type checkers alone,
    `by_name` by nobody; json is no module of the project.
    """
    found = code_digest.closure("train", scripts=scripts)
    packages = ["pack", "pack.deep"]
    modules = ["pack.deep.loss", "pack.helper", "pack.model", "pack.units", "train"]
    assert list(found) == sorted(packages + modules)
    assert found["pack.deep"] == scripts / "pack/deep/__init__.py"


def test_a_root_adds_its_own_closure(scripts: Path) -> None:
    """by_name imports what train imports already, so it alone is new."""
    plain, more = (
        code_digest.closure("train", scripts=scripts),
        code_digest.closure("train", "pack.by_name", scripts=scripts),
    )
    assert more.keys() - plain.keys() == {"pack.by_name"}


def test_digests_are_sixteen_hexadecimal_digits_in_sorted_json(scripts: Path) -> None:
    """The text itself is the rule's parameter: it must be the same from run to run."""
    text = code_digest.code_digest("train", scripts=scripts)
    digests = json.loads(text)
    assert text == json.dumps(digests, sort_keys=True)
    assert all(len(d) == 16 and int(d, 16) >= 0 for d in digests.values())


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("pack/units.py", "SECONDS = 60", "# a minute\nSECONDS = 60  # of course"),
        ("pack/units.py", "SECONDS = 60", "SECONDS = (\n    60\n)"),
        ("train.py", '"""Train."""', '"""Train, in other words."""'),
        ("pack/deep/loss.py", "    return", '    """What it is worth."""\n    return'),
        ("pack/deep/loss.py", "x * WIDTH", "(x)*WIDTH"),
        ("pack/unused.py", "X = 1", "X = 2"),
        ("pack/by_name.py", "value", "value as other"),
    ],
)
def test_what_does_nothing_changes_nothing(scripts: Path, name: str, old: str, new: str) -> None:
    """Comments, docstrings, formatting, and modules outside the closure."""
    before, after = edited(scripts, name, old, new)
    assert before == after


@pytest.mark.parametrize(
    ("name", "old", "new", "module"),
    [
        ("pack/units.py", "60", "61", "pack.units"),
        ("pack/units.py", "60", "60.0", "pack.units"),
        ("pack/helper.py", "SCALE", "SCALES", "pack.helper"),
        ("pack/deep/loss.py", "x * WIDTH", "x + WIDTH", "pack.deep.loss"),
        ("train.py", "main()", "main(x)", "train"),
    ],
)
def test_a_change_names_its_module_alone(scripts: Path, name: str, old: str, new: str, module: str) -> None:
    """A constant, its type, a name, an operator or a signature, three imports away from the script or in it."""
    before, after = edited(scripts, name, old, new)
    assert {key for key in before if before[key] != after[key]} == {module}


def test_the_init_file_of_a_package_counts(scripts: Path) -> None:
    """Importing pack.deep.loss runs pack/__init__.py: a statement there can change the result."""
    (scripts / "pack/__init__.py").write_text("")
    code_digest.parse.cache_clear()
    before = json.loads(code_digest.code_digest("train", scripts=scripts))
    (scripts / "pack/__init__.py").write_text("import random\n\nrandom.seed(1)\n")
    code_digest.parse.cache_clear()
    after = json.loads(code_digest.code_digest("train", scripts=scripts))
    assert {key for key in before if before[key] != after[key]} == {"pack"}


def test_canonical_text_is_frozen() -> None:
    """Written by hand from the grammar: fields by the alphabet, no contexts, no empty fields, no docstring.

    Nothing in it depends on the version of Python (`type_params` of 3.12 is empty here, hence absent), so results made
    under one version are not stale under the next.
    """
    source = 'def f(x: int = 1) -> str:\n    """Doc."""\n    return f"a{x!r:>4}b" "é"\n'
    arguments = "arguments(args=[arg(annotation=Name(id='int'), arg='x')], defaults=[int:1])"
    formatted = "FormattedValue(conversion=114, format_spec=JoinedStr['>4'], value=Name(id='x'))"
    body = f"[Return(value=JoinedStr['a', {formatted}, 'b\\xe9'])]"
    function = f"FunctionDef(args={arguments}, body={body}, name='f', returns=Name(id='str'))"
    assert syntax_digest.canonical(ast.parse(source)) == f"Module(body=[{function}])"


@pytest.mark.parametrize(
    ("one", "other"), [("1", "True"), ("1", "1.0"), ("'a'", "b'a'"), ("None", "''"), ("-0.0", "0.0")]
)
def test_constants_of_different_types_differ(one: str, other: str) -> None:
    """Equal in Python's eyes (1 == True), not in a program's."""
    assert syntax_digest.canonical(ast.parse(f"x = {one}")) != syntax_digest.canonical(ast.parse(f"x = {other}"))


def test_a_missing_script_root_or_module_is_one_sentence(scripts: Path) -> None:
    """Each names what is missing and where it was named."""
    with pytest.raises(code_digest.DigestError, match=r"script .*/trian\.py does not exist"):
        code_digest.closure("trian", scripts=scripts)
    with pytest.raises(code_digest.DigestError, match=r"no module pack\.sasrec"):
        code_digest.closure("train", "pack.sasrec", scripts=scripts)
    (scripts / "train.py").write_text("x = 1\nimport pack.gone\n")
    with pytest.raises(code_digest.DigestError, match=r"train\.py, line 2 imports pack\.gone, which does not exist"):
        code_digest.closure("train", scripts=scripts)


def test_a_file_that_does_not_parse_is_one_sentence(scripts: Path) -> None:
    """The line is named."""
    (scripts / "pack/units.py").write_text("SECONDS = 60\nHOURS = = 1\n")
    with pytest.raises(code_digest.DigestError, match=r"units\.py, line 2 is not Python"):
        code_digest.closure("train", scripts=scripts)


def test_every_script_of_the_project_has_a_digest() -> None:
    """Also proof that no script imports a project module that does not exist."""
    code_digest.parse.cache_clear()
    for script in sorted(code_digest.SCRIPTS.glob("*.py")):
        assert script.stem in json.loads(code_digest.code_digest(script.stem))
