"""Grounding by the texts of all W beams of a row, in place of the best one's (docs/controls.md).

The distance of title i to a row with the texts b, at distances d_b(i) = || z_b - z_i ||_2, is

    least:    d(i) = min_b d_b(i)
    softmin:  d(i) = -T log sum_b w_b exp(-d_b(i) / T)

w_b is proportional to exp(score of beam b), and sums to 1 over the row. With length_penalty 0 a score is the text's
log-likelihood, and w_b its probability among the row's texts; then exp(-d(i) / T) is the mean of exp(-d_b(i) / T) over
the model's own distribution of texts. With another length_penalty, w_b follows the same score as the order of the
beams. T to 0 gives `least`, T to infinity the weighted mean of the distances. Equal texts of a row add their weights.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np

from common.errors import SoftrecError
from softrec.evaluation import grounding
from softrec.evaluation.grounding import ROUNDING, Block, Grounding, GroundingSettings, squared_distances
from softrec.io import arrays, tables
from softrec.splits.seen_items import SeenItems


@dataclass(frozen=True, eq=False)
class BeamTexts:
    """The texts of R rows, or of one.

    Attributes:
        z: (R, W, D) float32 embeddings, (W, D) of one row. With 1,000 rows, 4 beams and a width of 3,072: 49 MB.
        log_weight: (R, W) float64 log w_b, minus infinity for a text that is left out; (W,) of one row.
    """

    z: np.ndarray
    log_weight: np.ndarray

    def __len__(self) -> int:
        """Return R."""
        return len(self.z)

    def __getitem__(self, rows: slice | int) -> "BeamTexts":
        """Return the texts of some rows, or of one."""
        return BeamTexts(self.z[rows], self.log_weight[rows])


def log_weights(scores: Sequence[Sequence[float]], beams: int) -> np.ndarray:
    """Compute (R, W) log w_b from the scores of each row's texts, of which there are at least one and at most W."""
    found = np.full((len(scores), beams), -np.inf)
    for row, own in enumerate(scores):
        found[row, : len(own)] = own
    best = found.max(axis=1, keepdims=True)
    return found - best - np.log(np.exp(found - best).sum(axis=1, keepdims=True))


def combined(squared: Iterable[Any], log_weight: Sequence[Any], temperature: float | None, xp: Any) -> Any:
    """Compute the cost of titles from their squared distances to the W texts of a row, elementwise.

    It is the least squared distance, or with a temperature the soft minimum of distances. Sums run over beams in their
    order, so that equal titles have equal costs, whatever else is computed with them.

    Args:
        squared: W arrays of squared distances.
        log_weight: W arrays of log w_b, each broadcastable to them.
        temperature: T, or None.
        xp: the library of the arrays, numpy or torch.
    """
    absent = [xp.where(xp.isneginf(weight), xp.inf, 0.0) for weight in log_weight]
    if temperature is None:
        return reduce(xp.minimum, [each + out for each, out in zip(squared, absent, strict=True)])
    distance = [xp.sqrt(xp.clip(each, 0, None)) + out for each, out in zip(squared, absent, strict=True)]
    nearest = reduce(xp.minimum, distance)
    # Relative to the nearest text: a small T would make d / T overflow.
    power = [weight - (d - nearest) / temperature for weight, d in zip(log_weight, distance, strict=True)]
    most = reduce(xp.maximum, power)
    return nearest - temperature * (most + xp.log(sum(xp.exp(each - most) for each in power)))


class BeamGrounding(Grounding):
    """`Grounding` whose texts are `BeamTexts`; its exact costs are those of `combined`."""

    def exact(self, z: BeamTexts, titles: np.ndarray) -> np.ndarray:
        """Compute (n,) exact costs of one row, or of n rows, and n title ids."""
        texts, chosen = np.moveaxis(z.z, -2, 0), self.titles[titles]
        squared = [squared_distances(text, chosen) for text in texts]
        return combined(squared, list(z.log_weight.T), self.settings.temperature, np)

    def distance(self, cost: np.ndarray) -> np.ndarray:
        """Return the distances with these exact costs."""
        return np.sqrt(cost) if self.settings.temperature is None else cost

    def rows_at_once(self, z: BeamTexts) -> int:
        """Return the number of rows that are ranked together, whose texts are as many as those of `Grounding`."""
        return max(1, grounding.ROWS_AT_ONCE // z.z.shape[1])

    def require_finite(self, z: BeamTexts, first: int = 0) -> None:
        """Raise `SoftrecError` if an embedding of a row's texts is not finite; row 0 of z is row `first`."""
        at_once = self.rows_at_once(z)
        for start in range(0, len(z), at_once):
            block = z.z[start : start + at_once]
            grounding.require_finite(block.reshape(len(block), -1), "a text of row", first + start)

    def blocks(self, z: BeamTexts) -> Iterator[Block]:
        """Yield the costs of B rows by blocks of titles: (B, 1,024) from (B W, 1,024), 8 MB with B W = 1,024."""
        weight = list(z.log_weight.T[..., None])
        for start, cost, offset, slack in super().blocks(z.z.reshape(-1, z.z.shape[-1])):
            cost += offset[:, None]
            squared = np.moveaxis(cost.reshape(*z.log_weight.shape, -1), 1, 0)
            near = combined(squared, weight, self.settings.temperature, np)
            yield Block(start, near, np.zeros(len(z)), self.slack(slack, z))

    def slack(self, slack: np.ndarray, z: BeamTexts) -> np.ndarray:
        """Bound the error of (B,) rows' costs, given the (B W,) bounds of the squared distances before the offset.

        A minimum, hard or soft, errs by at most the largest error of what it is taken of. The squared distance of
        `squared_distances` and that of a block differ by at most twice `slack`, with the added offset. For roots,
        |sqrt(a) - sqrt(b)| <= sqrt(|a - b|). A soft minimum is computed from numbers of at most the largest distance
        and T (max |log w_b| + log W + 1), each rounded a few times, here and in the exact cost: 128 u covers both.
        """
        largest = 2 * slack.reshape(z.log_weight.shape).max(axis=1)
        if self.settings.temperature is None:
            return largest
        reach = np.sqrt(largest / (4 * (z.z.shape[-1] + 8) * ROUNDING))
        kept = np.where(np.isneginf(z.log_weight), 0, np.abs(z.log_weight)).max(axis=1)
        terms = self.settings.temperature * (kept + np.log(z.log_weight.shape[1]) + 1)
        return np.sqrt(largest) + 128 * ROUNDING * (reach + terms)


def grounding_by(titles: np.ndarray, title_id: np.ndarray, seen: SeenItems, settings: GroundingSettings) -> Grounding:
    """Make the grounding that the settings ask for; arguments are those of `Grounding`."""
    kind = Grounding if settings.distance == "first" else BeamGrounding
    return kind(titles, title_id, seen, settings)


def texts_of(z: np.ndarray, scores: Sequence[Sequence[float]], settings: GroundingSettings) -> Any:
    """Return what `grounding_by(...)` ranks by: (R, D) embeddings as they are, (R, W, D) as `BeamTexts`.

    Raises `SoftrecError` if the distance is to one text and there are several for each row, or the other way round.
    """
    if (z.ndim == 3) != (settings.distance != "first"):
        what = f"the distance is {settings.distance!r}, and texts are {'all' if z.ndim == 3 else 'first'}"
        raise SoftrecError(what, where="--settings", remedy="give distance first with texts first, else texts all")
    return BeamTexts(z, log_weights(scores, z.shape[1])) if z.ndim == 3 else z


def read_texts(
    embeddings: Path, predictions: Sequence[Path] | None, rows: int, width: int, settings: GroundingSettings
) -> Any:
    """Read what `grounding_by(...)` ranks by: (R, D) embeddings of texts, or the `BeamTexts` of R rows.

    Args:
        embeddings: embeddings.npy of the texts.
        predictions: one predictions.parquet with the scores of the beams, if the distance is to several texts.
        rows: number of rows (R).
        width: width of the embeddings (D).
        settings: settings of grounding.

    Raises:
        SoftrecError: predictions are missing, or given and not needed, or the files do not fit each other.
    """
    given = list(predictions or [])
    if len(given) != (settings.distance != "first"):
        found = f"the distance is {settings.distance!r}, and {len(given)} files of predictions are given"
        raise SoftrecError(found, where="--predictions", remedy="give one file for least and softmin, else none")
    if not given:
        return arrays.read_array(embeddings, "float32", (rows, width))
    # Mapped: with 8,000 rows and 4 beams of width 3,072 the array has 393 MB, of which 1,024 texts are read at once.
    z = arrays.read_array(embeddings, "float32", (rows, None, width), mapped=True)
    scores = tables.read_table(given[0], ["scores"])["scores"].to_pylist()
    if len(scores) != rows or not all(1 <= len(own) <= z.shape[1] for own in scores):
        what = f"{given[0]} does not have the scores of 1 to {z.shape[1]} texts for each of the {rows} rows"
        raise SoftrecError(what, remedy=f"remove {given[0]} and let Snakemake make it again")
    return texts_of(z, scores, settings)
