"""The report: where the paper's numbers are, captions that a page can show, and the graph on its first page."""

import re
from pathlib import Path

import pytest

from places import ROOT
from tools.rule_text import WORKFLOW, rules

TITLE = re.compile(r'^    "(\w+)": \("\w+", "([^"]+)"\),$', re.MULTILINE)
PAGES = dict(TITLE.findall((WORKFLOW / "rules/report.smk").read_text()))
CAPTIONS = sorted(path for path in (WORKFLOW / "report").glob("*.rst") if path.stem != "workflow")


def test_every_place_of_the_papers_numbers_is_named() -> None:
    """Rules that read config/published.csv are those whose tables hold the paper's numbers: three, by their pages."""
    page = (WORKFLOW / "report/workflow.rst").read_text()
    readers = [rule for rule in rules() if "config/published.csv" in rule.directives.get("input", "")]
    written = [re.findall(r'markdown="results/<run>/(\w+)\.md"', rule.directives["output"]) for rule in readers]
    titles = sorted(PAGES[name] for (name,) in written)
    assert titles == ["Comparison with the paper", "Consistency", "Table 1"]
    assert "``config/published.csv``" in page
    assert all(title in page for title in titles)


@pytest.mark.parametrize("path", CAPTIONS, ids=lambda path: path.stem)
def test_a_caption_reads_alike_as_markdown(path: Path) -> None:
    """Pages show captions as Markdown: paragraphs, `code`, *emphasis*. No Jinja, and nothing of reStructuredText."""
    assert not re.search(r"\{\{|^\.\. |::|:\w+:`|`_", path.read_text(), re.MULTILINE)


def test_the_first_page_has_the_graph_of_the_architecture() -> None:
    """One graph, in two places."""
    graph = (ROOT / "docs/architecture.md").read_text().split("## The graph\n\n```\n")[1].split("```")[0]
    page = (WORKFLOW / "report/workflow.rst").read_text()
    assert "\n".join(f"  {line}" for line in graph.splitlines()) in page
