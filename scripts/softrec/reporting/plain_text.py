"""Tables as plain text for a terminal."""

from softrec.reporting.grouped_table import Cell, Row, Section, Table

GAP = "  "


def to_text(table: Table, columns: int) -> str:
    """Return the table as text at most `columns` wide: groups are side by side while they fit, else below each other.

    Four metrics with standard deviations fit 80 columns. A single group that is wider than `columns` is not cut.
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
    """Return a row's label, indented if its section has a label."""
    return f"  {row.label}" if table.section_header is not None and section.label else row.label


def text_block(table: Table, block: list[int], label_width: int) -> str:
    """Return the groups numbered in `block` as text; each line ends with a newline."""
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
    """Format a cell as `0.0150±0.0012*`.

    The star marks the best value; another mark replaces the star, and a blank keeps unmarked numbers aligned.
    """
    spread = f"±{cell.spread}" if cell.spread else ""
    return f"{cell.text or '–'}{spread}{cell.mark or ('*' if cell.best else ' ')}"


def text_widths(table: Table, group: int) -> list[int]:
    """Return the width of each column of a group, including the place of the star."""
    rows = [[text_cell(cell) for cell in row.cells[group]] for section in table.sections for row in section.rows]
    return [
        max(len(f"{name} "), *map(len, texts)) for name, *texts in zip(table.groups[group].columns, *rows, strict=True)
    ]


def group_width(table: Table, group: int) -> int:
    """Return the width of a group, which is at least that of its label."""
    widths = text_widths(table, group)
    return max(sum(widths) + len(GAP) * (len(widths) - 1), len(table.groups[group].label))


def text_fields(texts: list[str], widths: list[int], *, marks: bool = False) -> str:
    """Right-align fields; with `marks`, a blank in the star's place aligns headings with numbers."""
    return GAP.join(f"{text} ".rjust(w) if marks else text.rjust(w) for text, w in zip(texts, widths, strict=True))
