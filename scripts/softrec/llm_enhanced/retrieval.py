"""In-context examples of LLM-CF: known decisions with a history like the query's, none of them later than it.

The similarity of two histories is the dot product of the means of their titles' embeddings. Queries come in blocks:
nothing of shape (R, D) for all R of them is ever in memory (1.11 M training windows of Kindle would be 13.6 GB).
"""

from dataclasses import dataclass

import numpy as np

from common.log import Progress
from softrec.core import seeds
from softrec.llm_enhanced.decisions import NONE, Examples, mean_titles
from softrec.sequential.windows import Windows

LABELS = (1, 0)
BLOCK = 1024


@dataclass(frozen=True)
class RetrievalSettings:
    """length: items of a history (10). examples_per_label: examples of either label (2).

    centred: whether the mean of the catalogue's titles is taken off each history's mean, which then gets length 1.
    seed: of the order in which a row's examples are read.
    """

    length: int
    examples_per_label: int
    centred: bool
    seed: int


def history_vectors(
    window: np.ndarray, length: np.ndarray, titles: np.ndarray, common: np.ndarray | None
) -> np.ndarray:
    """(R, D) mean titles; with `common` (D,) they are centred on it and of length 1."""
    mean = mean_titles(window, length, titles)
    if common is None:
        return mean
    mean -= common
    return mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)


def find_examples(
    windows: Windows, time: np.ndarray, titles: np.ndarray, known: Examples, settings: RetrievalSettings
) -> np.ndarray:
    """For each window, made at `time` (R,), its in-context examples: (R, 2 examples_per_label) int32, shuffled.

    Each row has what `retrieve` finds, -1 where there is no example.
    Memory beside the arguments and the result is that of one block: 2 (BLOCK, D) vectors and (BLOCK, E) similarities.
    """
    common = titles[1:].mean(axis=0, dtype=np.float64).astype(np.float32) if settings.centred else None
    examples = history_vectors(known.window, known.length, titles, common)
    found = np.empty((len(time), len(LABELS) * settings.examples_per_label), np.int32)
    progress = Progress("retrieve", len(time))
    for start in range(0, len(time), BLOCK):
        rows = slice(start, start + BLOCK)
        query = history_vectors(windows.item[rows], windows.length[rows], titles, common)
        found[rows] = retrieve(query, time[rows], examples, known, settings.examples_per_label)
        progress.step(len(query))
    return seeds.stream(settings.seed, "order of examples").permuted(found, axis=1)


def retrieve(query: np.ndarray, time: np.ndarray, vectors: np.ndarray, known: Examples, per_label: int) -> np.ndarray:
    """For each query the most similar examples of each label among those that are strictly earlier than it.

    Args:
        query: (R, D) and vectors: (E, D) of the examples' histories; similarity is their dot product.
        time: (R,) when the query is made.

    Returns:
        (R, 2 per_label) indices of examples, those of label 1 first, the most similar first; -1 where there is none.
        Equally similar examples stand in the order of their indices.
    """
    found = np.full((len(query), len(LABELS) * per_label), NONE, np.int32)
    row = np.arange(len(query))
    for place, label in enumerate(LABELS):
        able = np.flatnonzero((known.label == label) & (known.time < time.max()))
        similarity = query @ vectors[able].T
        similarity[known.time[able] >= time[:, None]] = -np.inf
        for column in range(place * per_label, place * per_label + min(per_label, len(able))):
            best = similarity.argmax(axis=1)  # of equals the first
            there = similarity[row, best] > -np.inf
            found[there, column] = able[best[there]]
            similarity[row, best] = -np.inf
    return found
