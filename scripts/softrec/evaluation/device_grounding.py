"""Grounding by torch on the device of a language model: the ranks of `softrec.evaluation.grounding`, on a GPU sooner.

Matrix products in float64 decide all but a few comparisons, with a bound on their rounding that holds for any order of
sums. The few are decided in numpy by the same distances, so ranks do not depend on the device.
"""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

import numpy as np
import torch

from softrec.evaluation import grounding
from softrec.evaluation.grounding import ROUNDING, Compared, Grounding, GroundingSettings
from softrec.splits.seen_items import SeenItems


class DeviceGrounding(Grounding):
    """`Grounding` whose costs are computed on `device`.

    At 61,528 titles of width 3,072 and 1,024 texts a GPU holds 25 MB of titles, 25 MB of texts and 8 MB of costs at a
    time, with copies in between at most 120 MB. It is sent 756 MB of titles, block by block.
    """

    def __init__(
        self,
        titles: np.ndarray,
        title_id: np.ndarray,
        seen: SeenItems,
        settings: GroundingSettings,
        device: torch.device,
    ) -> None:
        super().__init__(titles, title_id, seen, settings)
        self.device = device

    def compared(self, z: np.ndarray, own: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> Iterator[Compared]:
        """As `Grounding.compared`."""
        mean, limit = self.sent(self.mean), self.sent(own)
        centred = self.sent(z).double() - mean
        offset = centred.square().sum(1)
        centred *= -2.0
        for start in range(0, len(self.titles), grounding.TITLES_AT_ONCE):
            titles = self.sent(self.titles[start : start + grounding.TITLES_AT_ONCE]).double() - mean
            norms = titles.square().sum(1)
            cost = torch.addmm(norms[None], centred, titles.T)
            here = (start <= columns) & (columns < start + len(titles))
            cost[self.sent(rows[here]), self.sent(columns[here] - start)] = torch.inf
            slack = 4 * (z.shape[1] + 8) * ROUNDING * (offset.sqrt() + norms.max().sqrt()).square()
            nearer = cost < (limit - offset - slack)[:, None]
            close = (cost <= (limit - offset + slack)[:, None]) & ~nearer
            pairs = close.nonzero().tolist()  # in the order of rows
            by_row = [
                (row, start + np.array([title for _, title in found])) for row, found in groupby(pairs, itemgetter(0))
            ]
            yield Compared(nearer.sum(1).cpu().numpy(), by_row)

    def sent(self, values: np.ndarray) -> torch.Tensor:
        """An array as a tensor on the device."""
        return torch.from_numpy(np.ascontiguousarray(values)).to(self.device)
