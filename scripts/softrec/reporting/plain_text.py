"""A table as plain text for a terminal."""

from softrec.reporting.grouped_table import Cell, Row, Section, Table

GAP = "  "


def to_text(table: Table, columns: int) -> str:
    """Plain text at most `columns` wide: groups stand side by side while they fit, and below each other when not.

    Four metrics with standard deviations fit 80 columns. A group that is wider than `columns` by itself is not cut.
    """
    label_width = max(len(table.row_header), *(len(indented(table, s, r)) for s in table.sections for r in s.rows))
    blocks: list[list[int]] = []
    for index in range(len(table.groups)):
        widened = [*blocks[-1], index] if blocks else [index]
        if blocks and label_width + sum(len(GAP) + group_width(table, i) for i in widened) <= columns:
            blocks[-1] = widened
        else:
            blocks.append([index])
    return "\n".join(text_block(table, block, label_width) for block in blocks)


def indented(table: Table, section: Section, row: Row) -> str:
    """A row's label as plain text shows it: set in below its section's name."""
    return f"  {row.label}" if table.section_header is not None and section.label else row.label


def text_block(table: Table, block: list[int], label_width: int) -> str:
    """The groups `block` of the table as plain text, each line ended."""
    heading = "".join(GAP + table.groups[i].label.center(group_width(table, i)) for i in block)
    names = "".join(GAP + text_fields(list(table.groups[i].columns), text_widths(table, i), marks=True) for i in block)
    rule = "─" * (label_width + len(names))
    lines = [" " * label_width + heading] if heading.strip() else []
    lines += [table.row_header.ljust(label_width) + names, rule]
    for number, section in enumerate(table.sections):
        if table.section_header is not None and section.label:
            lines.append(section.label)
        elif number:
            lines.append("")
        for row in section.rows:
            cells = ([text_cell(cell) for cell in row.cells[i]] for i in block)
            fields = (GAP + text_fields(texts, text_widths(table, i)) for i, texts in zip(block, cells, strict=True))
            lines.append(indented(table, section, row).ljust(label_width) + "".join(fields))
    return "".join(f"{line.rstrip()}\n" for line in lines)


def text_cell(cell: Cell) -> str:
    """`0.0150±0.0012*`: the star marks the best, another mark takes its place; a blank keeps the figures aligned."""
    spread = f"±{cell.spread}" if cell.spread else ""
    return f"{cell.text or '–'}{spread}{cell.mark or ('*' if cell.best else ' ')}"


def text_widths(table: Table, group: int) -> list[int]:
    """Width of each column of a group, the star's place included."""
    rows = [[text_cell(cell) for cell in row.cells[group]] for section in table.sections for row in section.rows]
    return [
        max(len(f"{name} "), *map(len, texts)) for name, *texts in zip(table.groups[group].columns, *rows, strict=True)
    ]


def group_width(table: Table, group: int) -> int:
    """Width of a group, at least that of its label."""
    widths = text_widths(table, group)
    return max(sum(widths) + len(GAP) * (len(widths) - 1), len(table.groups[group].label))


def text_fields(texts: list[str], widths: list[int], *, marks: bool = False) -> str:
    """Fields set right; with `marks`, a blank stands where a star would, so that headings align with figures."""
    return GAP.join(f"{text} ".rjust(w) if marks else text.rjust(w) for text, w in zip(texts, widths, strict=True))
