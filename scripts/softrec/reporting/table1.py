"""Table 1 of the paper: users, items, interactions and density, ours beside the paper's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from common.errors import SoftrecError
from softrec.io.records import Record, read_record
from softrec.reporting import markdown
from softrec.reporting.grouped_table import Cell, Group, Row, Section, Table

COUNTS = {"users": "# Users", "items": "# Items", "interactions": "# Interactions"}


@dataclass(frozen=True)
class Table1Settings:
    """Settings of Table 1.

    `datasets` has the label of each data set, in the order of the counts files; labels that the paper also has are
    compared with it.
    """

    datasets: list[str]


def read_counts(path: Path) -> dict[str, int]:
    """Read users, items and interactions after filtering, under `final` of a filter_counts.json.

    Raises:
        SoftrecError: a count is missing or not a positive whole number.
    """
    final = read_record(path).record("final")
    return {name: final.whole(name, least=1) for name in COUNTS}


def filter_steps(datasets: Sequence[str], paths: Sequence[Path]) -> str:
    """Return users, items and interactions after each step of filtering as Markdown.

    Raises:
        SoftrecError: a step lacks its name or a count, or a count is not a whole number.
    """
    lines = []
    for dataset, path in zip(datasets, paths, strict=True):
        counts = read_record(path)
        for number in range(len(counts.get("steps", list, "a list"))):
            step = Record(counts.value["steps"][number], path, f"steps.{number}.")
            lines.append([dataset, step.text("step"), *(f"{step.whole(name):,}" for name in COUNTS)])
    table = markdown.table(["Data set", "After", "Users", "Items", "Interactions"], lines)
    return f"{table.strip()}\n"


def read_tied(path: Path) -> float:
    """Read the share of interactions whose user has another interaction with the same time stamp.

    Raises:
        SoftrecError: the share is missing or not between 0 and 1.
    """
    return read_record(path).record("ties").number("share_of_rows", 0, 1)


def note(datasets: Sequence[str], tied: Sequence[float]) -> str:
    """Return the note below the table on equal time stamps, as Markdown."""
    shares = (f"{name} {share:.1%}" for name, share in zip(datasets, tied, strict=True))
    return (
        f"\nInteractions with the time stamp of another one of their user: {', '.join(shares)}. "
        "A seeded hash of user and item orders them (`filter.tie_seed`).\n"
    )


def density(counts: Mapping[str, int]) -> float:
    """Return the share of all user-item pairs that are interactions, in percent."""
    return 100 * counts["interactions"] / (counts["users"] * counts["items"])


def by_dataset(published: Mapping[tuple[str, str, str, str], float]) -> dict[str, dict[str, float]]:
    """Group the printed Table 1 by data set: {"Game": {"users": 11658, ...}}."""
    found: dict[str, dict[str, float]] = {}
    for (_, _, dataset, metric), value in published.items():
        found.setdefault(dataset, {})[metric] = value
    return found


def table1(
    datasets: Sequence[str], counts: Sequence[Mapping[str, int]], published: Mapping[str, Mapping[str, float]]
) -> Table:
    """Build Table 1, one row per data set, ours beside the paper's if the paper has any of the data sets.

    Args:
        datasets: labels of the data sets.
        counts: users, items and interactions of each of `datasets`.
        published: by data set, the same and density (in percent) as the paper prints them.

    Raises:
        SoftrecError: datasets and counts differ in number.
    """
    if len(datasets) != len(counts):
        what = f"{len(counts)} counts files are given for {len(datasets)} data sets"
        raise SoftrecError(what, where="--counts and settings.datasets", remedy="give one file per data set")
    compared = any(dataset in published for dataset in datasets)
    rows = tuple(
        Row(dataset, tuple(pair if compared else pair[:1] for pair in pairs(own, published.get(dataset))))
        for dataset, own in zip(datasets, counts, strict=True)
    )
    columns = ("ours", "paper") if compared else ("",)
    groups = tuple(Group(label, columns) for label in (*COUNTS.values(), "Density"))
    return Table(None, "Dataset", groups, (Section("", rows),))


def pairs(own: Mapping[str, int], paper: Mapping[str, float] | None) -> list[tuple[Cell, Cell]]:
    """Return (ours, the paper's) per column; the paper's cell is empty if the paper lacks the data set."""
    cells = [(Cell(str(own[name])), Cell(f"{paper[name]:.0f}" if paper else "")) for name in COUNTS]
    return [*cells, (Cell(f"{density(own):.2f}%"), Cell(f"{paper['density']:.2f}%" if paper else ""))]
