"""How many users, items and interactions every step of the filter leaves, beside those expected (Table 1)."""

from dataclasses import asdict, dataclass
from typing import Any, NoReturn

from common.errors import SoftrecError
from softrec.data.ties import Ties


@dataclass(frozen=True)
class Size:
    """Users, items and interactions of a data set: one row of Table 1."""

    users: int
    items: int
    interactions: int

    def __str__(self) -> str:
        return f"{self.users:,} users, {self.items:,} items, {self.interactions:,} interactions"


@dataclass(frozen=True)
class Step:
    """What one step left; `rounds` is how often the k-core counted its rows, the last time dropping none."""

    name: str
    size: Size
    rounds: int | None = None

    def label(self) -> str:
        """The step's name in a table."""
        return self.name if self.rounds is None else f"{self.name}, rounds: {self.rounds}"


@dataclass(frozen=True)
class Counts:
    """All steps in order, the sizes that the configuration expects of them (in the paper: Table 1), or None, and how
    many of the interactions that are left have equal times."""

    steps: list[Step]
    expected: Size | None
    ties: Ties

    def as_json(self) -> dict[str, Any]:
        """What filter_counts.json holds; `difference` is ours minus the expected."""
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
        """The steps as an aligned table, with the expected sizes and the difference below them."""
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


class Trail:
    """Notes the size of the data after each step, and refuses to go on with nothing."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def note(self, name: str, size: Size, rounds: int | None = None) -> None:
        """Note what a step left. Raises `SoftrecError` if that is nothing."""
        if not size.interactions:
            self.refuse(name, rounds)
        self.steps.append(Step(name, size, rounds))

    def note_pairs(self, name: str, pairs: int) -> None:
        """Note that repeats went, which leaves all users and items, and an interaction for each pair of them."""
        last = self.steps[-1].size
        self.steps.append(Step(name, Size(last.users, last.items, pairs)))

    def refuse(self, name: str, rounds: int | None = None) -> NoReturn:
        """Raise the `SoftrecError` of a step that left nothing."""
        steps = "; ".join(f"{step.label()}: {step.size}" for step in self.steps)
        gone = f"nothing is left after the step '{name}'" + (f" (rounds: {rounds})" if rounds else "")
        if self.steps:
            gone += f": it had {self.steps[-1].size}"
        raise SoftrecError(
            gone,
            where=f"steps before it: {steps or 'none'}",
            remedy="give the whole category's reviews and the metadata that belong to them, or relax this step's key",
        )

    def counts(self, expected: Size | None, ties: Ties) -> Counts:
        """All that was noted."""
        return Counts(self.steps, expected, ties)
