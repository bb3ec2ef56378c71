"""Sequences (history and target) from interactions, split 8:1:1 in time order, and samples of them (section 4.1)."""

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
    """Settings for making and splitting sequences.

    Attributes:
        history: maximum history length in items (10 in the paper).
        fractions: shares of the train, valid and test split (0.8, 0.1, 0.1 in the paper); they sum to 1.
        tie_seed: seed of the hash that orders users whose targets have equal times.
    """

    history: int
    fractions: list[float]
    tie_seed: int = 42

    def __post_init__(self) -> None:
        """Raise `SoftrecError` unless history is positive and there are three positive shares that sum to 1."""
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
    """Settings of the sample of a split that language models use.

    Attributes:
        split: train, valid or test; part of the name of the random stream.
        rows: sample size (4096 for training, 512 for validation, 8000 for test), or "all".
        seed: seed of the draw, the same for all training seeds, so that runs differ only in training.
        paper_rows: how many rows, the first of the draw, are marked as the paper's sample (1000 for test); None marks
            all.
        paper_rows_required: whether having fewer rows than that is an error; otherwise all are marked.
    """

    split: Literal["train", "valid", "test"]
    rows: int | Literal["all"]
    seed: int
    paper_rows: int | None = None
    paper_rows_required: bool = False

    def __post_init__(self) -> None:
        """Raise `SoftrecError` for an empty sample."""
        if self.rows != "all" and self.rows < 1:
            raise SoftrecError(
                f"rows of {self.split} is {self.rows}", where="--settings", remedy='give at least 1, or "all"'
            )


class Windows(NamedTuple):
    """One entry per sequence.

    Attributes:
        user: the user.
        row: index of the target among the interactions.
        position: number of the user's items before the target.
        history: number of items in the history, which directly precede the target.
    """

    user: np.ndarray
    row: np.ndarray
    position: np.ndarray
    history: np.ndarray


def make_windows(user: np.ndarray, longest: int) -> Windows:
    """Make the sequences of every user, in the order of the interactions.

    A user with L <= longest + 1 items yields one sequence of all items; a user with more yields every contiguous window
    of longest + 1 items. The last item of a sequence is its target, so a user yields max(1, L - longest) sequences. A
    user with a single item has no history and yields none.

    Args:
        user: (n,) sorted users of the interactions, which are in time order within a user.
        longest: maximum history length.
    """
    _, start, length = np.unique(user, return_index=True, return_counts=True)
    first = np.minimum(longest, length - 1)  # position of the first target
    count = np.where(length > 1, length - first, 0)
    position = np.repeat(first, count) + ranges(count)
    row = np.repeat(start, count) + position
    return Windows(user[row], row, position, np.minimum(position, longest))


def ranges(count: np.ndarray) -> np.ndarray:
    """Concatenate the ranges 0, 1, ..., count[0] - 1, then 0, 1, ..., count[1] - 1, and so on."""
    end = np.cumsum(count)
    return np.arange(end[-1] if len(end) else 0) - np.repeat(end - count, count)


def cuts(total: int, fractions: Sequence[float]) -> list[int]:
    """Return the row numbers 0, a, b, total at which `total` rows are split: exact fractions, rounded down."""
    shares = [Fraction(str(share)) for share in fractions]
    return [int(total * sum(shares[:part], Fraction(0))) for part in range(len(shares) + 1)]


def require_sorted(user: np.ndarray, timestamp: np.ndarray, path: Path) -> None:
    """Raise `SoftrecError` unless the interactions of a file are sorted by user, and each user's by time.

    `user` and `timestamp` are (n,) columns of `path`; Kindle has n = 25.6 million before the filter, 5.7 million after.
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
    """Split all sequences, sorted by (target's time, hash of the user, position), into train, valid and test.

    The sort is global over users, so no training target is later than a validation target. A seeded hash orders users
    with targets at the same time, so that ids do not decide the split. Sequences of a user keep the order of the
    interactions, so none is in a later split than one of the user's later sequences.

    Returns:
        The columns of `TYPES` for each split.

    Raises:
        SoftrecError: there are too few sequences to give each split one.
    """
    windows = make_windows(user, settings.history)
    # The hash is a bijection: no two users share one.
    tie = ties.hash_numbers(settings.tie_seed, "users of a time", windows.user)
    order = np.lexsort((windows.position, tie, timestamp[windows.row]))
    edges = cuts(len(order), settings.fractions)
    if min(np.diff(edges)) < 1:
        raise SoftrecError(
            f"{len(order)} sequences of {len(np.unique(user))} users are too few to split by {settings.fractions}",
            where=f"interactions: {len(user)}",
            remedy="give more data, or lower k",
        )
    parts = zip(SPLITS, edges[:-1], edges[1:], strict=True)
    return {name: columns(Windows(*(c[order[a:b]] for c in windows)), item, timestamp) for name, a, b in parts}


def columns(windows: Windows, item: np.ndarray, timestamp: np.ndarray) -> dict[str, Any]:
    """Build the columns of `TYPES` for some windows; histories are gathered without a loop over windows."""
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
    """Draw a sample without replacement; return its row numbers, ascending, so that rows keep the order of the split.

    A sample is the head of one seeded permutation, so a larger sample contains every smaller one. If the split has no
    more rows than requested, all are taken.
    """
    if size == "all" or size >= total:
        return np.arange(total)
    return np.sort(seeds.stream(seed, "samples", name).permutation(total)[:size])


def of_paper(rows: np.ndarray, total: int, settings: SampleSettings) -> np.ndarray:
    """Return the (n,) mask of the drawn `rows` that are in the paper's sample, a smaller draw from the `total` rows.

    Raises:
        SoftrecError: fewer rows were drawn than the paper's sample must have.
    """
    size = settings.paper_rows or len(rows)
    if len(rows) < size and settings.paper_rows_required:
        raise SoftrecError(
            f"{len(rows):,} rows of {settings.split} are drawn, fewer than the {size:,} of the paper's sample",
            where=f"samples.paper_{settings.split} is {size}; the split holds {total:,} sequences",
            remedy=f"set samples.paper_{settings.split} to at most {len(rows)}",
        )
    return np.isin(rows, draw(total, size, settings.seed, settings.split))
