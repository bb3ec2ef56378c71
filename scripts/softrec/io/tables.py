"""Schema of all Parquet tables: each column name has one type, one meaning and one range of values."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from common.errors import SoftrecError
from common.files import atomic_write


class Column(NamedTuple):
    """An Arrow type, the minimum and maximum value (for a list: of its elements), and whether null is allowed."""

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
    "position": Column("int32", least=0),  # number of the user's items before the target
    "paper": Column("bool"),  # whether the row is in the paper's sample
    "row": Column("int32", least=0),
    "text": Column("string"),
    "finished": Column("bool"),
    "titles": Column("list<string>"),  # of a row's beams, best first, without empty ones if there is another
    "scores": Column("list<double>", least=-1e300, most=1e300),  # of these beams
    "label": Column("int8", least=0, most=1),
    "rank": Column("int32", least=0),
    "candidates": Column("int32", least=1),
    "ties": Column("int32", least=0),
    "items": Column("list<int32>", least=1),
    "distance": Column("list<double>", least=0, most=1e300),
}


def types(*names: str) -> dict[str, str]:
    """Return the types of some columns."""
    return {name: COLUMNS[name].type for name in names}


def require_names(held: Sequence[str], names: Sequence[str], path: Path) -> None:
    """Raise `SoftrecError` unless the columns `held` of a file include all of `names`."""
    for name in names:
        if name not in held:
            what = f"{path} has no column {name!r}; it has {', '.join(held)}"
            raise SoftrecError(what, remedy=f"remove {path} and let Snakemake make it again")


def require(table: Any, names: Sequence[str], path: Path) -> None:
    """Raise `SoftrecError` unless the columns `names` of a `pyarrow.Table`, read from `path`, conform to `COLUMNS`.

    Ranks and ties must also be below the row's number of candidates.
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
    """Return the fault of a column as a predicate ("has the type int64, not int32"), or None."""
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
    """Return the row of a list array that contains element `place` of its flattened values."""
    import pyarrow.compute as pc

    return int(pc.list_parent_indices(lists)[place].as_py())


def write_table(path: Path, content: Mapping[str, Any], types: Mapping[str, str]) -> None:
    """Write columns of equal length (`content`) as Parquet, in the order and with the Arrow types of `types`.

    `types` maps each column to the name of an Arrow type ("int32", "string", "list<int32>"). Raises `ValueError` if
    `content` has other columns than `types`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if set(content) != set(types):
        raise ValueError(f"{path.name} has columns {sorted(content)}, its contract has {sorted(types)}")
    arrays = [pa.array(content[name], type=arrow_type(kind)) for name, kind in types.items()]
    with atomic_write(path) as partial:
        table = pa.table(arrays, names=list(types))
        pq.write_table(table, partial, compression="zstd", write_page_checksum=True)


def arrow_type(kind: str) -> Any:
    """Return the Arrow type with a name such as "int32" or "list<int32>"."""
    import pyarrow as pa

    if kind.startswith("list<"):
        return pa.list_(arrow_type(kind[5:-1]))
    return pa.type_for_alias(kind)


def read_table(path: Path, names: Sequence[str]) -> Any:
    """Read the columns `names` of a Parquet file as a `pyarrow.Table`.

    Raises `SoftrecError` if it is not a Parquet file, or a column is missing or does not conform to `COLUMNS`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        require_names(pq.read_schema(path).names, names, path)
        table = pq.read_table(path, columns=list(names), page_checksum_verification=True)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, KeyError, OSError) as error:
        raise SoftrecError(
            f"{path} cannot be read as a Parquet file: {error}",
            remedy=f"remove {path} and let Snakemake make it again",
        ) from error
    require(table, names, path)
    return table
