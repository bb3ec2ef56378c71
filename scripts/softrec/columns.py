"""The columns of all tables between rules: one name, one type, one meaning, and what values it may have."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from softrec.errors import SoftrecError


class Column(NamedTuple):
    """An Arrow type, the least and the greatest value (of a list: of its elements), and whether null is one."""

    type: str
    least: float | None = None
    most: float | None = None
    nullable: bool = False


COLUMNS = {
    "user": Column("int32", least=1),
    "item": Column("int32", least=1),
    "timestamp": Column("int64"),  # ms
    "source_id": Column("string"),
    "title": Column("string"),
    "category": Column("string", nullable=True),
    "title_id": Column("int32", least=0),
    "history": Column("list<int32>", least=1),
    "target": Column("int32", least=1),
    "position": Column("int32", least=0),  # how many items the user had before
    "paper": Column("bool"),  # whether the row is of the paper's sample
    "row": Column("int32", least=0),
    "text": Column("string"),
    "finished": Column("bool"),
    "label": Column("int8", least=0, most=1),
    "rank": Column("int32", least=0),
    "candidates": Column("int32", least=1),
    "ties": Column("int32", least=0),
    "items": Column("list<int32>", least=1),
    "distance": Column("list<double>", least=0, most=1e300),
}


def types(*names: str) -> dict[str, str]:
    """The types of some columns."""
    return {name: COLUMNS[name].type for name in names}


def require_names(held: Sequence[str], names: Sequence[str], path: Path) -> None:
    """Raise `SoftrecError` unless a file that holds the columns `held` has all of `names`."""
    for name in names:
        if name not in held:
            what = f"{path} has no column {name!r}; it has {', '.join(held)}"
            raise SoftrecError(what, remedy=f"remove {path} and let Snakemake make it again")


def require(table: Any, names: Sequence[str], path: Path) -> None:
    """Raise `SoftrecError` unless the columns `names` of a `pyarrow.Table` are as `COLUMNS` says.

    Args:
        path: where the table was read, for the sentence.
    """
    remedy = f"remove {path} and let Snakemake make it again"
    for name in names:
        if fault := column_fault(table[name], COLUMNS[name]):
            raise SoftrecError(f"column {name!r} of {path} {fault}", remedy=remedy)
    for name in {"rank", "ties"} & set(names) if "candidates" in names else ():
        value, candidates = (table[column].to_numpy() for column in (name, "candidates"))
        if (wrong := value >= candidates).any():
            row = int(wrong.argmax())
            what = f"row {row} of {path} has {name} {value[row]} among {candidates[row]} candidates"
            raise SoftrecError(what, remedy=remedy)


def column_fault(values: Any, column: Column) -> str | None:
    """What is wrong with a column, or None."""
    import pyarrow.compute as pc

    if (found := re.sub(r"list<\w+: ", "list<", str(values.type))) != column.type:
        return f"has the type {found}, not {column.type}"
    if not column.nullable and values.null_count:
        return f"is null in row {pc.index(values.is_null(), True).as_py()}"
    parts = values
    if column.type.startswith("list<"):
        values = values.combine_chunks()
        parts = values.flatten()
        if parts.null_count:
            return f"holds a null in row {row_of(values, pc.index(parts.is_null(), True).as_py())}"
    if column.least is None or not len(parts):
        return None
    most = column.most if column.most is not None else 2**31 - 1
    outside = pc.invert(pc.and_(pc.greater_equal(parts, column.least), pc.less_equal(parts, most)))
    if (place := pc.index(outside, True).as_py()) < 0:
        return None
    row = row_of(values, place) if parts is not values else place
    limit = f"at least {column.least}" if column.most is None else f"from {column.least} to {column.most:g}"
    return f"has {parts[place].as_py()} in row {row}; it must be {limit}"


def row_of(lists: Any, place: int) -> int:
    """The row of an array of lists that holds the element number `place` of all."""
    import pyarrow.compute as pc

    return int(pc.list_parent_indices(lists)[place].as_py())
