"""Pages of the report, and the two tables that only they show."""

import json
from pathlib import Path

import pytest

from common.errors import SoftrecError
from run_script import run_script
from softrec.reporting import html_page, runtimes_table, table1
from softrec.results.runtimes import Entry


def test_a_table_is_a_table() -> None:
    """The caption is above it, bold is bold, numbers are aligned right as the Markdown says."""
    text = html_page.table_page("Table 9", "Rows of ``x``.", "| a | b |\n| :- | -: |\n| k | **0.1** ± 0.2 |\n")
    assert text.index("<h1>Table 9</h1>") < text.index("Rows of <code>x</code>.") < text.index("<table>")
    assert '<td style="text-align:right"><strong>0.1</strong> ± 0.2</td>' in text


def test_a_name_is_no_html() -> None:
    """A data set may be called anything: neither a tag nor a link of its name comes to life."""
    evil = "<script>alert(1)</script> [x](javascript:alert)"
    for text in (
        html_page.table_page(evil, evil, f"| {evil} |\n|-|\n| {evil} |\n"),
        html_page.figure_page(evil, evil, b"png"),
        html_page.facts_page(evil, evil, evil),
    ):
        assert "<script" not in text
        assert "href" not in text
        assert "default-src 'none'" in text


def test_a_page_with_a_heading_of_its_own_gets_no_other() -> None:
    """The summary of a run begins with one."""
    assert html_page.table_page("Summary", "", "# Results\n").count("<h1>") == 1


def test_minutes_are_means_over_seeds() -> None:
    """(1 + 2) / 2 = 1.5 of training; one run serves every seed; SASRec has no d_0."""
    of = ("D", "BIGRec", "SOFT")
    entries = [Entry(*of, seed, "alpha=1", "training", float(seed), 1, "CPU") for seed in (1, 2)]
    entries += [Entry(*of, None, "", "d_0", 0.25, 1, "CPU"), Entry("D", "", "SASRec", 1, "", "training", 3.0, 2, "T4")]
    lines = runtimes_table.format_runtimes(entries).splitlines()
    assert [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:5]] == [
        ["D", "BIGRec SOFT alpha=1", "2", "1.50", "–", "1", "CPU"],
        ["", "BIGRec SOFT", "all", "–", "0.25", "1", "CPU"],
        ["", "SASRec", "1", "3.00", "–", "2", "T4"],
    ]


def test_steps_of_filtering_are_a_line_each(tmp_path: Path) -> None:
    """Two data sets; the second lacks a count."""
    step = {"step": "read", "users": 3, "items": 2000, "interactions": 5}
    paths = [tmp_path / "a.json", tmp_path / "b.json"]
    paths[0].write_text(json.dumps({"steps": [step, step | {"step": "10-core"}]}))
    lines = table1.filter_steps(["A"], paths[:1]).splitlines()
    assert [line.split() for line in lines[2:]] == [
        ["|", "A", "|", "read", "|", "3", "|", "2,000", "|", "5", "|"],
        ["|", "|", "10-core", "|", "3", "|", "2,000", "|", "5", "|"],
    ]
    paths[1].write_text(json.dumps({"steps": [{"step": "read", "users": 3}]}))
    with pytest.raises(SoftrecError, match=r"has no key steps\.0\.items"):
        table1.filter_steps(["A", "B"], paths)


@pytest.mark.parametrize("name", ["t.md", "t.png", "t.json"])
def test_a_page_is_made_of_each_kind_of_content(tmp_path: Path, name: str) -> None:
    """By the script; the manifest beside it has the time of the processor that it took, which is not nothing."""
    (tmp_path / name).write_bytes(b'{"some": "content"}')
    (tmp_path / "c.rst").write_text("A caption.")
    files = {"--content": tmp_path / name, "--caption": tmp_path / "c.rst", "--page": tmp_path / "p.html"}
    done = run_script("render_page.py", {"title": "A page"}, files)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "p.html").read_text()
    assert "<title>A page</title>" in text
    assert "<p>A caption.</p>" in text
    assert ("data:image/png;base64," in text) == (name == "t.png")
    assert json.loads((tmp_path / "p.html.manifest.json").read_text())["cpu_seconds"] > 0
