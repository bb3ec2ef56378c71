"""Retrieval of LLM-CF's in-context examples: earlier known decisions with a history similar to the query's.

The similarity of two histories is the dot product of their mean title embeddings. Queries are processed in blocks, so
that no (R, D) array of all R queries is in memory (it would take 13.6 GB for Kindle's 1.11 M training windows).
"""

from dataclasses import dataclass

import numpy as np

from common.log import Progress
from softrec.core import seeds
from softrec.llm_enhanced.decisions import NONE, Examples, mean_titles
from softrec.sequential.windows import Windows

LABELS = (1, 0)
BLOCK = 1024  # queries


@dataclass(frozen=True)
class RetrievalSettings:
    """Settings of the retrieval.

    Attributes:
        length: items of a history (10).
        examples_per_label: examples of each label (2).
        centred: whether the catalogue's mean title embedding is subtracted from each history's mean, which is then
            scaled to norm 1.
        seed: of the order of a row's examples.
    """

    length: int
    examples_per_label: int
    centred: bool
    seed: int


def history_vectors(
    window: np.ndarray, length: np.ndarray, titles: np.ndarray, common: np.ndarray | None
) -> np.ndarray:
    """Return mean title embeddings (R, D); with `common` (D,) they are centred on it and scaled to norm 1."""
    mean = mean_titles(window, length, titles)
    if common is None:
        return mean
    mean -= common
    return mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)


def find_examples(
    windows: Windows, time: np.ndarray, titles: np.ndarray, known: Examples, settings: RetrievalSettings
) -> np.ndarray:
    """Find the in-context examples of each window, which is of `time` (R,): (R, 2 examples_per_label) int32, shuffled.

    Each row has the examples of `retrieve`, -1 where there is none. Besides the arguments and the result, memory holds
    only one block: 2 (BLOCK, D) vectors and (BLOCK, E) similarities.
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
    """Find, for each query and label, the most similar examples among those that are strictly earlier.

    Args:
        query: (R, D) vectors of the queries' histories; similarity is the dot product.
        time: (R,) time stamps of the queries.
        vectors: (E, D) vectors of the examples' histories.
        known: the examples.
        per_label: number of examples of each label.

    Returns:
        (R, 2 per_label) indices of examples, label 1 first, most similar first; -1 where there is none. Ties are in the
        order of indices.
    """
    found = np.full((len(query), len(LABELS) * per_label), NONE, np.int32)
    row = np.arange(len(query))
    for place, label in enumerate(LABELS):
        able = np.flatnonzero((known.label == label) & (known.time < time.max()))  # earlier than at least one query
        similarity = query @ vectors[able].T
        similarity[known.time[able] >= time[:, None]] = -np.inf
        for column in range(place * per_label, place * per_label + min(per_label, len(able))):
            best = similarity.argmax(axis=1)  # of equals the first
            there = similarity[row, best] > -np.inf
            found[there, column] = able[best[there]]
            similarity[row, best] = -np.inf
    return found
