"""Tables of a page that code writes, each between its two markers."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Table(NamedTuple):
    """A heading, rows below it, and how many columns on the left hold words."""

    heading: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int = 1


def markdown(table: Table) -> str:
    """A table: words to the left, numbers to the right."""
    sides = ["---" if column < table.words else "---:" for column in range(len(table.heading))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (table.heading, sides, *table.rows))


def filled(page: str, tables: Mapping[str, Table]) -> str:
    """The page with each table between its markers, `<!-- NAME: ... -->` and `<!-- end of NAME -->`.

    Raises `ValueError` if a table has no place on the page.
    """
    for name, table in tables.items():
        begin = page.index("-->\n", page.index(f"<!-- {name}:")) + 4
        end = page.index(f"<!-- end of {name} -->", begin)
        page = f"{page[:begin]}\n{markdown(table)}\n\n{page[end:]}"
    return page
