"""In-context examples of LLM-CF: known decisions with a history like the query's, none of them later than it."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from softrec import files
from softrec.sequential.teacher import item_titles
from softrec.sequential.windows import PAD, Windows, read_windows

LABELS = (1, 0)
BLOCK = 1024
NONE = -1


class Examples(NamedTuple):
    """E known decisions with their chains of thought.

    window: (E, L) right-padded histories of length: (E,). item: (E,) decided about. label: (E,) 1 taken, 0 refused.
    time: (E,) when. thought: (E, D) float32 embeddings of the chains of thought.
    """

    window: np.ndarray
    length: np.ndarray
    item: np.ndarray
    label: np.ndarray
    time: np.ndarray
    thought: np.ndarray


class Texts(NamedTuple):
    """titles: (N + 1, D) float32 embedding of each item's title, row 0 (padding) zero; examples: the decisions."""

    titles: np.ndarray
    examples: Examples


def read_texts(catalogue: Path, titles: Path, cot: Path, thoughts: Path, sample: Path, width: int) -> Texts:
    """Everything that text adds to the sequential model, from the files of the earlier steps."""
    z = item_titles(catalogue, titles)
    windows = read_windows(sample, len(z) - 1, width)
    time = files.read_table(sample, ["timestamp"])["timestamp"].to_numpy()
    table = files.read_table(cot, ["row", "label", "item"])
    row, label, item = (table[name].to_numpy().astype(np.int64) for name in ("row", "label", "item"))
    thought = files.read_array(thoughts)
    return Texts(z, Examples(windows.item[row], windows.length[row], item, label, time[row], thought))


def history_vectors(window: np.ndarray, length: np.ndarray, titles: np.ndarray) -> np.ndarray:
    """(R, D) mean embedding of each history's titles, of length 1.

    Titles are centred on the catalogue's mean first: a language model's embeddings share a large part, which would make
    all histories alike.
    """
    centred = titles - titles[1:].mean(axis=0, dtype=np.float64).astype(np.float32)
    centred[PAD] = 0
    mean = centred[window].sum(axis=1) / length[:, None]
    return mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)


def retrieve(query: np.ndarray, time: np.ndarray, examples: np.ndarray, known: Examples, per_label: int) -> np.ndarray:
    """For each query the most similar examples of each label among those that are strictly earlier than it.

    Args:
        query: (R, D) and examples: (E, D) history vectors; similarity is their dot product.
        time: (R,) when the query is made.

    Returns:
        (R, 2 per_label) indices of examples, those of label 1 first, the most similar first; -1 where there is none.
        Equally similar examples stand in the order of their indices.
    """
    found = np.full((len(query), len(LABELS) * per_label), NONE)
    for start in range(0, len(query), BLOCK):
        rows = slice(start, start + BLOCK)
        similarity = query[rows] @ examples.T
        similarity[known.time[None, :] >= time[rows, None]] = -np.inf
        for place, label in enumerate(LABELS):
            of_label = np.flatnonzero(known.label == label)
            part = similarity[:, of_label]
            order = np.argsort(-part, axis=1, kind="stable")[:, :per_label]
            best = np.where(np.isfinite(np.take_along_axis(part, order, axis=1)), of_label[order], NONE)
            found[rows, place * per_label : place * per_label + best.shape[1]] = best
    return found


def with_examples(windows: Windows, path: Path, texts: Texts, per_label: int) -> Windows:
    """Windows whose examples stand behind the history as further columns: 1 + index, 0 for none."""
    time = files.read_table(path, ["timestamp"])["timestamp"].to_numpy()
    known = texts.examples
    query = history_vectors(windows.item, windows.length, texts.titles)
    examples = history_vectors(known.window, known.length, texts.titles)
    columns = retrieve(query, time, examples, known, per_label) + 1
    return windows._replace(item=np.concatenate([windows.item, columns], axis=1))


def as_tensors(examples: Examples) -> tuple[Tensor, ...]:
    """The examples with an empty one in front, at index 0."""
    return tuple(torch.from_numpy(np.concatenate([np.zeros_like(column[:1]), column])) for column in examples)
