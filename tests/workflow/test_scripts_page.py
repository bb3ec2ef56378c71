"""scripts/README.md lists every rule with its script, in the order of the data flow."""

from places import ROOT
from tools import scripts_page
from tools.rule_text import rules


def test_the_page_is_that_of_the_rules() -> None:
    """Otherwise: `make pages`."""
    assert scripts_page.PAGE.read_text() == scripts_page.page()


def test_every_script_of_a_rule_is_on_the_page() -> None:
    """The others are what people start, and what starts ranks."""
    page = scripts_page.page()
    listed = {path.name for path in (ROOT / "scripts").glob("*.py") if f"`{path.name}`" in page}
    assert {path.name for path in (ROOT / "scripts").glob("*.py")} - listed == {
        "audit_table.py",
        "launch_ranks.py",
        "show_table.py",
    }


def test_entries_of_a_rule_by_hand() -> None:
    """A literal path, one in directory(), a list that depends on the configuration; an audit is not read."""
    directive = 'a="results/<run>/x.csv", audit=inputs.audits(), b=directory("results/<run>/y"), c=logs(w), d=f"{e}/z"'
    assert list(scripts_page.entries(directive)) == ["`x.csv`", "`y`", "*c*", "`{e}/z`"]


def test_stages_are_the_files_of_rules() -> None:
    """Each file of rules once."""
    assert sorted(scripts_page.stages()) == sorted({rule.file for rule in rules()} - {"Snakefile"})
