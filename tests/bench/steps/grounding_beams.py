"""Grounding by the texts of all four beams beside grounding by one, at the size of the step `grounding`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from harness import Measured, MismatchError, Row, versus
from softrec.splits import seen_items
from steps import grounding
from steps.grounding import BLOCK, TIE_SEED

TITLE = "grounding by 4 texts a row, 1,000 rows x 61,528 titles x 3,072 dimensions"
SIDES = ["least", "softmin", "first"]
PAIRS = 2

BEAMS, TEMPERATURE = 4, 5.0
DIRECT = 32  # rows whose distances are computed by differences as well


def prepare(folder: Path) -> None:
    """Titles and texts of the step `grounding`, with three more texts for each row, and scores.

    A further text lies between the row's first one and a title, nearer to the title.
    """
    grounding.prepare(folder)
    rng = np.random.default_rng(43)
    titles, first = np.load(folder / "titles.npy", mmap_mode="r"), np.load(folder / "texts.npy")
    texts = np.empty((len(first), BEAMS, first.shape[1]), np.float32)  # 49 MB
    texts[:, 0] = first
    for beam in range(1, BEAMS):
        texts[:, beam] = 0.3 * first + 0.7 * titles[rng.integers(0, len(titles), len(first))]
    np.save(folder / "beams.npy", texts)
    np.save(folder / "scores.npy", -np.sort(rng.exponential(1, (len(first), BEAMS)), axis=1))


def ranked(folder: Path, side: str, **how: Any) -> Iterator[None]:
    """What scripts/ground_predictions.py does once its files are read."""
    from softrec.evaluation.beam_grounding import grounding_by, texts_of
    from softrec.evaluation.grounding import GroundingSettings

    settings = GroundingSettings("none", TIE_SEED, **how)
    titles, scores = np.load(folder / "titles.npy"), np.load(folder / "scores.npy").tolist()
    texts = texts_of(np.load(folder / ("texts.npy" if side == "first" else "beams.npy")), scores, settings)
    target, n = np.load(folder / "target.npy"), len(scores)
    seen = seen_items.SeenItems(np.array([0]), np.array([1]))
    rows = {"user": [0] * n, "position": [0] * n, "history": [[]] * n, "target": (target + 1).tolist()}
    yield
    ranks = grounding_by(titles, np.arange(-1, len(titles)), seen, settings).rank(texts, rows)
    yield
    np.save(folder / f"{side}.npy", ranks.rank)


def least(folder: Path) -> Iterator[None]:
    """By the least distance to the four texts."""
    yield from ranked(folder, "least", distance="least")


def softmin(folder: Path) -> Iterator[None]:
    """By the soft minimum of the four distances."""
    yield from ranked(folder, "softmin", distance="softmin", temperature=TEMPERATURE)


def first(folder: Path) -> Iterator[None]:
    """By the first text alone."""
    yield from ranked(folder, "first")


def check(folder: Path, sides: list[str]) -> str:
    """Ranks of the first rows are those of brute force, in float64 without code of ours."""
    distance, target = direct(folder), np.load(folder / "target.npy")[:DIRECT]
    score = np.load(folder / "scores.npy")[:DIRECT]
    weight = (np.exp(score) / np.exp(score).sum(axis=1, keepdims=True))[..., None]
    soft = -TEMPERATURE * np.log((weight * np.exp(-distance / TEMPERATURE)).sum(axis=1))
    for side, cost in (("least", distance.min(axis=1)), ("softmin", soft), ("first", distance[:, 0])):
        expected = grounding.nearer(cost, target) + grounding.earlier(target)
        if side in sides and (wrong := int((np.load(folder / f"{side}.npy")[:DIRECT] != expected).sum())):
            raise MismatchError(f"{wrong} of {DIRECT} ranks of {side} are not those of brute force")
    return f"the ranks of {DIRECT} rows are those of brute force"


def direct(folder: Path) -> np.ndarray:
    """(DIRECT, BEAMS, TITLES) distances by sum (z - z_i)^2, one text at a time."""
    titles, texts = np.load(folder / "titles.npy", mmap_mode="r"), np.load(folder / "beams.npy")[:DIRECT]
    found = np.empty((*texts.shape[:2], len(titles)))
    for start in range(0, len(titles), BLOCK):
        block = titles[start : start + BLOCK].astype(np.float64)
        for place in np.ndindex(*texts.shape[:2]):
            difference = block - texts[place]
            found[*place, start : start + len(block)] = np.sqrt(np.einsum("nd,nd->n", difference, difference))
    return found


def rows(measured: Measured) -> list[Row]:
    """CPU time and memory beside one text: four texts are four times the products."""
    return [
        *versus(measured, "first", ours="least", name="least, beside one text", of="cpu", at_most=5.0),
        *versus(measured, "first", ours="least", name="its peak memory", of="peak", at_most=1.5),
        *versus(measured, "first", ours="softmin", name="softmin, beside one text", of="cpu", at_most=6.0),
    ]
