"""What a step of the benchmark is, and how its sides are run: interleaved, compared, each in a process of its own."""

import importlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# Threads of two processes on a busy machine fight: seen, seven to nine times slower. One each, for ours and the peer.
ONE_THREAD = {
    name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS")
}
QUIET = {"TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1", "DS_ACCELERATOR": "cpu", "PYTHONWARNINGS": "ignore"}

Quantity = Literal["seconds", "cpu", "peak", "rise"]
UNITS = {"seconds": "s", "cpu": "s", "peak": "MiB", "rise": "MiB"}
Measured = dict[str, list[dict[str, float]]]


class MismatchError(Exception):
    """Two sides gave different outputs: whatever their times are, they are not compared."""


class MissingError(Exception):
    """A peer that cannot be run here; the message says why."""


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        beside: the peer, or what else ours is set against.
        ours, peer: medians with their units.
        ratio: how many times the peer takes what ours takes; pairs: of each pair of runs.
        floor: what the machine allows, with its unit.
        goal: in words; met: whether it is met, None where there is none or nothing to compare with.
        note: a sentence, for what is missing or for differences between the sides.
    """

    beside: str
    ours: str = ""
    peer: str = ""
    ratio: float | None = None
    pairs: list[float] = field(default_factory=list)
    floor: str = ""
    goal: str = ""
    met: bool | None = None
    note: str = ""


@dataclass(frozen=True)
class Step:
    """A step: its module in `steps`, with what the module states.

    A module has TITLE, SIDES (names of its functions, ours first), PAIRS, `prepare(folder)`, one function per side,
    `check(folder, sides)`, which returns what it compared or raises `MismatchError`, and `rows(measured)`. A side is a
    generator that yields when it is ready and when it is done; what it writes to `folder` is its output. PYTHON may
    name another interpreter for a side, as a path from the root; THREADS how many threads each side has; ENVIRONMENT
    what a side has in its environment beside the rest.
    """

    name: str
    module: ModuleType

    @classmethod
    def load(cls, name: str) -> "Step":
        """The step of this name."""
        return cls(name, importlib.import_module(f"steps.{name}"))

    def run(self, folder: Path) -> tuple[list[Row], dict[str, Any]]:
        """Prepare, run all sides once, compare their outputs, run the other rounds. Returns rows and raw figures."""
        self.module.prepare(folder)
        missing: dict[str, str] = {}
        measured: Measured = {}
        for number in range(self.module.PAIRS):
            for side in self.module.SIDES:
                if side not in missing:
                    self.one(side, folder, measured, missing)
            if not number:
                present = [side for side in self.module.SIDES if side not in missing]
                compared = self.module.check(folder, present)
        rows = [*self.module.rows(measured), *(Row(side, note=f"missing: {why}") for side, why in missing.items())]
        return rows, {"title": self.module.TITLE, "compared": compared, "missing": missing, "measured": measured}

    def one(self, side: str, folder: Path, measured: Measured, missing: dict[str, str]) -> None:
        """One run of one side; a peer that is not installed goes into `missing`."""
        print(f"  {self.name}  {side} ...", file=sys.stderr, flush=True)
        try:
            measured.setdefault(side, []).append(self.child(side, folder))
        except MissingError as error:
            missing[side] = str(error)
            del measured[side]

    def child(self, side: str, folder: Path) -> dict[str, float]:
        """Run `child.py` for a side. Raises `MissingError` if what it imports is not there."""
        python = getattr(self.module, "PYTHON", {}).get(side)
        program = ROOT / python if python else Path(sys.executable)
        if not program.exists():
            raise MissingError(f"no {python}")
        threads = {name: str(getattr(self.module, "THREADS", 1)) for name in ONE_THREAD}
        ended = subprocess.run(
            [program, HERE / "child.py", self.name, side, folder],
            env={**os.environ, **threads, **QUIET, **getattr(self.module, "ENVIRONMENT", {}).get(side, {})},
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        if ended.returncode:
            last = (ended.stderr.strip().splitlines() or ["no word"])[-1]
            if side != self.module.SIDES[0] and last.startswith(("ModuleNotFoundError", "ImportError")):
                raise MissingError(last)
            raise RuntimeError(f"{self.name}: {side} failed\n{ended.stderr}")
        return json.loads(ended.stdout.splitlines()[-1])


def ratios(measured: Measured, ours: str, peer: str, of: Quantity) -> list[float]:
    """The peer's figure over ours, pair by pair."""
    return [b[of] / a[of] for a, b in zip(measured[ours], measured[peer], strict=True)]


def median(measured: Measured, side: str, of: Quantity) -> float:
    """The median of a side's figure."""
    return statistics.median(run[of] for run in measured[side])


def amount(value: float, of: Quantity) -> str:
    """A figure with its unit: `1.27 s`, `754 MiB`."""
    return f"{value:,.0f} MiB" if UNITS[of] == "MiB" else f"{value:.3g} s" if value < 1000 else f"{value:,.0f} s"


def versus(
    measured: Measured,
    peer: str,
    *,
    ours: str = "ours",
    name: str | None = None,
    of: Quantity = "seconds",
    at_least: float | None = None,
    at_most: float | None = None,
    floor: str = "",
    note: str = "",
) -> list[Row]:
    """The row of ours beside a peer; none if one of them did not run.

    Args:
        at_least: the goal as peer / ours ("how many times faster"). at_most: the goal as ours / peer.
    """
    if not measured.get(ours) or not measured.get(peer):
        return []
    pairs = ratios(measured, ours, peer, of)
    ratio = statistics.median(pairs)
    goal, met = "", None
    if at_least is not None:
        goal, met = f">= {at_least:g}x", ratio >= at_least
    elif at_most is not None:
        goal, met = f"<= {at_most:g} of it", 1 / ratio <= at_most
    figures = (amount(median(measured, side, of), of) for side in (ours, peer))
    return [Row(name or peer, *figures, ratio, pairs, floor, goal, met, note)]


def limit(
    measured: Measured, name: str, most: float, *, ours: str = "ours", of: Quantity = "seconds", floor: str = ""
) -> list[Row]:
    """The row of ours alone against a limit in the quantity's own unit."""
    if not measured.get(ours):
        return []
    value = median(measured, ours, of)
    return [Row(name, amount(value, of), floor=floor, goal=f"<= {amount(most, of)}", met=value <= most)]


def run_steps(
    names: Iterable[str], scratch: Path | None, done: Callable[[Step, list[Row], dict[str, Any]], None]
) -> None:
    """Run steps one after another, each in a folder of its own, and hand on what each gave as soon as it is there."""
    for name in names:
        step = Step.load(name)
        print(f"{step.module.TITLE}", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(dir=scratch, prefix=f"bench-{name}-") as folder:
            rows, figures = step.run(Path(folder))
        done(step, rows, {**figures, "rows": [asdict(row) for row in rows]})
