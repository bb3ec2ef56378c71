"""Reader of JSON objects with type checks: errors name the file and the key."""

import math
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

from common import files
from common.errors import SoftrecError


class Record:
    """A JSON object and its place in a file; all getters raise `SoftrecError` for missing or invalid values.

    Attributes:
        value: the object.
        path: the file.
        way: the keys that lead to the object, each followed by a dot.
        line: line number, in a file with one object per line.
    """

    def __init__(self, value: Any, path: Path, way: str = "", line: int | None = None) -> None:
        self.value, self.path, self.way, self.line = value, path, way, line
        if not isinstance(value, dict):
            raise self.fault(f"{path} has {value!r:.60} where an object should be", self.way.rstrip("."))

    def fault(self, what: str, key: str) -> SoftrecError:
        """Build the error about one key."""
        place = str(self.path) if self.line is None else f"{self.path}, line {self.line}"
        where = f"{place}, key {key}" if key else place
        return SoftrecError(what, where=where, remedy=f"remove {self.path} and let Snakemake make it again")

    def get(self, key: str, kind: type | tuple[type, ...], wanted: str) -> Any:
        """Return the value of a key if it has the type `kind`, which `wanted` describes in the error message."""
        if key not in self.value:
            held = ", ".join(map(str, self.value)) or "no key"
            raise self.fault(f"{self.path} has no key {self.way}{key}; it has {held:.80}", self.way + key)
        value = self.value[key]
        kinds = kind if isinstance(kind, tuple) else (kind,)
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise self.wrong(key, value, wanted)
        return value

    def wrong(self, key: str, value: Any, wanted: str) -> SoftrecError:
        """Build the error for a value that is not as `wanted`."""
        return self.fault(f"{self.way}{key} of {self.path} is {value!r:.60}, not {wanted}", self.way + key)

    def text(self, key: str) -> str:
        """Return a text."""
        return self.get(key, str, "text")

    def whole(self, key: str, least: int = 0) -> int:
        """Return an integer of at least `least`."""
        wanted = f"a whole number from {least} on"
        value = self.get(key, int, wanted)
        if value < least:
            raise self.wrong(key, value, wanted)
        return value

    def number(self, key: str, least: float = -math.inf, most: float = math.inf) -> float:
        """Return a finite number from `least` to `most`."""
        wanted = "a finite number" + (f" from {least:g} to {most:g}" if (least, most) != (-math.inf, math.inf) else "")
        value = self.get(key, (int, float), wanted)
        # Comparisons with NaN are false; a Python int may exceed all floats.
        if not abs(value) <= sys.float_info.max or not least <= value <= most:
            raise self.wrong(key, value, wanted)
        return float(value)

    def number_or_nan(self, key: str, least: float, most: float) -> float:
        """Return a number like `number`, or NaN if the value is null, which means that there was nothing to measure."""
        return math.nan if key in self.value and self.value[key] is None else self.number(key, least, most)

    def rows(self, key: str, count: int) -> list[int]:
        """Return a non-empty list of row numbers below `count`."""
        wanted = f"a list of rows from 0 to {count - 1}"
        value = self.get(key, list, wanted)
        if not value or not all(type(row) is int and 0 <= row < count for row in value):
            raise self.wrong(key, value, wanted)
        return value

    def record(self, key: str) -> "Record":
        """Return a nested object."""
        return Record(self.get(key, dict, "an object"), self.path, f"{self.way}{key}.", self.line)

    def one_of(self, key: str, values: Collection[Any]) -> Any:
        """Return a value that must be one of `values`."""
        value = self.value.get(key)
        if not isinstance(value, str | int | float | None) or value not in values:
            raise self.wrong(key, value, f"one of {', '.join(map(str, values))}")
        return value


def read_record(path: Path) -> Record:
    """Read a JSON file that holds an object. Raises `SoftrecError` if it holds something else."""
    return Record(files.read_json(path), path)
