"""The items nearest to generated titles (paper, section 2.2), where a method needs the top of a ranking itself."""

from typing import NamedTuple

import numpy as np

from softrec.errors import SoftrecError
from softrec.grounding import BLOCK, Grounding

TYPES = {"row": "int32", "items": "list<int32>", "distance": "list<double>"}


class Nearest(NamedTuple):
    """items: (B, K) item ids, nearest first; distance: (B, K) L2 distances, float64."""

    items: np.ndarray
    distance: np.ndarray


def nearest_items(grounding: Grounding, z: np.ndarray, rows: dict[str, list], k: int) -> Nearest:
    """The K items nearest to each of B generated texts, less those that the mask takes out.

    Items that share a title are equally near: they stand in the order of their ids. Equally near titles stand in the
    seeded order that breaks ties everywhere.

    Raises:
        SoftrecError: a row has fewer than K candidates.
    """
    of_title = [[] for _ in grounding.titles]
    for item, title in enumerate(grounding.title_id):
        if item:
            of_title[title].append(item)
    items, distance = [], []
    for start in range(0, len(z), BLOCK):
        block = z[start : start + BLOCK].astype(np.float64) - grounding.mean
        costs = np.sqrt(np.maximum(grounding.costs(z[start : start + BLOCK]) + (block**2).sum(1, keepdims=True), 0))
        for offset, cost in enumerate(costs):
            row = start + offset
            out = grounding.seen.excluded(
                grounding.settings.mask, rows["user"][row], rows["position"][row], np.asarray(rows["history"][row])
            )
            cost[grounding.title_id[out]] = np.inf
            found = first_items(cost, grounding.order, of_title, set(out.tolist()), k)
            if len(found) < k:
                raise SoftrecError(f"row {row} has only {len(found)} items to rank, {k} are asked for")
            items.append(found)
            distance.append(cost[grounding.title_id[found]])
    return Nearest(np.asarray(items), np.asarray(distance))


def first_items(
    cost: np.ndarray, order: np.ndarray, of_title: list[list[int]], excluded: set[int], k: int
) -> list[int]:
    """The first K items in the order of their titles' cost; of equal ones in `order`."""
    top = np.argpartition(cost, min(k, len(cost) - 1))[: k + 1] if len(cost) > k + 1 else np.arange(len(cost))
    near = np.flatnonzero(cost <= cost[top].max())
    near = near[np.lexsort((order[near], cost[near]))]
    found = [item for title in near if np.isfinite(cost[title]) for item in of_title[title] if item not in excluded]
    return found[:k]
