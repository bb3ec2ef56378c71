"""Tables of results as printed: every number keeps its text, from which the decimals and the rounding error follow.

Two forms are read, told apart by the header: one row a method, with columns "Game H@5"; or one line a value, as
config/published.csv has them.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from common.errors import SoftrecError
from softrec.io import csv_files
from softrec.results.consistency import GAIN, Span

METRIC = re.compile(r"(?:(?P<dataset>.+?)[ _:/-]+)?(?P<name>[A-Za-z]+)@(?P<cut>[1-9][0-9]{0,5})(?P<std>[ _]std)?")
NAMES = {"H": "H", "HR": "H", "HIT": "H", "RECALL": "H", "R": "H", "NG": "NG", "NDCG": "NG", "N": "NG"}
VALUE = re.compile(r"(?P<sign>[+−-]?)(?P<digits>[0-9]*)(?:\.(?P<rest>[0-9]*))?\s*(?P<percent>%?)[*†‡]*(?:\s*±.*)?")
EMPTY = ("", "-", "–", "—")
LONG = ("method", "backbone", "dataset", "metric", "value")


class Key(NamedTuple):
    """The place of a number; `metric` is "H@K" or "NG@K", `backbone` "" for a method without one."""

    method: str
    backbone: str
    dataset: str
    metric: str

    def row(self) -> str:
        """Format the place without its metric."""
        return ", ".join(part for part in (f"{self.backbone} {self.method}".strip(), self.dataset) if part)

    def __str__(self) -> str:
        """Format the place for sentences: "BIGRec SOFT, Game, H@5"."""
        return f"{self.row()}, {self.metric}"


@dataclass(frozen=True)
class Printed:
    """A printed number.

    Attributes:
        text: as printed.
        value: the number that the text states; a metric in percent is divided by 100, a Gain is not.
        decimals: number of decimals of the text.
        scale: the divisor by which `value` is smaller than the text says, 1 or 100.
    """

    text: str
    value: Fraction
    decimals: int
    scale: int = 1

    @property
    def unit(self) -> Fraction:
        """The distance of two neighbouring printed values."""
        return Fraction(1, 10**self.decimals * self.scale)

    @cached_property
    def span(self) -> Span:
        """The numbers that are printed so; a tie may have been rounded either way, so both ends are included."""
        return Span(self.value - self.unit / 2, self.value + self.unit / 2)


@dataclass
class PrintedTable:
    """The numbers of a table by place, and how many others it has that are not audited, by what they are."""

    cells: dict[Key, Printed] = field(default_factory=dict)
    left: Counter[str] = field(default_factory=Counter)


def read_table(path: Path, percent: bool = False) -> PrintedTable:
    """Read a table in either form; with `percent` all metrics are in percent, as those with a % sign always are.

    Raises:
        SoftrecError: the file is not CSV, its header fits neither form, a line has another number of fields, a place is
            given twice, a text is not a number, a metric is outside [0, 1], or there is no metric at all.
    """
    if path.is_dir():
        raise SoftrecError(f"{path} is a folder, not a file", where=str(path), remedy="name a file")
    found = PrintedTable()
    lines: dict[Key, int] = {}
    with path.open(newline="", encoding=csv_files.UTF8) as stream:
        reader = csv.reader(stream, strict=True)
        with csv_files.as_text(path, reader):
            header = [name.strip() for name in next(reader, [])]
            if not is_long(header):
                columns_of(header, path)  # an unknown header is refused even without lines
            for line, fields in full_lines(reader, header, path):
                where = f"{path}, line {line}"
                for key, text in cells_of(header, fields, path, found.left):
                    if key in lines:
                        remedy = "keep the one that is right"
                        raise SoftrecError(
                            f"{key} is given twice", where=f"{where} and line {lines[key]}", remedy=remedy
                        )
                    lines[key] = line
                    if text in EMPTY:
                        found.left["empty cell"] += 1
                    else:
                        found.cells[key] = parse(key, text, percent, where)
    if not any(key.method != GAIN for key in found.cells):
        raise SoftrecError(f"{path} has no value of H@K or NG@K", where=str(path), remedy="give a table of results")
    return found


def full_lines(reader: Iterator[list[str]], header: Sequence[str], path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, stripped fields) below the header. Raise `SoftrecError` for another number of fields."""
    for fields in reader:
        line: int = reader.line_num  # type: ignore[attr-defined]  # of csv.reader, which typing does not name
        if fields and len(fields) != len(header):
            what = f"the line has {len(fields)} fields, the header {len(header)}"
            raise SoftrecError(what, where=f"{path}, line {line}", remedy="give each column a field")
        if fields:
            yield line, [text.strip() for text in fields]


def cells_of(header: list[str], fields: list[str], path: Path, left: Counter[str]) -> Iterator[tuple[Key, str]]:
    """Yield the place and text of each number of a line; count in `left` what is no metric."""
    if is_long(header):
        of = dict(zip(header, fields, strict=True))
        if match := metric_of(of["metric"]):
            yield Key(method_name(of["method"]), of["backbone"], of["dataset"], match[1]), of["value"]
        else:
            left[f"value of {of['metric'] or 'no metric'}"] += 1
        return
    names, columns = columns_of(header, path)
    method, backbone = method_name(fields[names - 1]), fields[0] if names == 2 else ""
    for column, text in zip(columns, fields[names:], strict=True):
        if column is None:
            left["standard deviation"] += text not in EMPTY
        else:
            yield Key(method, backbone, *column), text


def is_long(header: Sequence[str]) -> bool:
    """Return whether a header is that of a table with a line per value."""
    return sorted(header) in (sorted(LONG), sorted((*LONG, "table")))


def columns_of(header: list[str], path: Path) -> tuple[int, list[tuple[str, str] | None]]:
    """Return the number of columns with names, and the (data set, metric) of the others; None for deviations.

    Raises `SoftrecError` if the header has no such form.
    """
    found = [metric_of(name) for name in header]
    names = next((at for at, match in enumerate(found) if match), len(header))
    wrong = next((name for name, match in zip(header[names:], found[names:], strict=True) if not match), "")
    twice = next((name for name in header if header.count(name) > 1), "")
    if names not in (1, 2) or names == len(header) or wrong or twice:
        why = "no column is a metric"
        if names < len(header):
            why = f"{names} columns, not one or two, stand before the first metric"
        if names in (1, 2) and (wrong or twice):
            why = f"{wrong!r} is no metric" if wrong else f"{twice!r} stands twice"
        raise SoftrecError(
            f"the header of {path} is {','.join(header)!r:.300}, in which {why}",
            where=f"{path}, line 1",
            remedy="name the columns 'Backbone,Method,Game H@5,Game NG@5,...' (Backbone may be absent; H may be "
            f"{named('H')}, and NG {named('NG')}), each once, or {','.join(LONG)!r}",
        )
    return names, [None if match and match[2] else (match[0], match[1]) if match else None for match in found[names:]]


def named(metric: str) -> str:
    """Return the other accepted names of a metric: "HR, HIT, RECALL or R"."""
    *some, last = [name for name, of in NAMES.items() if of == metric and name != metric]
    return f"{', '.join(some)} or {last}"


def metric_of(name: str) -> tuple[str, str, bool] | None:
    """Return the data set, the metric as "H@K" or "NG@K", and whether it is a deviation; None if it is no metric."""
    match = METRIC.fullmatch(name)
    if not match or match["name"].upper() not in NAMES:
        return None
    return match["dataset"] or "", f"{NAMES[match['name'].upper()]}@{match['cut']}", bool(match["std"])


def method_name(text: str) -> str:
    """Return the name of a row, with that of Gains in one spelling."""
    return GAIN if text.casefold() == GAIN.casefold() else text


def parse(key: Key, text: str, percent: bool, where: str) -> Printed:
    """Parse a printed number. Raises `SoftrecError` if it is none, or if a metric is outside [0, 1]."""
    found = number(text, percent and key.method != GAIN, gain=key.method == GAIN)
    if found is None:
        remedy = "write a number in decimals, such as 0.0150, or leave the cell empty"
        raise SoftrecError(f"{key} is {text!r:.80}", where=where, remedy=remedy)
    if key.method != GAIN and not 0 <= found.value <= 1:
        remedy = "correct it, or give --percent if the table's metrics are in percent"
        raise SoftrecError(f"{key} is {text!r}, which is not between 0 and 1", where=where, remedy=remedy)
    return found


def number(text: str, percent: bool = False, gain: bool = False) -> Printed | None:
    """Return the number of a text, None if it is none; a Gain is in percent with or without the sign."""
    match = VALUE.fullmatch(text)
    if not match or not match["digits"] + (match["rest"] or ""):
        return None
    decimals = len(match["rest"] or "")
    value = Fraction(int(match["digits"] + (match["rest"] or "")), 10**decimals)
    scale = 100 if not gain and (percent or match["percent"]) else 1
    return Printed(text, (-value if match["sign"] in ("−", "-") and value else value) / scale, decimals, scale)
