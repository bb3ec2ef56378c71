"""Grounding (paper, section 2.2): items ranked by d = || z_yhat - z_i ||_2 between a generated text and titles.

Candidates are distinct titles: items that share one cannot be told apart by a text. A hit is the target's title.
"""

from dataclasses import dataclass

import numpy as np

from softrec import seeds
from softrec.ranking import Mask, Ranks, SeenItems, rank_targets

BLOCK = 128


@dataclass(frozen=True)
class GroundingSettings:
    """`mask`: which of a user's items are no candidates; `tie_seed`: of the permutation that breaks ties."""

    mask: Mask
    tie_seed: int


class Grounding:
    """The catalogue as ranking needs it: float64 title embeddings, centred on their mean.

    Distances do not change when both sides are centred, but rounding does: title embeddings share a large common
    part, which would cost the product most of its digits.

    Args:
        titles: (T, D) float32 embeddings by title id.
        title_id: (N + 1,) title id of each item id; entry 0 (padding) is unused.
        seen: the users' interactions.
    """

    def __init__(self, titles: np.ndarray, title_id: np.ndarray, seen: SeenItems, settings: GroundingSettings) -> None:
        self.mean = titles.mean(axis=0, dtype=np.float64)
        self.titles = titles.astype(np.float64) - self.mean
        self.norms = (self.titles**2).sum(axis=1)
        self.title_id, self.seen, self.settings = title_id, seen, settings
        self.order = seeds.stream(settings.tie_seed, "ties").permutation(len(titles))

    def costs(self, z: np.ndarray) -> np.ndarray:
        """(B, T) squared L2 distances in float64, less each row's own constant || z ||^2: the order is the same."""
        return self.norms - 2.0 * ((z.astype(np.float64) - self.mean) @ self.titles.T)

    def rank(self, z: np.ndarray, rows: dict[str, list]) -> Ranks:
        """Rank the target's title of each row by its distance to the row's generated text.

        Args:
            z: (B, D) embeddings of the generated texts.
            rows: columns user, position, history and target of the B rows.
        """
        parts = []
        for start in range(0, len(z), BLOCK):
            chosen = range(start, min(start + BLOCK, len(z)))
            excluded = [self.excluded(rows["user"][i], rows["position"][i], rows["history"][i]) for i in chosen]
            target = self.title_id[[rows["target"][i] for i in chosen]]
            parts.append(rank_targets(self.costs(z[start : start + BLOCK]), target, excluded, self.order))
        return Ranks(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def excluded(self, user: int, position: int, history: list[int]) -> np.ndarray:
        """Title ids that are no candidates: titles of items that the mask takes out."""
        items = self.seen.excluded(self.settings.mask, user, position, np.asarray(history, np.int64))
        return self.title_id[items]
