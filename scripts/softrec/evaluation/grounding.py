"""Grounding (paper, section 2.2): titles are ranked by d = || z_yhat - z_i ||_2 to a generated text.

Candidates are distinct titles: a text cannot distinguish items that share a title. A hit is the target's title.
Distances to several texts of a row are in `softrec.evaluation.beam_grounding`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from common.errors import SoftrecError
from softrec.evaluation.ranking import Candidates, Ranks, ahead
from softrec.splits.seen_items import Mask, SeenItems

ROWS_AT_ONCE = 1024
TITLES_AT_ONCE = 1024  # 25 MB in float64 at a width of 3,072
ROUNDING = 2.0**-53


@dataclass(frozen=True)
class GroundingSettings:
    """Settings of grounding.

    Attributes:
        mask: which of a user's items are excluded.
        tie_seed: seed of the permutation that breaks ties.
        distance: of a title to a row: to the best beam's text, the least over all beams, or their soft minimum.
        temperature: T of the soft minimum, in units of the distance.
    """

    mask: Mask
    tie_seed: int
    distance: Literal["first", "least", "softmin"] = "first"
    temperature: float | None = None

    def __post_init__(self) -> None:
        """Raise `SoftrecError` unless there is a positive temperature exactly if the distance needs one."""
        if (self.distance == "softmin") != (self.temperature is not None and self.temperature > 0):
            what = f"the temperature of the distance {self.distance!r} is {self.temperature}"
            raise SoftrecError(what, where="--settings", remedy="give a positive one for softmin, and else none")


class Block(NamedTuple):
    """Costs of n titles, from title `start` on, for B texts.

    cost: (B, n) float64, || z - z_i ||^2 - offset; offset, slack: (B,). The cost differs by at most `slack` from the
    result of `squared_distances` for the pair minus the offset.
    """

    start: int
    cost: np.ndarray
    offset: np.ndarray
    slack: np.ndarray


class Compared(NamedTuple):
    """Comparison of a block of titles with the targets of B texts.

    Attributes:
        nearer: (B,) number of titles that are certainly nearer to the text than its target.
        close: pairs (row, titles) of the titles for which the cost, given its rounding error, does not decide.
    """

    nearer: np.ndarray
    close: list[tuple[int, np.ndarray]]


def squared_distances(z: np.ndarray, titles: np.ndarray) -> np.ndarray:
    """Compute (n,) || z - z_i ||^2 by float64 differences; z is (D,), or (n, D) for pairs.

    Each row is summed separately, so equal titles have equal distances, whatever the other rows are. These distances
    alone define which titles are nearer and which are equal.
    """
    difference = np.subtract(titles, z, dtype=np.float64)
    return np.square(difference, out=difference).sum(axis=1)


def require_finite(z: np.ndarray, of: str, first: int = 0) -> None:
    """Raise `SoftrecError`, naming the first one, if an embedding has a NaN or infinity.

    Such an embedding would not be nearer than any other. Row 0 of z is number `first` of the objects named `of`.
    """
    if not np.isfinite(z).all():
        row = first + int(np.flatnonzero(~np.isfinite(z).all(axis=1))[0])
        raise SoftrecError(f"the embedding of {of} {row} is not finite", remedy="look for NaN losses in the logs")


class Grounding:
    """Exact ranking of titles by their distance to generated texts.

    A matrix product gives all distances at once, but with rounding errors, which may differ between equal titles. It
    decides which titles are certainly nearer or certainly farther than the target; the few others are compared by
    `squared_distances`. Ranks are therefore those of brute force. The product is computed by blocks of titles, centred
    on their mean: centring both sides does not change distances, but reduces rounding errors, because title embeddings
    share a large common part.

    Args:
        titles: (T, D) float32 embeddings by title id.
        title_id: (N + 1,) title id of each item id; entry 0 (padding) is unused.
        seen: the users' interactions.
        settings: the mask and the seed of ties.

    Raises:
        SoftrecError: an embedding of a title is not finite.
    """

    def __init__(self, titles: np.ndarray, title_id: np.ndarray, seen: SeenItems, settings: GroundingSettings) -> None:
        self.titles, self.mean = titles, titles.mean(axis=0, dtype=np.float64)
        if not np.isfinite(self.mean).all():
            require_finite(titles, "title")
        self.title_id, self.settings = title_id, settings
        self.candidates = Candidates(title_id, len(titles), seen, settings.mask, settings.tie_seed)

    def exact(self, z: Any, titles: np.ndarray) -> np.ndarray:
        """Compute (n,) exact costs, by which titles are ranked, of one text, or of n pairs, and n title ids."""
        return squared_distances(z, self.titles[titles])

    def distance(self, cost: np.ndarray) -> np.ndarray:
        """Return the distances with these exact costs."""
        return np.sqrt(cost)

    def rows_at_once(self, z: Any) -> int:
        """Return the number of rows that are ranked together."""
        return ROWS_AT_ONCE

    def require_finite(self, z: Any, first: int = 0) -> None:
        """Raise `SoftrecError` if an embedding of a text is not finite; row 0 of z is text `first`."""
        require_finite(z, "text", first)

    def blocks(self, z: Any) -> Iterator[Block]:
        """Yield the costs of (B, D) texts by blocks of titles.

        With u = 2^-53 and S = (|| z || + max || z_i ||)^2 of centred vectors, a sum of D products of numbers that were
        rounded once has an error of at most (D + 3) u S. The slack of 4 (D + 8) u S covers three such sums
        (|| z_i ||^2 - 2 z z_i, || z ||^2, and the squared distance itself), and terms in u^2 and the last subtractions.
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

    def rank(self, z: Any, rows: dict[str, list]) -> Ranks:
        """Rank the target's title of each row by its distance to the row's generated text.

        Args:
            z: (B, D) embeddings of the generated texts.
            rows: the columns user, position, history and target of the B rows.

        Raises:
            SoftrecError: an embedding of a text is not finite.
        """
        self.require_finite(z)
        target = self.title_id[rows["target"]]
        parts = []
        at_once = self.rows_at_once(z)
        for start in range(0, len(z), at_once):
            chosen = slice(start, start + at_once)
            users = zip(rows["user"][chosen], rows["position"][chosen], rows["history"][chosen], strict=True)
            parts.append(self.count(z[chosen], target[chosen], [self.candidates.excluded(*user) for user in users]))
        return Ranks(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def count(self, z: Any, target: np.ndarray, excluded: list[np.ndarray]) -> Ranks:
        """Count ranks and ties block by block.

        Args:
            z: (B, D) texts.
            target: (B,) title ids of the targets.
            excluded: title ids to exclude in each row; the target is kept even if it is among them.
        """
        # The target is always a candidate.
        gone = [np.setdiff1d(titles, own) for titles, own in zip(excluded, target, strict=True)]
        rows, columns = np.repeat(np.arange(len(z)), [len(titles) for titles in gone]), np.concatenate(gone)
        own, order = self.exact(z, target), self.candidates.order
        # Ties start at -1, because the target is among the titles compared below and equals itself.
        rank, ties = np.zeros(len(z), np.int64), np.full(len(z), -1)
        for nearer, close_to in self.compared(z, own, rows, columns):
            rank += nearer
            for row, close in close_to:
                first, equal = ahead(self.exact(z[row], close), own[row], order[close], order[target[row]])
                rank[row] += first.sum()
                ties[row] += equal.sum()
        return Ranks(rank, len(self.titles) - np.bincount(rows, minlength=len(z)), ties)

    def compared(self, z: Any, own: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> Iterator[Compared]:
        """Compare the distances of B texts to blocks of titles with those to their targets.

        Args:
            z: (B, D) texts.
            own: (B,) exact costs of the targets.
            rows: row of each excluded pair of text and title.
            columns: title of each excluded pair.
        """
        for start, cost, offset, slack in self.blocks(z):
            here = (start <= columns) & (columns < start + cost.shape[1])
            cost[rows[here], columns[here] - start] = np.inf
            nearer = cost < (own - offset - slack)[:, None]
            possible = cost <= (own - offset + slack)[:, None]
            sure = np.count_nonzero(nearer, axis=1)
            some = np.flatnonzero(np.count_nonzero(possible, axis=1) > sure)
            yield Compared(sure, [(int(row), start + np.flatnonzero(possible[row] & ~nearer[row])) for row in some])
