"""Tables and phrases of Markdown pages."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from softrec.reporting.grouped_table import Cell, Group, Row, Section, Table, to_markdown
from softrec.stats.resampling import Interval


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a table of texts with a blank line before and after; repeated names in the first column are blank."""
    sections = [
        Section(name, tuple(Row(line[1], (tuple(Cell(text) for text in line[2:]),)) for line in rows))
        for name, rows in groupby(lines, lambda line: line[0])
    ]
    return f"\n{to_markdown(Table(head[0], head[1], (Group('', tuple(head[2:])),), tuple(sections)))}\n"


def count(number: int, name: str) -> str:
    """Format a count with its noun: "1 user", "1,024 users"."""
    return f"{number:,} {name}{'' if number == 1 else 's'}"


def side(span: Interval, value: float) -> str:
    """Return the position of an interval relative to a value: "above", "below" or "around" it."""
    return "above" if span.low > value else "below" if span.high < value else "around"


def sides(spans: Iterable[tuple[Interval, float]], value: str) -> str:
    """Count intervals by their position relative to their values: "above chance 2, around chance 1"."""
    found = [side(*pair) for pair in spans]
    return ", ".join(f"{name} {value} {found.count(name)}" for name in ("above", "around", "below") if name in found)
