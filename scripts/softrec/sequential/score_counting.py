"""Count the candidates that score above a row's target: in float32 where that is certain, else in float64.

Ranks are defined by float64 scores. Computing and comparing (B, T) arrays of these scores would take most of the
validation time of a small model on a large catalogue. The error of a float32 score has a known bound. So float32 scores
decide nearly all titles, and only titles within this bound of the target's score are scored again in float64. The ranks
are the same. Everything runs on the model's device.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from common.errors import SoftrecError
from softrec.evaluation.ranking import Ranks

TITLES_AT_ONCE = 2048  # a block of scores of 256 rows is 2 MB
CELLS_AT_ONCE = 2**17  # cells to score again: at width 64 three arrays of 67 MB


class Places(NamedTuple):
    """Layout of the T titles of a catalogue: first S titles of a single item, then titles that several items share.

    Attributes:
        single: (S,) columns of the output layer, one per title.
        shared: (M,) columns of the output layer; the columns of one shared title are adjacent.
        start: (T - S,) index in `shared` where each shared title begins.
        order: (T,) rank of each title in the permutation that breaks ties.
    """

    single: np.ndarray
    shared: np.ndarray
    start: np.ndarray
    order: np.ndarray


class Cells(NamedTuple):
    """Cells of a (B, T) array, as arrays of row and place."""

    row: np.ndarray
    place: np.ndarray


class Counter:
    """Ranks targets by the scores of an output layer; a title has the score of its best item.

    Args:
        output: the layer; its row j belongs to item j + 1.
        places: the layout of the titles.
    """

    def __init__(self, output: nn.Linear, places: Places) -> None:
        # The margin holds for IEEE float32; with a GPU's TF32 the errors may be a hundred times as large.
        torch.set_float32_matmul_precision("highest")
        weight, bias = output.weight, output.bias
        single, shared = (torch.from_numpy(part).to(weight.device) for part in (places.single, places.shared))
        self.weight, self.bias = weight[single], bias[single]  # Kindle: 15 MB
        self.shared = weight[shared].double(), bias[shared].double()
        self.start = torch.from_numpy(places.start).to(weight.device)
        self.group = torch.from_numpy(np.repeat(np.arange(len(places.start)), widths(places))).to(weight.device)
        self.order = torch.from_numpy(places.order).to(weight.device)
        self.longest, self.highest = weight.norm(dim=1).max().double(), bias.abs().max().double()

    def rank(self, state: Tensor, target: np.ndarray, gone: Cells) -> Ranks:
        """Rank the titles at the places `target` (B,) for states (B, D), without the titles in `gone`.

        The cells of `gone` must be distinct, and none may be a row's target.

        Raises:
            SoftrecError: a score is not finite.
        """
        margin = self.margin(state)
        own_place = torch.from_numpy(target).to(state.device)
        row, place = (torch.from_numpy(column).to(state.device, torch.long) for column in gone)
        groups = self.shared_scores(state)
        own = self.own_score(state, own_place, groups)
        rows = torch.arange(len(state), device=state.device)
        row, place = torch.cat([row, rows]), torch.cat([place, own_place])  # a target is not counted against itself
        alone = place < len(self.weight)
        above, near = self.certain(state, own, margin, row[alone], place[alone])
        groups[row[~alone], place[~alone] - len(self.weight)] = -torch.inf
        tied = torch.zeros_like(above)
        # All cells are near if all scores are equal: (256, 61,528) cells at once would take 24 GB.
        for row, place in zip(*(part.split(CELLS_AT_ONCE) for part in near), strict=True):
            ahead, ties = self.ahead(self.single_scores(state, row, place), own[row], place, own_place[row])
            above.index_add_(0, row, ahead.long())
            tied.index_add_(0, row, ties.long())
        everyone = torch.arange(len(self.weight), len(self.order), device=state.device)
        ahead, ties = self.ahead(groups, own[:, None], everyone, own_place[:, None])
        above, tied = above + ahead.sum(dim=1), tied + ties.sum(dim=1)
        candidates = len(self.order) - np.bincount(gone.row, minlength=len(state))
        return Ranks(above.cpu().numpy(), candidates, tied.cpu().numpy())

    def margin(self, state: Tensor) -> Tensor:
        """Return a bound (B,) in float64 of the rounding error of a float32 score.

        The error of a sum of D products and a bias, in any order, is at most (D + 1) u times the sum of the terms'
        absolute values, which by Cauchy-Schwarz is at most |h| |w| + |c|; u is eps / 2. Twice this bound leaves room
        for the rounding of the bounds themselves.

        Raises:
            SoftrecError: a score is not finite.
        """
        reach = self.longest * state.double().norm(dim=1) + self.highest
        eps, largest = torch.finfo(self.weight.dtype).eps, torch.finfo(self.weight.dtype).max
        finite = reach <= largest  # False for NaN, too
        if not finite.all():
            row = int((~finite).nonzero()[0])
            raise SoftrecError(f"a score of row {row} is not finite", remedy="look for NaN losses in the training log")
        return (state.shape[1] + 4) * eps * reach

    def shared_scores(self, state: Tensor) -> Tensor:
        """Return the float64 scores (B, T - S) of the shared titles."""
        weight, bias = self.shared
        score = torch.addmm(bias, state.double(), weight.T)
        best = score.new_full((len(state), len(self.start)), -torch.inf)
        return best.scatter_reduce_(1, self.group.expand(len(state), -1), score, "amax")

    def single_scores(self, state: Tensor, row: Tensor, place: Tensor) -> Tensor:
        """Return the float64 scores (n,) of the cells (row, place), whose titles have a single item."""
        return (state[row].double() * self.weight[place].double()).sum(dim=1) + self.bias[place].double()

    def own_score(self, state: Tensor, place: Tensor, groups: Tensor) -> Tensor:
        """Return the float64 scores (B,) of the title at the given place of each row."""
        own = state.new_empty(len(state), dtype=torch.float64)
        alone = place < len(self.weight)
        single, shared = alone.nonzero()[:, 0], (~alone).nonzero()[:, 0]
        own[single] = self.single_scores(state, single, place[single])
        own[shared] = groups[shared, place[shared] - len(self.weight)]
        return own

    def certain(
        self, state: Tensor, own: Tensor, margin: Tensor, row: Tensor, place: Tensor
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return the number (B,) of single-item titles certainly above the target, and the cells to score again.

        The cells (row, place) are excluded. Comparisons are stored as floats and summed by a product with ones, which
        is much faster than counting booleans.
        """
        place, order = place.sort()
        row, starts = row[order], range(0, len(self.weight), TITLES_AT_ONCE)
        ends = torch.searchsorted(place, torch.tensor([*starts, len(self.weight)], device=place.device)).tolist()
        low, high = ((own + shift)[:, None].to(state.dtype) for shift in (-margin, margin))
        above, near = state.new_zeros(len(state)), []
        for start, first, end in zip(starts, ends, ends[1:], strict=False):
            block = slice(start, start + TITLES_AT_ONCE)
            score = torch.addmm(self.bias[block], state, self.weight[block].T)
            score[row[first:end], place[first:end] - start] = -torch.inf
            ones, found = score.new_ones(score.shape[1]), torch.empty_like(score)
            over = torch.gt(score, high, out=found) @ ones
            some = (torch.ge(score, low, out=found) @ ones > over).nonzero()[:, 0]
            cell = ((score[some] >= low[some]) & (score[some] <= high[some])).nonzero()
            near.append((some[cell[:, 0]], cell[:, 1] + start))
            above += over
        rows, places = (torch.cat(parts) for parts in zip(*near, strict=True)) if near else (row[:0], place[:0])
        return above.round().long(), (rows, places)

    def ahead(self, score: Tensor, own: Tensor, place: Tensor, own_place: Tensor) -> tuple[Tensor, Tensor]:
        """Return which titles rank before the target (ties broken by the permutation), and which tie with it."""
        equal = score == own
        return (score > own) | (equal & (self.order[place] < self.order[own_place])), equal


def widths(places: Places) -> np.ndarray:
    """Return the number of items (T - S,) of each shared title."""
    return np.diff(np.append(places.start, len(places.shared)))
