"""Tables of named rows under grouped columns, as CSV and as Markdown."""

from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from softrec.io.csv_files import csv_text


class Cell(NamedTuple):
    """A cell of a table.

    Attributes:
        text: the number as printed.
        spread: its standard deviation as printed, or "".
        best: whether it is the best of its column.
        mark: shown after the number in every format but CSV.
    """

    text: str = ""
    spread: str = ""
    best: bool = False
    mark: str = ""


class Row(NamedTuple):
    """A named row: one tuple of cells per group of columns."""

    label: str
    cells: tuple[tuple[Cell, ...], ...]


class Section(NamedTuple):
    """Rows under one label, which may be ""."""

    label: str
    rows: tuple[Row, ...]


class Group(NamedTuple):
    """Columns under one heading."""

    label: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Sections of rows under groups of columns. `section_header` is None when sections have no column of their own."""

    section_header: str | None
    row_header: str
    groups: tuple[Group, ...]
    sections: tuple[Section, ...]

    def stub_headers(self) -> list[str]:
        """Return the headings of the columns left of the numbers."""
        return [self.row_header] if self.section_header is None else [self.section_header, self.row_header]

    def stubs(self, section: Section, row: Row, *, repeat: bool) -> list[str]:
        """Return the labels left of a row's numbers; without `repeat` only a section's first row has its label."""
        if self.section_header is None:
            return [row.label]
        return [section.label if repeat or row is section.rows[0] else "", row.label]

    def column_names(self) -> list[str]:
        """Return the name of each column with its group: "Game H@5"."""
        return [f"{group.label} {column}".strip() for group in self.groups for column in group.columns]


def flat(row: Row) -> list[Cell]:
    """Return all cells of a row, from left to right."""
    return list(chain.from_iterable(row.cells))


def to_csv(table: Table) -> str:
    """Return the table as CSV with one header line; columns with standard deviations get a second column for them."""
    rows = [(section, row) for section in table.sections for row in section.rows]
    spread = [any(cells) for cells in zip(*([cell.spread for cell in flat(row)] for _, row in rows), strict=True)]
    header = table.stub_headers()
    for name, has_spread in zip(table.column_names(), spread, strict=True):
        header += [name, f"{name} std"] if has_spread else [name]
    lines = [header]
    for section, row in rows:
        line = table.stubs(section, row, repeat=True)
        for cell, has_spread in zip(flat(row), spread, strict=True):
            line += [cell.text, cell.spread] if has_spread else [cell.text]
        lines.append(line)
    return csv_text(lines)


def to_markdown(table: Table) -> str:
    """Return a GitHub-flavoured Markdown table with aligned source; the best value of each column is bold."""
    lines = [table.stub_headers() + table.column_names()]
    for section in table.sections:
        lines += [
            table.stubs(section, row, repeat=False) + [markdown_cell(c) for c in flat(row)] for row in section.rows
        ]
    lines = [[text.replace("|", r"\|") for text in line] for line in lines]
    widths = [max(3, *map(len, column)) for column in zip(*lines, strict=True)]
    stubs = len(table.stub_headers())
    rule = [":" + "-" * (w - 1) if i < stubs else "-" * (w - 1) + ":" for i, w in enumerate(widths)]
    lines.insert(1, rule)
    padded = [
        [pad(text, w, left=i < stubs) for i, (text, w) in enumerate(zip(line, widths, strict=True))] for line in lines
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in padded)


def markdown_cell(cell: Cell) -> str:
    """Format a cell as `**0.0150** ± 0.0012`; an empty cell is a dash."""
    text = (f"**{cell.text}**" if cell.best else cell.text or "–") + cell.mark
    return f"{text} ± {cell.spread}" if cell.spread else text


def pad(text: str, width: int, *, left: bool) -> str:
    """Pad `text` to `width` characters, aligned left or right."""
    return text.ljust(width) if left else text.rjust(width)
