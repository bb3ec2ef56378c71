"""Plain tables and phrases of pages in Markdown."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from softrec.reporting.grouped_table import Cell, Group, Row, Section, Table, to_markdown
from softrec.stats.resampling import Interval


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table of texts, a blank line before and after; a name in the first column is not repeated below itself."""
    sections = [
        Section(name, tuple(Row(line[1], (tuple(Cell(text) for text in line[2:]),)) for line in rows))
        for name, rows in groupby(lines, lambda line: line[0])
    ]
    return f"\n{to_markdown(Table(head[0], head[1], (Group('', tuple(head[2:])),), tuple(sections)))}\n"


def count(number: int, name: str) -> str:
    """A number of things: "1 user", "1,024 users"."""
    return f"{number:,} {name}{'' if number == 1 else 's'}"


def side(span: Interval, value: float) -> str:
    """Where an interval lies: "above" a value, "below" it, or "around" it."""
    return "above" if span.low > value else "below" if span.high < value else "around"


def sides(spans: Iterable[tuple[Interval, float]], value: str) -> str:
    """How many intervals lie where about their values: "above chance 2, around chance 1"."""
    found = [side(*pair) for pair in spans]
    return ", ".join(f"{name} {value} {found.count(name)}" for name in ("above", "around", "below") if name in found)
