"""A table of named rows under grouped columns, and its forms as csv and as Markdown."""

from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from softrec.io.csv_files import csv_text


class Cell(NamedTuple):
    """A number as printed, its standard deviation as printed (or ""), whether it is the best of its column, and a mark
    that is shown behind it wherever people read (not in csv).
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
    """Rows that stand together; `label` is "" for rows that need none."""

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
        """Headings of the columns left of the numbers."""
        return [self.row_header] if self.section_header is None else [self.section_header, self.row_header]

    def stubs(self, section: Section, row: Row, *, repeat: bool) -> list[str]:
        """The text left of a row's numbers; the section's label on its first row alone unless `repeat`."""
        if self.section_header is None:
            return [row.label]
        return [section.label if repeat or row is section.rows[0] else "", row.label]

    def column_names(self) -> list[str]:
        """Each column with its group: "Game H@5"."""
        return [f"{group.label} {column}".strip() for group in self.groups for column in group.columns]


def flat(row: Row) -> list[Cell]:
    """All cells of a row, from left to right."""
    return list(chain.from_iterable(row.cells))


def to_csv(table: Table) -> str:
    """Comma-separated, one header line; a column of standard deviations after each column that has some."""
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
    """A GitHub-flavoured Markdown table, aligned in its source too; the best of each column is bold."""
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
    """`**0.0150** ± 0.0012`; a dash where there is nothing."""
    text = (f"**{cell.text}**" if cell.best else cell.text or "–") + cell.mark
    return f"{text} ± {cell.spread}" if cell.spread else text


def pad(text: str, width: int, *, left: bool) -> str:
    """`text` set left or right in `width` characters."""
    return text.ljust(width) if left else text.rjust(width)
