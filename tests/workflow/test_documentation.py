"""The documentation: its navigation, its links into the repository, and the functions that docs/methods.md names."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from places import ROOT

DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "results/README.md"])
NAMED = re.findall(
    r"\[`(softrec[\w.]+)`\]\(\.\./(scripts/[\w/]+\.py)\)", (DOCS / "methods.md").read_text(encoding="utf-8")
)


def pages_of(nav: Any) -> Iterator[str]:
    """Yield the pages of a navigation, in order."""
    if isinstance(nav, str):
        yield nav
        return
    for entry in nav.values() if isinstance(nav, dict) else nav:
        yield from pages_of(entry)


def test_the_navigation_has_each_page_once() -> None:
    """Every page is found from the site's menu, and the menu has no page that does not exist."""
    nav = list(pages_of(yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]))
    assert sorted(nav) == sorted(path.name for path in DOCS.glob("*.md"))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as MkDocs and code hosts make them of plain headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page: Path) -> None:
    """Files exist, and sections of other pages too."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target, anchor in re.findall(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]*))?\)", text):
        path = page.parent / target if target else page
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), f"{target}#{anchor}"


def definitions(tree: ast.AST, prefix: str = "") -> Iterator[str]:
    """Yield the functions, classes and methods of a module by their qualified names."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield prefix + node.name
            if isinstance(node, ast.ClassDef):
                yield from definitions(node, f"{prefix}{node.name}.")


@pytest.mark.parametrize(("name", "path"), NAMED, ids=[name for name, _ in NAMED])
def test_the_function_of_an_equation_exists(name: str, path: str) -> None:
    """The link leads to the module in the function's name, and the module defines the function."""
    module = path.removeprefix("scripts/").removesuffix(".py").replace("/", ".")
    assert name.startswith(f"{module}.")
    assert name.removeprefix(f"{module}.") in set(definitions(ast.parse((ROOT / path).read_text(encoding="utf-8"))))


def test_every_equation_has_a_function() -> None:
    """Each section of docs/methods.md with a formula names at least one function."""
    for section in re.split(r"^#{2,3} ", (DOCS / "methods.md").read_text(encoding="utf-8"), flags=re.MULTILINE):
        assert "\n```\n" not in section or "](../scripts/" in section, section.partition("\n")[0]
