"""The report's first page says which numbers are not of this run."""

import re

from tools.rule_text import WORKFLOW, rules


def test_every_place_of_the_papers_numbers_is_named() -> None:
    """Rules that read config/published.csv are those whose tables hold the paper's numbers: three, by their labels."""
    page = (WORKFLOW / "report/workflow.rst").read_text()
    readers = [rule for rule in rules() if "config/published.csv" in rule.directives.get("input", "")]
    labels = [re.findall(r'labels=\{"table": "([^"]+)"', rule.directives["output"]) for rule in readers]
    assert sorted(labels) == [["Comparison with the paper"], ["Consistency"], ["Table 1"]]
    assert "``config/published.csv``" in page
    assert all(label in page for (label,) in labels)
