"""Generated tables of a documentation page, each between two markers."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Table(NamedTuple):
    """A heading, rows, and the number of left-aligned columns (`words`)."""

    heading: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int = 1


def markdown(table: Table) -> str:
    """Format a table as Markdown: columns of words are left-aligned, numbers right-aligned."""
    sides = ["---" if column < table.words else "---:" for column in range(len(table.heading))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (table.heading, sides, *table.rows))


def filled(page: str, tables: Mapping[str, Table]) -> str:
    """Insert each table into the page, between `<!-- NAME: ... -->` and `<!-- end of NAME -->`.

    Raises:
        ValueError: the page lacks a table's markers.
    """
    for name, table in tables.items():
        begin = page.index("-->\n", page.index(f"<!-- {name}:")) + 4
        end = page.index(f"<!-- end of {name} -->", begin)
        page = f"{page[:begin]}\n{markdown(table)}\n\n{page[end:]}"
    return page
