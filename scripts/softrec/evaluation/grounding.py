"""Grounding (paper, section 2.2): items ranked by d = || z_yhat - z_i ||_2 between a generated text and titles.

Candidates are distinct titles: items that share one cannot be told apart by a text. A hit is the target's title.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from common.errors import SoftrecError
from softrec.evaluation.ranking import Candidates, Ranks, ahead
from softrec.splits.seen_items import Mask, SeenItems

ROWS_AT_ONCE = 1024
TITLES_AT_ONCE = 1024  # 25 MB in float64 at a width of 3,072
ROUNDING = 2.0**-53


@dataclass(frozen=True)
class GroundingSettings:
    """`mask`: which of a user's items are no candidates; `tie_seed`: of the permutation that breaks ties."""

    mask: Mask
    tie_seed: int


class Block(NamedTuple):
    """What B texts cost beside n titles, from title `start` on.

    cost: (B, n) float64, || z - z_i ||^2 - offset; offset, slack: (B,). The cost is within `slack` of what
    `squared_distances` gives for the pair, less the offset.
    """

    start: int
    cost: np.ndarray
    offset: np.ndarray
    slack: np.ndarray


class Compared(NamedTuple):
    """A block of titles against B targets.

    nearer: (B,) how many titles are certainly nearer to a text than its target is. close: for some of the texts, by
    row, the titles whose cost does not tell.
    """

    nearer: np.ndarray
    close: list[tuple[int, np.ndarray]]


def squared_distances(z: np.ndarray, titles: np.ndarray) -> np.ndarray:
    """(n,) || z - z_i ||^2 by float64 differences; z is (D,), or (n, D) for pairs.

    Each row is summed by itself, so equal titles are equally far, whatever other rows there are. What is nearer and
    what is equal is decided by these numbers alone.
    """
    difference = np.subtract(titles, z, dtype=np.float64)
    return np.square(difference, out=difference).sum(axis=1)


def require_finite(z: np.ndarray, of: str, first: int = 0) -> None:
    """Raise `SoftrecError`, naming the first, if an embedding has a NaN or infinity: it would be nearer than none.

    Row 0 of z is `of` number `first`.
    """
    if not np.isfinite(z).all():
        row = first + int(np.flatnonzero(~np.isfinite(z).all(axis=1))[0])
        raise SoftrecError(f"the embedding of {of} {row} is not finite", remedy="look for NaN losses in the logs")


class Grounding:
    """The catalogue as ranking needs it: title embeddings and their mean.

    A matrix product gives all distances at once, but rounds, and not always alike for equal titles. It says which
    titles are certainly nearer than the target or certainly farther; the few between are compared by
    `squared_distances`. Ranks are therefore those of brute force. The product is made of blocks of titles, centred on
    their mean: distances do not change when both sides are centred, but rounding does, for title embeddings share a
    large common part.

    Args:
        titles: (T, D) float32 embeddings by title id.
        title_id: (N + 1,) title id of each item id; entry 0 (padding) is unused.
        seen: the users' interactions.

    Raises:
        SoftrecError: an embedding of a title is not finite.
    """

    def __init__(self, titles: np.ndarray, title_id: np.ndarray, seen: SeenItems, settings: GroundingSettings) -> None:
        self.titles, self.mean = titles, titles.mean(axis=0, dtype=np.float64)
        if not np.isfinite(self.mean).all():
            require_finite(titles, "title")
        self.title_id, self.settings = title_id, settings
        self.candidates = Candidates(title_id, len(titles), seen, settings.mask, settings.tie_seed)

    def blocks(self, z: np.ndarray) -> Iterator[Block]:
        """The costs of (B, D) texts by blocks of titles.

        With u = 2^-53 and S = (|| z || + max || z_i ||)^2 of centred vectors, a sum of D products, each of numbers
        rounded once, is within (D + 3) u S: || z_i ||^2 - 2 z z_i, || z ||^2, and the squared distance itself. The
        fourth part covers terms in u^2 and the last subtractions.
        """
        centred = z - self.mean
        offset = np.einsum("bd,bd->b", centred, centred)
        centred *= -2.0
        room = np.empty((min(TITLES_AT_ONCE, len(self.titles)), len(self.mean)))
        for start in range(0, len(self.titles), TITLES_AT_ONCE):
            block = self.titles[start : start + TITLES_AT_ONCE]
            titles = np.subtract(block, self.mean, out=room[: len(block)])
            norms = np.einsum("nd,nd->n", titles, titles)
            cost = centred @ titles.T
            cost += norms
            reach = np.square(np.sqrt(offset) + np.sqrt(norms.max()))
            yield Block(start, cost, offset, 4 * (z.shape[1] + 8) * ROUNDING * reach)

    def rank(self, z: np.ndarray, rows: dict[str, list]) -> Ranks:
        """Rank the target's title of each row by its distance to the row's generated text.

        Args:
            z: (B, D) embeddings of the generated texts.
            rows: columns user, position, history and target of the B rows.

        Raises:
            SoftrecError: an embedding of a text is not finite.
        """
        require_finite(z, "text")
        target = self.title_id[rows["target"]]
        parts = []
        for start in range(0, len(z), ROWS_AT_ONCE):
            chosen = slice(start, start + ROWS_AT_ONCE)
            users = zip(rows["user"][chosen], rows["position"][chosen], rows["history"][chosen], strict=True)
            parts.append(self.count(z[chosen], target[chosen], [self.candidates.excluded(*user) for user in users]))
        return Ranks(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def count(self, z: np.ndarray, target: np.ndarray, excluded: list[np.ndarray]) -> Ranks:
        """`Ranks`, counted block by block.

        Args:
            z: (B, D) texts. target: (B,) title ids. excluded: per row the title ids that are no candidates; the target
                is never excluded.
        """
        gone = [np.setdiff1d(titles, own) for titles, own in zip(excluded, target, strict=True)]
        rows, columns = np.repeat(np.arange(len(z)), [len(titles) for titles in gone]), np.concatenate(gone)
        own, order = squared_distances(z, self.titles[target]), self.candidates.order
        rank, ties = np.zeros(len(z), np.int64), np.full(len(z), -1)
        for nearer, close_to in self.compared(z, own, rows, columns):
            rank += nearer
            for row, close in close_to:
                distance = squared_distances(z[row], self.titles[close])
                first, equal = ahead(distance, own[row], order[close], order[target[row]])
                rank[row] += first.sum()
                ties[row] += equal.sum()
        return Ranks(rank, len(self.titles) - np.bincount(rows, minlength=len(z)), ties)

    def compared(self, z: np.ndarray, own: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> Iterator[Compared]:
        """By blocks of titles, how the distances of B texts compare with those to their targets.

        Args:
            z: (B, D) texts. own: (B,) squared distances to the targets.
            rows, columns: of the pairs of text and title that are not compared.
        """
        for start, cost, offset, slack in self.blocks(z):
            here = (start <= columns) & (columns < start + cost.shape[1])
            cost[rows[here], columns[here] - start] = np.inf
            nearer = cost < (own - offset - slack)[:, None]
            possible = cost <= (own - offset + slack)[:, None]
            sure = np.count_nonzero(nearer, axis=1)
            some = np.flatnonzero(np.count_nonzero(possible, axis=1) > sure)
            yield Compared(sure, [(int(row), start + np.flatnonzero(possible[row] & ~nearer[row])) for row in some])
