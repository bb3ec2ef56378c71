"""The first titles of rankings by distance, in the order that defines ranks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from common.errors import SoftrecError
from softrec.evaluation.grounding import Grounding, GroundingSettings
from softrec.evaluation.nearest import ROWS_AT_ONCE, all_costs, first_titles


@dataclass(frozen=True, kw_only=True)
class TopGroundingSettings(GroundingSettings):
    """Settings of grounding, and the number of titles to list, k."""

    k: int


class Top(NamedTuple):
    """The first K titles of one row: (K,) title ids, best first, and (K,) distances or scores, float64."""

    title: np.ndarray
    value: np.ndarray


def nearest_titles(grounding: Grounding, z: Any, excluded: Sequence[np.ndarray], k: int) -> list[Top]:
    """Find the K titles nearest to each of B generated texts, nearest first, with their L2 distances.

    Titles at equal distances are in the seeded order that breaks ties in all rankings, so the title at place r (from 0)
    is the one whose rank is r.

    Args:
        grounding: the titles.
        z: (B, D) float32 embeddings of the texts, or `BeamTexts` of B rows, if `grounding` is about these.
        excluded: distinct title ids that are not candidates, for each text.
        k: number of titles.

    Raises:
        SoftrecError: a row has fewer than K candidates, or an embedding is not finite.
    """
    found = []
    for start in range(0, len(z), ROWS_AT_ONCE):
        block = z[start : start + ROWS_AT_ONCE]
        grounding.require_finite(block, start)
        cost, slack = all_costs(grounding, block)
        for row, (own, reach) in enumerate(zip(cost, slack, strict=True), start):
            require_enough(len(own) - len(excluded[row]), k, row)
            own[excluded[row]] = np.inf
            title, exact = first_titles(grounding, z[row], own, reach, k)
            found.append(Top(title[:k], grounding.distance(exact[:k])))
    return found


def require_enough(candidates: int, k: int, row: int) -> None:
    """Raise `SoftrecError` if a row has fewer than K candidates."""
    if candidates < k:
        raise SoftrecError(f"row {row} has only {candidates} titles to rank, but {k} are required", remedy="lower k")
