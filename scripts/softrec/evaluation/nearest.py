"""Search for the items nearest to generated titles (paper, section 2.2), for methods that need the top of a ranking."""

from typing import Any, NamedTuple

import numpy as np

from common.errors import SoftrecError
from softrec.core import seeds
from softrec.evaluation.grounding import Grounding
from softrec.io import tables

ROWS_AT_ONCE = 256  # rows whose costs of all titles are held in memory: 126 MB for 61,528 titles
TYPES = tables.types("row", "items", "distance")


class Nearest(NamedTuple):
    """items: (B, K) item ids, nearest first; distance: (B, K) L2 distances, float64."""

    items: np.ndarray
    distance: np.ndarray


def nearest_items(grounding: Grounding, z: Any, rows: dict[str, list], k: int) -> Nearest:
    """Find the K items nearest to each of B generated texts, without those that the mask excludes.

    Items that share a title have equal distances and are in a seeded order, not in the order of ids. Titles at equal
    distances are in the order that breaks ties in all rankings. z may be larger than memory: it is read by blocks.

    Raises:
        SoftrecError: a row has fewer than K candidates, or an embedding is not finite.
    """
    of_title = items_of_titles(grounding)
    items, distance = [], []
    for start in range(0, len(z), ROWS_AT_ONCE):
        grounding.require_finite(z[start : start + ROWS_AT_ONCE], start)
        cost, slack = all_costs(grounding, z[start : start + ROWS_AT_ONCE])
        for row, (own, reach) in enumerate(zip(cost, slack, strict=True), start):
            own[grounding.candidates.excluded(rows["user"][row], rows["position"][row], rows["history"][row])] = np.inf
            near, exact = first_titles(grounding, z[row], own, reach, k)
            ranked = [(i, d) for title, d in zip(near, exact, strict=True) for i in of_title[title]][:k]
            if len(ranked) < k:
                raise SoftrecError(f"row {row} has only {len(ranked)} items to rank, but {k} are required")
            items.append([i for i, _ in ranked])
            distance.append(grounding.distance(np.array([d for _, d in ranked])))
    return Nearest(np.asarray(items), np.asarray(distance))


def items_of_titles(grounding: Grounding) -> list[list[int]]:
    """Return the items of each title, in a seeded order."""
    of_title: list[list[int]] = [[] for _ in grounding.titles]
    order = seeds.stream(grounding.settings.tie_seed, "ties", "items").permutation(len(grounding.title_id) - 1) + 1
    for item in order.tolist():
        of_title[grounding.title_id[item]].append(item)
    return of_title


def all_costs(grounding: Grounding, z: Any) -> tuple[np.ndarray, np.ndarray]:
    """Compute the (B, T) costs of B texts, and the (B,) largest slack over blocks."""
    cost, slack = np.empty((len(z), len(grounding.titles))), np.zeros(len(z))
    for block in grounding.blocks(z):
        cost[:, block.start : block.start + block.cost.shape[1]] = block.cost
        slack = np.maximum(slack, block.slack)
    return cost, slack


def first_titles(grounding: Grounding, z: Any, cost: np.ndarray, slack: float, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return at least the K nearest titles of one text, nearest first, with their exact costs.

    The title with the K-th smallest cost has an exact one of at most that cost plus `slack`. Any title within that
    has a cost of at most the K-th plus twice `slack`. Titles with infinite cost are excluded.
    """
    most = np.partition(cost, k - 1)[k - 1] if k < len(cost) else np.inf
    near = np.flatnonzero((cost <= most + 2 * slack) & np.isfinite(cost))
    exact = grounding.exact(z, near)
    order = np.lexsort((grounding.candidates.order[near], exact))
    return near[order], exact[order]
