"""Digest of a module's syntax tree, which does not depend on comments, docstrings, layout or Python's version.

It is computed when a run is planned, and again for the modules that a job has loaded (`common.loaded_modules`).
"""

import ast
import hashlib
from collections.abc import Iterator

# Fields that do not affect the program, or that differ between versions of Python.
SKIPPED = frozenset({"ctx", "kind", "type_comment"})


def digest(tree: ast.AST) -> str:
    """Return 16 hexadecimal digits that are equal for syntax trees of the same program."""
    return hashlib.sha256(canonical(tree).encode()).hexdigest()[:16]


def canonical(node: object) -> str:
    """Return a text that is equal for two syntax trees exactly if they are the same program.

    A node becomes `Name(field=…, …)` with fields in alphabetical order. Positions, contexts, empty fields and bare
    strings (docstrings) are omitted, because they have no effect or differ between versions of Python.
    """
    if isinstance(node, ast.Constant):
        return f"{type(node.value).__name__}:{node.value!a}"
    if isinstance(node, ast.JoinedStr):
        return f"JoinedStr[{', '.join(pieces(node))}]"
    if isinstance(node, ast.AST):
        fields = ((name, getattr(node, name, None)) for name in sorted(node._fields) if name not in SKIPPED)
        shown = [f"{name}={canonical(value)}" for name, value in fields if value is not None and value != []]
        return f"{type(node).__name__}({', '.join(shown)})"
    if isinstance(node, list):
        return f"[{', '.join(canonical(item) for item in node if not is_bare_string(item))}]"
    return ascii(node)


def pieces(node: ast.JoinedStr) -> Iterator[str]:
    """Yield the parts of an f-string, joining adjacent constants, whose split depends on the version of Python."""
    constant = ""
    for value in node.values:
        if isinstance(value, ast.Constant):
            constant += str(value.value)
            continue
        if constant:
            yield ascii(constant)
        constant = ""
        yield canonical(value)
    if constant:
        yield ascii(constant)


def is_bare_string(node: object) -> bool:
    """Whether a statement is only a string, such as a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
