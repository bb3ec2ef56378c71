"""Tables as LaTeX in the style of booktabs."""

from softrec.reporting.grouped_table import Cell, Table, flat


def to_latex(table: Table) -> str:
    r"""Return a booktabs `tabular`, to be \input inside a float; the best value of each column is bold.

    Standard deviations are arguments of \softrecspread, which shows nothing unless the document defines it.
    """
    stubs = len(table.stub_headers())
    lines = [
        "% needs \\usepackage{booktabs}",
        *SPREAD,
        f"\\begin{{tabular}}{{@{{}}{'l' * stubs}{'r' * len(table.column_names())}@{{}}}}",
        "\\toprule",
    ]
    if any(group.label for group in table.groups):
        headings = [f"\\multicolumn{{{len(g.columns)}}}{{c}}{{{latex_text(g.label)}}}" for g in table.groups]
        lines += [latex_line([""] * stubs + headings), latex_group_rules(table, stubs)]
    columns = [latex_text(column) for group in table.groups for column in group.columns]
    lines.append(latex_line([*map(latex_text, table.stub_headers()), *columns]))
    for section in table.sections:
        lines.append("\\midrule")
        for row in section.rows:
            left, cells = table.stubs(section, row, repeat=False), flat(row)
            numbers = [cell.text for cell in cells if cell.text]
            if numbers and all(text.endswith("%") for text in numbers):  # one unit for the row saves the table's width
                left[-1] += " (%)"
                cells = [cell._replace(text=cell.text.removesuffix("%")) for cell in cells]
                lines.append(
                    latex_line([*map(latex_text, left), *(f"{{\\scriptsize {latex_cell(c)}}}" for c in cells)])
                )
                continue
            lines.append(latex_line([*map(latex_text, left), *map(latex_cell, cells)]))
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", ""])


SPREAD = (
    "% to show standard deviations, define this before: \\newcommand{\\softrecspread}[1]{ {\\scriptsize$\\pm$#1}}",
    "\\providecommand{\\softrecspread}[1]{}",
)
MARKS = {"†": "\\rlap{$^\\dagger$}"}  # without a width, so that digits stay below each other


def latex_line(fields: list[str]) -> str:
    """Join fields to one row of a tabular."""
    return f"{' & '.join(fields)} \\\\".lstrip()


def latex_group_rules(table: Table, stubs: int) -> str:
    """Return a partial rule under each group's heading."""
    rules, first = [], stubs + 1
    for group in table.groups:
        rules.append(f"\\cmidrule(lr){{{first}-{first + len(group.columns) - 1}}}")
        first += len(group.columns)
    return "".join(rules)


def latex_cell(cell: Cell) -> str:
    r"""Format a cell as `\textbf{0.0150}\softrecspread{0.0012}`; an empty cell is a dash."""
    text = latex_text(cell.text) or "--"
    # A negative number gets a minus sign; a bare hyphen would be set as a hyphen.
    if text.startswith("-") and cell.text:
        text = f"$-${text[1:]}"
    text = f"\\textbf{{{text}}}" if cell.best else text
    text += MARKS.get(cell.mark, "")
    return f"{text}\\softrecspread{{{cell.spread}}}" if cell.spread else text


LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}


def latex_text(text: str) -> str:
    """Escape every character that LaTeX would read as a command."""
    return "".join(LATEX.get(character, character) for character in text)


def comment(text: str) -> str:
    """Return `text` as a LaTeX comment line."""
    return f"% {text}\n"
