"""The known decisions that LLM-CF draws its in-context examples from, and the texts that it reads."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from common.errors import SoftrecError
from softrec.io import arrays, tables
from softrec.llm_enhanced.title_vectors import item_titles, unit_rows
from softrec.sequential.windows import Windows, read_windows

NONE = -1  # where there is no example


class Examples(NamedTuple):
    """E known decisions.

    window: (E, L) right-padded histories of length: (E,). item: (E,) decided about. label: (E,) 1 taken, 0 refused.
    time: (E,) when.
    """

    window: np.ndarray
    length: np.ndarray
    item: np.ndarray
    label: np.ndarray
    time: np.ndarray


class Texts(NamedTuple):
    """What LLM-CF reads. All rows have length 1, as those of the sentence encoder of its authors.

    titles: (N + 1, D) float32 embedding of each item's title, row 0 (padding) zero; at Kindle's size 756 MB.
    thoughts: (E, D) float32 embeddings of the chains of thought about `examples`.
    """

    titles: np.ndarray
    examples: Examples
    thoughts: np.ndarray


def read_titles(catalogue: Path, titles: Path) -> np.ndarray:
    """(N + 1, D) embeddings of the items' titles, of length 1; row 0, padding, is zero."""
    return unit_rows(item_titles(catalogue, titles), "item", titles)


def read_examples(cot: Path, sample: Path, items: int, width: int) -> Examples:
    """The decisions of `cot` about rows of `sample`, with the last `width` items of their histories.

    Raises:
        SoftrecError: a decision is about a row that the sample does not have, or an item outside 1..items.
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
    """Everything that text adds to the sequential model, from the files of the earlier steps.

    Raises:
        SoftrecError: there are more or fewer embeddings than decisions, or of another width than the titles'.
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
    """(R, D) mean embedding of the titles of each history (R, L), without ever having (R, L, D); padding is zero."""
    total = titles[window[:, 0]]
    for column in window.T[1:]:
        total += titles[column]
    total /= length[:, None].astype(total.dtype)
    return total


def with_examples(windows: Windows, path: Path, known: Examples) -> Windows:
    """Windows whose examples, as `path` names them, stand behind the history as further columns: 1 + index, 0 for none.

    Raises:
        SoftrecError: the file is of other windows, or of other decisions.
    """
    found = arrays.read_array(path, "int32", (None, None))
    if found.ndim != 2 or len(found) != len(windows.target):
        what = f"{path} has shape {found.shape}; there are {len(windows.target)} windows"
    elif found.size and (found.min() < NONE or found.max() >= len(known.item)):
        what = f"{path} names examples from {found.min()} to {found.max()}; there are {len(known.item)}"
    else:
        return windows._replace(item=np.concatenate([windows.item, found.astype(np.int64) + 1], axis=1))
    raise SoftrecError(what, where="in-context examples", remedy=f"remove {path} and let Snakemake make it again")
