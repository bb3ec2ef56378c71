"""How many candidates score above a row's target: counted in float32 where that is certain, in float64 where not.

Ranks are defined by float64 scores. To make them all and compare (B, T) arrays of them is most of the validation of a
small model on a large catalogue. A float32 score differs from the exact one by no more than a bound that is known
beforehand: it decides nearly all titles, and the few that are nearer than that to the target's score are scored again.
The ranks are the same. Everything runs where the model is.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from common.errors import SoftrecError
from softrec.evaluation.ranking import Ranks

TITLES_AT_ONCE = 2048  # a block of scores of 256 rows is 2 MB
CELLS_AT_ONCE = 2**17  # scored again: at width 64 three arrays of 67 MB


class Places(NamedTuple):
    """Where the T titles of a catalogue stand: first the S of one item each, then those that several items share.

    single: (S,) and shared: (M,) columns of the output layer, those of one shared title behind each other.
    start: (T - S,) where each shared title begins in `shared`. order: (T,) each place's in the permutation for ties.
    """

    single: np.ndarray
    shared: np.ndarray
    start: np.ndarray
    order: np.ndarray


class Cells(NamedTuple):
    """Cells (row, place) of a (B, T) array, each an array."""

    row: np.ndarray
    place: np.ndarray


class Counter:
    """Ranks of states by the scores of an output layer; a title has the score of its best item.

    Args:
        output: the layer, whose row j is item j + 1's. places: of its titles.
    """

    def __init__(self, output: nn.Linear, places: Places) -> None:
        # The margin is of float32 as IEEE has it: with a GPU's TF32 scores may be off by a hundred times as much.
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
        """The ranks of the titles at the places `target` (B,) for states (B, D), without the titles in `gone`.

        A cell of `gone` is there once, and is no row's target.

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
        # All cells may be near where scores are equal: (256, 61,528) of them at once would take 24 GB.
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
        """(B,) float64: by how much a score may be off.

        A sum of D products and a bias in any order is off by at most (D + 1) u of the sum of its terms' sizes, which by
        Cauchy and Schwarz is at most |h| |w| + |c|, u being half of eps. Twice that has room for rounding its bounds.
        """
        reach = self.longest * state.double().norm(dim=1) + self.highest
        eps, largest = torch.finfo(self.weight.dtype).eps, torch.finfo(self.weight.dtype).max
        finite = reach <= largest  # not where it is NaN
        if not finite.all():
            row = int((~finite).nonzero()[0])
            raise SoftrecError(f"a score of row {row} is not finite", remedy="look for NaN losses in the training log")
        return (state.shape[1] + 4) * eps * reach

    def shared_scores(self, state: Tensor) -> Tensor:
        """(B, T - S) float64 scores of the titles that items share."""
        weight, bias = self.shared
        score = torch.addmm(bias, state.double(), weight.T)
        best = score.new_full((len(state), len(self.start)), -torch.inf)
        return best.scatter_reduce_(1, self.group.expand(len(state), -1), score, "amax")

    def single_scores(self, state: Tensor, row: Tensor, place: Tensor) -> Tensor:
        """(n,) float64 scores of the cells (row, place), each title of one item."""
        return (state[row].double() * self.weight[place].double()).sum(dim=1) + self.bias[place].double()

    def own_score(self, state: Tensor, place: Tensor, groups: Tensor) -> Tensor:
        """(B,) float64 scores of the title at one place for each row."""
        own = state.new_empty(len(state), dtype=torch.float64)
        alone = place < len(self.weight)
        single, shared = alone.nonzero()[:, 0], (~alone).nonzero()[:, 0]
        own[single] = self.single_scores(state, single, place[single])
        own[shared] = groups[shared, place[shared] - len(self.weight)]
        return own

    def certain(
        self, state: Tensor, own: Tensor, margin: Tensor, row: Tensor, place: Tensor
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """(B,) titles of one item that are certainly above, without the cells (row, place); the cells to look at again.

        Comparisons are written as numbers and summed by a product with ones: much faster than counting booleans.
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
        """Which titles come before the target, by score or where equal by the permutation; which are equal."""
        equal = score == own
        return (score > own) | (equal & (self.order[place] < self.order[own_place])), equal


def widths(places: Places) -> np.ndarray:
    """(T - S,) how many items each shared title has."""
    return np.diff(np.append(places.start, len(places.shared)))
