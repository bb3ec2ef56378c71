"""The forms of a table: csv reads back, Markdown is aligned, LaTeX is balanced, plain text fits a terminal."""

import csv
import io
import re

from places import ROOT
from softrec.reporting import grouped_table, latex, plain_text, table2
from softrec.reporting.grouped_table import Cell, Group, Row, Section, Table
from softrec.reporting.means import average
from softrec.results import published
from softrec.results.long_table import LongRow

PUBLISHED = published.read_published(ROOT / "config/published.csv", table=2)
PAPER = [LongRow(*key, seed=0, value=value) for key, value in PUBLISHED.items() if key[0] != "Gain"]
SEEDS = [row._replace(seed=seed, value=row.value * (1 + seed / 10)) for row in PAPER for seed in (-1, 0, 1)]
AWKWARD = Table("Backbone", "Method", (Group("R&D_1", ("H@5",)),), (Section("a|b", (Row("50%", ((Cell("1"),),)),)),))


def table_of(rows: list[LongRow]) -> Table:
    """Table 2 of rows."""
    return table2.table2(average(rows), table2.shape_of(rows))


def test_csv_reads_back_to_the_printed_numbers() -> None:
    """Every number that the paper prints stands in the csv at its method, backbone and column."""
    lines = list(csv.DictReader(io.StringIO(grouped_table.to_csv(table_of(PAPER)))))
    assert list(lines[0])[:3] == ["Backbone", "Method", "Game H@5"]
    found = {(r["Method"], r["Backbone"], *c.split(" ")): r[c] for r in lines for c in r if "@" in c}
    assert {key: float(value.strip("+%")) for key, value in found.items()} == PUBLISHED


def test_csv_has_deviations_only_where_there_are_several_seeds() -> None:
    """Three seeds at 0.9, 1 and 1.1 times v: mean v, deviation v/10."""
    lines = list(csv.DictReader(io.StringIO(grouped_table.to_csv(table_of(SEEDS)))))
    assert (lines[0]["Game H@5"], lines[0]["Game H@5 std"]) == ("0.0150", "0.0015")
    assert lines[-1]["Method"] == "Gain"
    assert lines[-1]["Game H@5 std"] == ""
    assert " std" not in grouped_table.to_csv(table_of(PAPER))


def test_markdown_is_aligned_and_bold_at_the_best() -> None:
    """All lines are equally long and have the same number of bars; the backbone stands once."""
    lines = grouped_table.to_markdown(table_of(SEEDS)).splitlines()
    assert {len(line) for line in lines} == {len(lines[0])}
    assert {line.count("|") for line in lines} == {15}
    assert sum("BIGRec" in line for line in lines) == 1
    assert "**0.0390** ± 0.0039" in next(line for line in lines if "DROS" in line)
    assert len(lines) == 2 + 14


def test_markdown_escapes_bars_and_dashes_the_empty() -> None:
    """A bar in a name must not open a column; an empty cell is a dash."""
    assert r"a\|b" in grouped_table.to_markdown(AWKWARD)
    assert grouped_table.markdown_cell(Cell()) == "–"


def test_latex_is_balanced() -> None:
    """Environments and braces close, each row has 13 separators, and no bare % or _ starts a comment or an index."""
    text = latex.to_latex(table_of(SEEDS))
    assert re.findall(r"\\(begin|end)\{(\w+)\}", text) == [("begin", "tabular"), ("end", "tabular")]
    assert text.count("{") == text.count("}")
    assert text.count("$") % 2 == 0
    body = [line for line in text.splitlines() if line.endswith(r"\\")]
    headings, *rows = body
    assert len(rows) == 1 + 14
    assert {line.count(" & ") + line.startswith("& ") for line in rows} == {13}
    assert headings.count(r"\multicolumn{4}{c}") == 3
    assert not re.search(r"(?<!\\)[%_]", "".join(line for line in text.splitlines() if not line.startswith("%")))
    assert r"\textbf{0.0390}\softrecspread{0.0039}" in text
    assert text.index(r"\providecommand{\softrecspread}[1]{}") < text.index(r"\begin{tabular}")
    gains = [line for line in rows if "Gain" in line]
    assert all(r"Gain (\%) & {\scriptsize +" in line and line.count(r"\%") == 1 for line in gains)
    assert text.count(r"\midrule") == 3
    assert r"\toprule" in text
    assert r"\bottomrule" in text
    assert r"\cmidrule(lr){3-6}\cmidrule(lr){7-10}\cmidrule(lr){11-14}" in text


def test_latex_escapes_names() -> None:
    """R&D_1 and 50% are written as text; a negative number gets a minus sign, an empty cell a dash."""
    text = latex.to_latex(AWKWARD)
    assert r"\multicolumn{1}{c}{R\&D\_1}" in text
    assert r"50\%" in text
    assert latex.latex_cell(Cell("-12.50%")) == r"$-$12.50\%"
    assert latex.latex_cell(Cell()) == "--"
    assert latex.latex_cell(Cell("+1.00", mark="†")) == r"+1.00\rlap{$^\dagger$}"
    assert latex.latex_text("\\~^{") == r"\textbackslash{}\textasciitilde{}\textasciicircum{}\{"


def test_plain_text_of_one_data_set_fits_80_columns() -> None:
    """Four metrics, each with a deviation and perhaps a star, and the longest method name of the paper."""
    rows = [row for row in SEEDS if row.dataset == "Game"]
    lines = plain_text.to_text(table_of(rows), columns=80).splitlines()
    assert max(map(len, lines)) <= 80
    assert any("±" in line and "*" in line for line in lines)


def test_plain_text_is_split_by_data_set_when_it_must_be() -> None:
    """Three data sets stand below each other in 80 columns, side by side in 150, and two and one in 110."""
    table = table_of(PAPER)
    for columns, blocks in ((80, 3), (150, 1), (110, 2)):
        text = plain_text.to_text(table, columns)
        assert max(map(len, text.splitlines())) <= columns
        assert text.count("SASRec") == blocks
        assert text.count("0.0390*") == 1


def test_plain_text_columns_are_aligned() -> None:
    """In every row of a block the last figure of each column stands at the same place."""
    lines = plain_text.to_text(table_of([row for row in PAPER if row.dataset == "Movie"]), columns=80).splitlines()
    rows = [line for line in lines if re.search(r"\d\.\d{4}", line)]
    ends = [[match.end() for match in re.finditer(r"\d\.\d{4}", line)] for line in rows]
    assert len(rows) == 12
    assert all(end == ends[0] for end in ends)
