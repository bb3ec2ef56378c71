"""The known decisions from which LLM-CF retrieves in-context examples, and the text embeddings that it reads."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from common.errors import SoftrecError
from softrec.io import arrays, tables
from softrec.llm_enhanced.title_vectors import item_titles, unit_rows
from softrec.sequential.windows import Windows, read_windows

NONE = -1  # index of a missing example


class Examples(NamedTuple):
    """E known decisions.

    Attributes:
        window: (E, L) right-padded histories.
        length: (E,) number of items of each history.
        item: (E,) the item of the decision.
        label: (E,) 1 taken, 0 refused.
        time: (E,) time stamp of the decision.
    """

    window: np.ndarray
    length: np.ndarray
    item: np.ndarray
    label: np.ndarray
    time: np.ndarray


class Texts(NamedTuple):
    """The text embeddings that LLM-CF reads; all rows have norm 1, as from the sentence encoder of LLM-CF's authors.

    Attributes:
        titles: (N + 1, D) float32 embedding of each item's title, row 0 (padding) zero; 756 MB for Kindle.
        examples: the known decisions.
        thoughts: (E, D) float32 embeddings of the chains of thought about `examples`.
    """

    titles: np.ndarray
    examples: Examples
    thoughts: np.ndarray


def read_titles(catalogue: Path, titles: Path) -> np.ndarray:
    """Read the embeddings (N + 1, D) of the items' titles, with norm 1; row 0 (padding) is zero."""
    return unit_rows(item_titles(catalogue, titles), "item", titles)


def read_examples(cot: Path, sample: Path, items: int, width: int) -> Examples:
    """Read the decisions of `cot` about rows of `sample`, with the last `width` items of their histories.

    Raises:
        SoftrecError: a decision refers to a row that the sample does not have, or to an item outside 1..items.
    """
    windows = read_windows(sample, items, width)
    time = tables.read_table(sample, ["timestamp"])["timestamp"].to_numpy()
    table = tables.read_table(cot, ["row", "label", "item"])
    row, label, item = (table[name].to_numpy().astype(np.int64) for name in ("row", "label", "item"))
    wrong = np.flatnonzero((row < 0) | (row >= len(time)) | (item < 1) | (item > items))
    if len(wrong):
        first = int(wrong[0])
        raise SoftrecError(
            f"decision {first} of {cot} is about row {row[first]} and item {item[first]}",
            where=f"{sample} has {len(time)} rows, the catalogue {items} items",
            remedy=f"remove {cot} and let Snakemake make it again",
        )
    return Examples(windows.item[row], windows.length[row], item, label, time[row])


def read_texts(catalogue: Path, titles: Path, cot: Path, thoughts: Path, sample: Path, width: int) -> Texts:
    """Read the text embeddings and known decisions from the files of the earlier steps.

    Raises:
        SoftrecError: the numbers of embeddings and decisions differ, or the width is not that of the titles.
    """
    z = read_titles(catalogue, titles)
    examples = read_examples(cot, sample, len(z) - 1, width)
    thought = unit_rows(arrays.read_array(thoughts, "float32", (None, None)), "chain of thought", thoughts)
    if thought.shape != (len(examples.item), z.shape[1]):
        raise SoftrecError(
            f"{thoughts} has shape {thought.shape}, not {(len(examples.item), z.shape[1])}",
            where=f"{len(examples.item)} decisions in {cot}, titles of width {z.shape[1]} in {titles}",
            remedy=f"remove {thoughts} and let Snakemake make it again",
        )
    return Texts(z, examples, thought)


def mean_titles(window: np.ndarray, length: np.ndarray, titles: np.ndarray) -> np.ndarray:
    """Return the mean title embedding (R, D) of each history (R, L), without an (R, L, D) array; padding is zero."""
    total = titles[window[:, 0]]  # a copy, since the index is an array
    for column in window.T[1:]:
        total += titles[column]
    total /= length[:, None].astype(total.dtype)
    return total


def with_examples(windows: Windows, path: Path, known: Examples) -> Windows:
    """Append the in-context examples in `path` to the windows as further columns: 1 + index of the example, 0 for none.

    Raises:
        SoftrecError: the file does not match the windows or the decisions.
    """
    found = arrays.read_array(path, "int32", (None, None))
    if found.ndim != 2 or len(found) != len(windows.target):
        what = f"{path} has shape {found.shape}; there are {len(windows.target)} windows"
    elif found.size and (found.min() < NONE or found.max() >= len(known.item)):
        what = f"{path} names examples from {found.min()} to {found.max()}; there are {len(known.item)}"
    else:
        return windows._replace(item=np.concatenate([windows.item, found.astype(np.int64) + 1], axis=1))
    raise SoftrecError(what, where="in-context examples", remedy=f"remove {path} and let Snakemake make it again")
