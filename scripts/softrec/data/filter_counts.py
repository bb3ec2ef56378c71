"""Numbers of users, items and interactions after each step of the filter, and the expected ones (Table 1)."""

from dataclasses import asdict, dataclass
from typing import Any, NoReturn

from common.errors import SoftrecError
from softrec.data.ties import Ties


@dataclass(frozen=True)
class Size:
    """Numbers of users, items and interactions of a data set: one row of Table 1."""

    users: int
    items: int
    interactions: int

    def __str__(self) -> str:
        return f"{self.users:,} users, {self.items:,} items, {self.interactions:,} interactions"


@dataclass(frozen=True)
class Step:
    """The size after one step; `rounds` counts the rounds of the k-core, including the last, which drops no row."""

    name: str
    size: Size
    rounds: int | None = None

    def label(self) -> str:
        """Return the step's name as shown in a table."""
        return self.name if self.rounds is None else f"{self.name}, rounds: {self.rounds}"


@dataclass(frozen=True)
class Counts:
    """The result of the filter in numbers.

    Attributes:
        steps: all steps in order.
        expected: the final size that the configuration expects (for the paper's data sets: Table 1), or None.
        ties: how many of the remaining interactions have equal times.
    """

    steps: list[Step]
    expected: Size | None
    ties: Ties

    def as_json(self) -> dict[str, Any]:
        """Return the content of filter_counts.json; `difference` is our size minus the expected one."""
        last = self.steps[-1].size
        value: dict[str, Any] = {
            "steps": [
                {"step": s.name, **asdict(s.size)} | ({} if s.rounds is None else {"rounds": s.rounds})
                for s in self.steps
            ],
            "final": asdict(last),
            "density": last.interactions / (last.users * last.items),
            "interactions_per_user": last.interactions / last.users,
            "ties": self.ties.as_json(),
            "expected": None,
            "difference": None,
        }
        if self.expected:
            value["expected"] = asdict(self.expected)
            value["difference"] = {name: asdict(last)[name] - known for name, known in asdict(self.expected).items()}
        return value

    def table(self) -> str:
        """Format the steps as an aligned table, followed by the expected size and the difference."""
        lines: list[tuple[str, ...]] = [("step", "users", "items", "interactions")]
        lines += [(s.label(), *(f"{n:,}" for n in asdict(s.size).values())) for s in self.steps]
        if self.expected:
            known = asdict(self.expected)
            ours = asdict(self.steps[-1].size)
            lines.append(("expected", *(f"{n:,}" for n in known.values())))
            lines.append(("difference", *(f"{100 * (ours[name] / known[name] - 1):+.1f} %" for name in known)))
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        rows = (
            [cell.ljust(w) if j == 0 else cell.rjust(w) for j, (cell, w) in enumerate(zip(line, widths, strict=True))]
            for line in lines
        )
        return "\n".join("  ".join(row) for row in rows)


class StepRecorder:
    """Recorder of the data's size after each step; it raises `SoftrecError` if no data are left."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def note(self, name: str, size: Size, rounds: int | None = None) -> None:
        """Record the size after a step. Raises `SoftrecError` if no interaction is left."""
        if not size.interactions:
            self.refuse(name, rounds)
        self.steps.append(Step(name, size, rounds))

    def note_pairs(self, name: str, pairs: int) -> None:
        """Record the removal of duplicates: all users and items stay, with one interaction per (user, item) pair."""
        last = self.steps[-1].size
        self.steps.append(Step(name, Size(last.users, last.items, pairs)))

    def refuse(self, name: str, rounds: int | None = None) -> NoReturn:
        """Raise the `SoftrecError` for a step that left no interaction."""
        steps = "; ".join(f"{step.label()}: {step.size}" for step in self.steps)
        gone = f"nothing is left after the step '{name}'" + (f" (rounds: {rounds})" if rounds else "")
        if self.steps:
            gone += f": it had {self.steps[-1].size}"
        raise SoftrecError(
            gone,
            where=f"steps before it: {steps or 'none'}",
            remedy="relax this step's key under `filter` (a lower k), or give all interactions and all metadata",
        )

    def counts(self, expected: Size | None, ties: Ties) -> Counts:
        """Return all recorded steps as `Counts`."""
        return Counts(self.steps, expected, ties)
