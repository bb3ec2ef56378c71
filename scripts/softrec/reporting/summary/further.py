"""Beyond the paper, as Markdown: SOFT against controls and bounds (Table 3), in sentences selected by the numbers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from softrec.io import csv_files
from softrec.reporting.markdown import count
from softrec.reporting.power_table import meaning, sentences
from softrec.reporting.table3 import Line
from softrec.reporting.variance_table import NOTES, differences
from softrec.stats.crossed_design import ComponentRow
from softrec.stats.power import PowerRow

HEADINGS = {
    "control": "## Controls: is it self-distillation?",
    "bound": "## Rows that bound what a language model adds",
}
SHARES = ("value", "variance", "deviation", "low", "high")  # numbers of variance.csv
RULE = (
    "Above or below: p below 0.05 after Holm's correction for all of table3.csv. Open: not so, whatever its interval."
)


def read_lines(path: Path) -> list[Line]:
    """Read table3.csv. Raises `SoftrecError` if `csv_files` refuses it."""
    found = []
    for at, fields in csv_files.read_csv(path, Line._fields):
        values: dict[str, Any] = {name: fields[name] for name in Line._fields[:5]}
        values |= {name: csv_files.number(fields, name, path, at, -1, 1) for name in Line._fields[5:12]}
        values |= {name: csv_files.integer(fields, name, path, at) for name in Line._fields[12:]}
        found.append(Line(**values))
    return found


def read_power(path: Path) -> list[PowerRow]:
    """Read power.csv. Raises `SoftrecError` if `csv_files` refuses it."""
    found = []
    for at, fields in csv_files.read_csv(path, PowerRow._fields):
        values: dict[str, Any] = {name: fields[name] for name in PowerRow._fields[:5]}
        values["difference"] = csv_files.number(fields, "difference", path, at, -1, 1)
        values |= {name: csv_files.integer(fields, name, path, at) for name in PowerRow._fields[6:11]}
        for name in PowerRow._fields[11:]:
            values[name] = csv_files.number(fields, name, path, at, -1, 1) if fields[name] else ""
        found.append(PowerRow(**values))
    return found


def power(tables: Sequence[Sequence[PowerRow]]) -> list[str]:
    """Return the section on what the numbers of test rows can show; none without a comparison."""
    said = [line for rows in tables for line in sentences(rows)]
    first = [meaning(rows) for rows in tables if rows][:1]
    return ["\n".join(["## What the test rows can show", "", *first, "", *said, ""])] if said else []


def read_components(path: Path) -> list[ComponentRow]:
    """Read variance.csv. Raises `SoftrecError` if `csv_files` refuses it."""
    found = []
    for at, fields in csv_files.read_csv(path, ComponentRow._fields):
        values: dict[str, Any] = {name: fields[name] for name in (*ComponentRow._fields[:5], "source")}
        values |= {name: csv_files.number(fields, name, path, at, -1, 1) for name in SHARES}
        values |= {name: csv_files.integer(fields, name, path, at) for name in ("seeds", "samples", "rows", "users")}
        found.append(ComponentRow(**values))
    return found


def variance(tables: Sequence[Sequence[ComponentRow]]) -> list[str]:
    """Return the section on what seeds, samples and users add to the variance of differences; none without any."""
    said = [line for rows in tables for line in differences(rows)]
    return (
        ["\n".join(["## Training seeds, samples of training rows, test users", "", *said, "", NOTES, ""])]
        if said
        else []
    )


def further(lines: Sequence[Line], metrics: Sequence[str]) -> list[str]:
    """Return a section per family with lines at `metrics`: one paragraph per row, with every difference."""
    sections = []
    for family, heading in HEADINGS.items():
        own = [line for line in lines if line.family == family and line.metric in metrics]
        if own:
            rows = dict.fromkeys(line.other for line in own)
            told = [paragraph(row, [line for line in own if line.other == row]) for row in rows]
            sections.append("\n".join([heading, "", *told, "", RULE, ""]))
    return sections


def paragraph(row: str, lines: Sequence[Line]) -> str:
    """Return what was found of SOFT against one row: how often above, below and open, and each difference."""
    found = [verdict(line) for line in lines]
    counted = ", ".join(f"{name} in {found.count(name)}" for name in ("above", "below", "open") if name in found)
    each = "; ".join(map(format_line, lines))
    return f"- **{row}**: of {count(len(lines), 'difference')}, SOFT is {counted}. {each}."


def format_line(line: Line) -> str:
    """Return a difference with its interval: "BIGRec, H@5 on Game: +0.0123 (+0.0010 to +0.0236)"."""
    place = f"{line.backbone}, {line.metric} on {line.dataset}"
    return f"{place}: {line.difference:+.4f} ({line.low:+.4f} to {line.high:+.4f})"


def verdict(line: Line) -> str:
    """Return the position of SOFT relative to the other row: "above", "below", or "open"."""
    if not line.beyond_noise():
        return "open"
    return "above" if line.difference > 0 else "below"
