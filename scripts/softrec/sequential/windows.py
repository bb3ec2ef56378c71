"""Windows of item ids: sequences as right-padded arrays, the input of every sequential recommender."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from common.errors import SoftrecError
from softrec.io import tables

PAD = 0
COLUMNS = ["user", "history", "target", "position"]


class Windows(NamedTuple):
    """R sequences. All arrays are int64.

    Attributes:
        item: (R, L) histories, oldest first, padded on the right with 0.
        length: (R,) number of items in each history, at least 1.
        target: (R,) the next item.
        user: (R,) user ids.
        position: (R,) number of the user's interactions before the target.
    """

    item: np.ndarray
    length: np.ndarray
    target: np.ndarray
    user: np.ndarray
    position: np.ndarray

    def take(self, rows: np.ndarray | slice) -> "Windows":
        """Return the given rows, in the given order."""
        return Windows(*(column[rows] for column in self))


def pad(values: np.ndarray, start: np.ndarray, end: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Right-pad the last `width` of values[start[r]:end[r]] for every row r: ((R, width) items, (R,) lengths)."""
    start = np.maximum(start, end - width)
    length = end - start
    column = np.arange(width)
    valid = column < length[:, None]
    item = np.full(valid.shape, PAD, dtype=np.int64)
    item[valid] = values[(start[:, None] + column)[valid]]
    return item, length


def read_windows(path: Path, items: int, width: int) -> Windows:
    """Read sequences or samples; only the last `width` items of a longer history are kept.

    Raises:
        SoftrecError: there are no rows, a history is empty, or an id is outside 1..items.
    """
    table = tables.read_table(path, COLUMNS)
    if not table.num_rows:
        raise SoftrecError(f"{path} has no rows", remedy="look at the counts of the split: this part is empty")
    history = table["history"].combine_chunks()
    offset = history.offsets.to_numpy().astype(np.int64)
    values = history.values.to_numpy(zero_copy_only=False).astype(np.int64)
    item, length = pad(values, offset[:-1], offset[1:], width)
    target, user, position = (table[name].to_numpy().astype(np.int64) for name in ("target", "user", "position"))
    inside = (length > 0) & (target >= 1) & (target <= items) & (item.max(axis=1) <= items)
    inside &= (item > PAD).sum(axis=1) == length  # an id below 1 inside a history would count as padding
    if not inside.all():
        row = int(np.flatnonzero(~inside)[0])
        raise SoftrecError(
            f"row {row} of {path} has an empty history or an item outside 1..{items}",
            where=f"history {item[row, : length[row]].tolist()}, target {int(target[row])}",
            remedy="give sequences and a catalogue of the same data set",
        )
    return Windows(item, length, target, user, position)
