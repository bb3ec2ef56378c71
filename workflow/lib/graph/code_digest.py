"""Digest of the code behind a result, which changes with the program but not with comments or layout.

Static imports are followed, wherever they are in a file. A module that is loaded by name (a backbone, a model) is given
by its rule as an extra root. `common.syntax_digest` defines which parts of a file count. Modules of a job's frame
(`common.frame`) cannot change a result and do not count; their imports do.
"""

import ast
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from common import syntax_digest
from common.frame import FRAME

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"


class DigestError(Exception):
    """A script, root or imported project module does not exist, or a file does not parse."""


class Module(NamedTuple):
    """A parsed file: the digest of its canonical syntax tree, and its imports as (line, module, name)."""

    digest: str
    imports: tuple[tuple[int, str, str | None], ...]


def code_digest(script: str, *roots: str, scripts: Path = SCRIPTS) -> str:
    """Return the digests of all project modules that can change the result of a script, as JSON with sorted keys.

    The JSON maps the name of each module that `scripts/SCRIPT.py` loads to 16 hexadecimal digits.

    Args:
        script: name of the script, without `.py`.
        *roots: modules that the script loads by name, such as "softrec.llm.backbones.bigrec".
        scripts: the folder of the scripts and of the packages that they import.

    Raises:
        DigestError: the script, a root or an imported module does not exist, or a file does not parse.
    """
    found = closure(script, *roots, scripts=scripts)
    counted = {name: path for name, path in found.items() if name not in FRAME}
    return json.dumps({name: parse(path, name).digest for name, path in counted.items()}, sort_keys=True)


def closure(script: str, *roots: str, scripts: Path = SCRIPTS) -> dict[str, Path]:
    """Return every project module that `script` and `roots` import, directly or not, and themselves, by name.

    A project module is a module below `scripts`; importing a module includes the `__init__` files of its packages.
    """
    if find(script, scripts) is None:
        raise DigestError(f"the rule's script {scripts / script}.py does not exist: correct its name in the rule.")
    for root in roots:
        if find(root, scripts) is None:
            raise DigestError(f"there is no module {root} below {scripts}: correct the root that the rule names.")
    found: dict[str, Path] = {}
    waiting = [script, *roots]
    while waiting:
        for name in lineage(waiting.pop()):
            path = find(name, scripts)
            if path is not None and path.is_file() and name not in found:
                found[name] = path
                waiting.extend(imported(name, path, scripts))
    return dict(sorted(found.items()))


def lineage(name: str) -> list[str]:
    """Return a module and its parent packages: "a.b" gives "a" and "a.b"."""
    parts = name.split(".")
    return [".".join(parts[: i + 1]) for i in range(len(parts))]


def find(name: str, scripts: Path) -> Path | None:
    """Return the file of a project module (the folder for a package without `__init__.py`), or None."""
    place = scripts.joinpath(*name.split("."))
    for file in (place / "__init__.py", place.with_name(place.name + ".py")):
        if file.is_file():
            return file
    return place if place.is_dir() else None


@cache
def imported(name: str, path: Path, scripts: Path) -> tuple[str, ...]:
    """Return the project modules that a file imports directly; cached, because dozens of scripts share most modules.

    Raises:
        DigestError: an imported module does not exist.
    """
    found: list[str] = []
    for line, module, member in parse(path, name).imports:
        if find(module.split(".")[0], scripts) is None:
            continue
        if find(module, scripts) is None:
            raise DigestError(f"{path}, line {line} imports {module}, which does not exist: correct the import.")
        found.append(module)
        if member is not None and find(f"{module}.{member}", scripts) is not None:
            found.append(f"{module}.{member}")
    return tuple(dict.fromkeys(found))


@cache
def parse(path: Path, name: str) -> Module:
    """Parse a file, once per process; `name` is its module name, for relative imports. Raises `DigestError`."""
    try:
        tree = ast.parse(path.read_bytes(), filename=str(path))
    except SyntaxError as error:
        raise DigestError(f"{path}, line {error.lineno} is not Python: {error.msg}.") from error
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    return Module(syntax_digest.digest(tree), tuple(imports(tree, package, path)))


def imports(node: ast.AST, package: str, path: Path) -> Iterator[tuple[int, str, str | None]]:
    """Yield all imports below a node as (line, module, imported name or None), with relative ones made absolute."""
    if isinstance(node, ast.Import):
        yield from ((node.lineno, alias.name, None) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        module = absolute(node, package, path)
        yield from ((node.lineno, module, alias.name) for alias in node.names)
    # An import below `if TYPE_CHECKING` never runs, so it cannot change a result.
    children = node.orelse if isinstance(node, ast.If) and is_type_checking(node.test) else ast.iter_child_nodes(node)
    for child in children:
        yield from imports(child, package, path)


def absolute(node: ast.ImportFrom, package: str, path: Path) -> str:
    """Return the absolute module name of a `from … import` in a package."""
    own = [node.module] if node.module else []
    if not node.level:
        return ".".join(own)
    parts = package.split(".") if package else []
    if node.level > len(parts):
        raise DigestError(f"{path}, line {node.lineno} is a relative import out of all packages: write the full name.")
    return ".".join(parts[: len(parts) - node.level + 1] + own)


def is_type_checking(test: ast.expr) -> bool:
    """Whether a condition is `TYPE_CHECKING` or `typing.TYPE_CHECKING`: its branch never runs."""
    return "TYPE_CHECKING" in (getattr(test, "id", None), getattr(test, "attr", None))
