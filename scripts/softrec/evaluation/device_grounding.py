"""Grounding by torch on a language model's device: the same ranks as `softrec.evaluation.grounding`, faster on a GPU.

Matrix products in float64 decide almost all comparisons, with a rounding bound that holds for any order of sums. The
others are decided in numpy by the same exact distances, so ranks do not depend on the device.
"""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
import torch

from softrec.evaluation import grounding
from softrec.evaluation.beam_grounding import BeamGrounding, BeamTexts, combined
from softrec.evaluation.grounding import ROUNDING, Compared, Grounding, GroundingSettings
from softrec.splits.seen_items import SeenItems


class DeviceBlock(NamedTuple):
    """A `Block` of n titles on the device: start, (B, n) cost, (B,) offset, (B,) slack."""

    start: int
    cost: torch.Tensor
    offset: torch.Tensor
    slack: torch.Tensor


class DeviceGrounding(Grounding):
    """`Grounding` whose costs are computed on `device`.

    With 61,528 titles of width 3,072 and 1,024 texts, a GPU holds 25 MB of titles, 25 MB of texts and 8 MB of costs at
    a time, at most 120 MB with temporary copies. In total 756 MB of titles are sent to it, block by block.
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

    def device_blocks(self, z: Any) -> Iterator[DeviceBlock]:
        """Yield the costs like `Grounding.blocks`, on the device."""
        mean = self.sent(self.mean)
        centred = self.sent(z).double() - mean
        offset = centred.square().sum(1)
        centred *= -2.0
        for start in range(0, len(self.titles), grounding.TITLES_AT_ONCE):
            titles = self.sent(self.titles[start : start + grounding.TITLES_AT_ONCE]).double() - mean
            norms = titles.square().sum(1)
            cost = torch.addmm(norms[None], centred, titles.T)
            slack = 4 * (z.shape[1] + 8) * ROUNDING * (offset.sqrt() + norms.max().sqrt()).square()
            yield DeviceBlock(start, cost, offset, slack)

    def compared(self, z: Any, own: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> Iterator[Compared]:
        """Compare like `Grounding.compared`, on the device."""
        limit = self.sent(own)
        for start, cost, offset, slack in self.device_blocks(z):
            here = (start <= columns) & (columns < start + cost.shape[1])
            cost[self.sent(rows[here]), self.sent(columns[here] - start)] = torch.inf
            nearer = cost < (limit - offset - slack)[:, None]
            close = (cost <= (limit - offset + slack)[:, None]) & ~nearer
            pairs = close.nonzero().tolist()  # sorted by row, as groupby requires
            by_row = [
                (row, start + np.array([title for _, title in found])) for row, found in groupby(pairs, itemgetter(0))
            ]
            yield Compared(nearer.sum(1).cpu().numpy(), by_row)

    def sent(self, values: np.ndarray) -> torch.Tensor:
        """Copy an array to a tensor on the device."""
        return torch.from_numpy(np.ascontiguousarray(values)).to(self.device)


class DeviceBeamGrounding(DeviceGrounding, BeamGrounding):
    """`BeamGrounding` whose costs are computed on `device`; 1,024 texts are those of 256 rows with 4 beams."""

    def device_blocks(self, z: BeamTexts) -> Iterator[DeviceBlock]:
        """Yield the costs like `BeamGrounding.blocks`, on the device."""
        weight = list(self.sent(z.log_weight.T)[..., None])
        for start, cost, offset, slack in super().device_blocks(z.z.reshape(-1, z.z.shape[-1])):
            squared = (cost + offset[:, None]).unflatten(0, z.log_weight.shape).unbind(1)
            near = combined(squared, weight, self.settings.temperature, torch)
            bound = self.sent(self.slack(slack.cpu().numpy(), z))
            yield DeviceBlock(start, near, torch.zeros_like(bound), bound)


def device_grounding_by(
    titles: np.ndarray, title_id: np.ndarray, seen: SeenItems, settings: GroundingSettings, device: torch.device
) -> DeviceGrounding:
    """Make the grounding that the settings ask for, on a device."""
    kind = DeviceGrounding if settings.distance == "first" else DeviceBeamGrounding
    return kind(titles, title_id, seen, settings, device)
