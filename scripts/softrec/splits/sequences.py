"""Interactions -> sequences (history and target) in time order, cut 8:1:1, and samples of them (section 4.1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa

from common.errors import SoftrecError
from softrec.core import seeds
from softrec.data import ties
from softrec.io.tables import types

SPLITS = ("train", "valid", "test")
TYPES = types("user", "history", "target", "timestamp", "position")
SAMPLE_TYPES = types(*TYPES, "paper")


@dataclass(frozen=True)
class SplitSettings:
    """How interactions become sequences.

    Attributes:
        history: longest history in items (10 in the paper).
        fractions: shares of the train, valid and test split (0.8, 0.1, 0.1 in the paper); they sum to 1.
        tie_seed: of the hash that orders users whose targets are of one time.
    """

    history: int
    fractions: list[float]
    tie_seed: int = 42

    def __post_init__(self) -> None:
        """Refuse shares that do not cut a whole into three."""
        if self.history < 1:
            raise SoftrecError(f"history is {self.history}", where="--settings", remedy="give at least one item")
        shares = [Fraction(str(share)) for share in self.fractions]
        if len(shares) != len(SPLITS) or min(shares) <= 0 or sum(shares) != 1:
            raise SoftrecError(
                f"fractions are {self.fractions}, not three positive shares that sum to 1",
                where="--settings",
                remedy="give for example [0.8, 0.1, 0.1]",
            )


@dataclass(frozen=True)
class SampleSettings:
    """How many sequences of a split the language models see.

    Attributes:
        split: train, valid or test; it names the random stream.
        rows: a number (4096 and 512 for training and validation, 8000 for the test), or "all".
        seed: of the draw; one for all training seeds, so that runs differ in training alone.
        paper_rows: how many of them, the first of the draw, are marked as the paper's sample (1000 of the test); None
            marks all.
        paper_rows_required: whether fewer rows than that are an error; otherwise all are marked.
    """

    split: Literal["train", "valid", "test"]
    rows: int | Literal["all"]
    seed: int
    paper_rows: int | None = None
    paper_rows_required: bool = False

    def __post_init__(self) -> None:
        """Refuse empty samples."""
        if self.rows != "all" and self.rows < 1:
            raise SoftrecError(
                f"rows of {self.split} is {self.rows}", where="--settings", remedy='give at least 1, or "all"'
            )


class Windows(NamedTuple):
    """One row per sequence.

    Attributes:
        user: its user.
        row: the row of its target among the interactions.
        position: how many items the user had before the target.
        history: how many of them are its history.
    """

    user: np.ndarray
    row: np.ndarray
    position: np.ndarray
    history: np.ndarray


def make_windows(user: np.ndarray, longest: int) -> Windows:
    """Sequences of every user, in the order of the interactions.

    With L items, a user of L <= longest + 1 gives one sequence of all of them; any other gives every contiguous window
    of longest + 1 items. The last item of each is its target, so a user gives max(1, L - longest) sequences. A user of
    a single item has no history and gives none.

    Args:
        user: (n,) sorted user of each interaction, which are in time order within a user.
        longest: longest history.
    """
    _, start, length = np.unique(user, return_index=True, return_counts=True)
    first = np.minimum(longest, length - 1)  # position of the first target
    count = np.where(length > 1, length - first, 0)
    position = np.repeat(first, count) + ranges(count)
    row = np.repeat(start, count) + position
    return Windows(user[row], row, position, np.minimum(position, longest))


def ranges(count: np.ndarray) -> np.ndarray:
    """0, 1, ..., count[0] - 1, 0, 1, ..., count[1] - 1, ... in one array."""
    end = np.cumsum(count)
    return np.arange(end[-1] if len(end) else 0) - np.repeat(end - count, count)


def cuts(total: int, fractions: Sequence[float]) -> list[int]:
    """Row numbers 0, a, b, total at which `total` rows are cut; exact decimal arithmetic, rounded down."""
    shares = [Fraction(str(share)) for share in fractions]
    return [int(total * sum(shares[:part], Fraction(0))) for part in range(len(shares) + 1)]


def require_sorted(user: np.ndarray, timestamp: np.ndarray, path: Path) -> None:
    """Raise `SoftrecError` unless the interactions of a file are sorted by user, and each user's by time.

    Args:
        user, timestamp: (n,) columns of `path`; Kindle's are 25.6 million before the filter and 5.7 million after it.
    """
    step = np.diff(user)
    wrong = (step < 0) | ((step == 0) & (np.diff(timestamp) < 0))
    if wrong.any():
        row = int(wrong.argmax()) + 1
        what = f"row {row} of {path} is of user {user[row]} at {timestamp[row]}, after user {user[row - 1]}"
        raise SoftrecError(
            f"{what} at {timestamp[row - 1]}",
            where=f"{path}, columns user and timestamp",
            remedy="sort it by user and time, or remove it and let Snakemake make it again",
        )


def split(
    user: np.ndarray, item: np.ndarray, timestamp: np.ndarray, settings: SplitSettings
) -> dict[str, dict[str, Any]]:
    """Cut all users' sequences, sorted by (target's time, hash of the user, position), into train, valid and test.

    Sequences are sorted over all users at once, so that no training target is later than a validation target. Of
    targets of one time, a seeded hash says which user's come first, so that no id decides on the side of a cut. A
    user's own keep the order of the interactions: no earlier one of a user is in a later split.

    Returns:
        Per split the columns of `TYPES`.

    Raises:
        SoftrecError: too few sequences to give each split one.
    """
    windows = make_windows(user, settings.history)
    tie = ties.hash_numbers(settings.tie_seed, "users of a time", windows.user)  # no two users have the same
    order = np.lexsort((windows.position, tie, timestamp[windows.row]))
    edges = cuts(len(order), settings.fractions)
    if min(np.diff(edges)) < 1:
        raise SoftrecError(
            f"{len(order)} sequences of {len(np.unique(user))} users are too few to cut by {settings.fractions}",
            where=f"interactions: {len(user)}",
            remedy="give more data, or lower k",
        )
    parts = zip(SPLITS, edges[:-1], edges[1:], strict=True)
    return {name: columns(Windows(*(c[order[a:b]] for c in windows)), item, timestamp) for name, a, b in parts}


def columns(windows: Windows, item: np.ndarray, timestamp: np.ndarray) -> dict[str, Any]:
    """The columns of `TYPES` for some windows; histories are gathered without a loop over windows."""
    length = windows.history
    offsets = np.concatenate([[0], np.cumsum(length)]).astype(np.int32)
    rows = np.repeat(windows.row - length, length) + ranges(length)
    history = pa.ListArray.from_arrays(pa.array(offsets), pa.array(item[rows], pa.int32()))
    return {
        "user": windows.user,
        "history": history,
        "target": item[windows.row],
        "timestamp": timestamp[windows.row],
        "position": windows.position,
    }


def draw(total: int, size: int | Literal["all"], seed: int, name: str) -> np.ndarray:
    """Row numbers of a sample without replacement, ascending: rows keep their split's order.

    A sample is the head of one seeded permutation, so a larger one holds every smaller one. With fewer rows than asked
    for, all are taken.
    """
    if size == "all" or size >= total:
        return np.arange(total)
    return np.sort(seeds.stream(seed, "samples", name).permutation(total)[:size])


def of_paper(rows: np.ndarray, total: int, settings: SampleSettings) -> np.ndarray:
    """(n,) whether each of the (n,) drawn rows of a split of `total` is of the paper's sample: a smaller draw.

    Raises:
        SoftrecError: fewer rows are drawn than that sample must have.
    """
    size = settings.paper_rows or len(rows)
    if len(rows) < size and settings.paper_rows_required:
        raise SoftrecError(
            f"{len(rows):,} rows of {settings.split} are drawn, fewer than the {size:,} of the paper's sample",
            where=f"samples.paper_{settings.split} is {size}; the split holds {total:,} sequences",
            remedy=f"set samples.paper_{settings.split} to at most {len(rows)}",
        )
    return np.isin(rows, draw(total, size, settings.seed, settings.split))
