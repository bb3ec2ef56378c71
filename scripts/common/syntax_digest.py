"""A digest of a module's program: it changes when what the module does changes, not when a comment does or the layout.

It is taken twice: when a run is planned, and of the modules that a job has really loaded (`common.loaded_modules`).
Comments, docstrings and formatting do not count, nor does the version of Python.
"""

import ast
import hashlib
from collections.abc import Iterator

# Of no consequence for what a program does, or not the same in all versions of Python.
SKIPPED = frozenset({"ctx", "kind", "type_comment"})


def digest(tree: ast.AST) -> str:
    """16 hexadecimal digits that two syntax trees share if they are the same program."""
    return hashlib.sha256(canonical(tree).encode()).hexdigest()[:16]


def canonical(node: object) -> str:
    """A text that two syntax trees share exactly if they are the same program.

    A node is `Name(field=…, …)` with its fields in the order of the alphabet; positions, contexts, empty fields and
    bare strings (docstrings) are left out, since versions of Python differ in them or they do nothing.
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
    """The parts of an f-string, with neighbouring constants joined: where they are cut depends on the version."""
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
    """Whether a statement is a string and nothing else, as a docstring is."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
