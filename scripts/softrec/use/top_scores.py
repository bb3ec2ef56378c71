"""The first titles of rankings by an ID-based sequential recommender, in the order that defines ranks."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from softrec.sequential.encoder import Network, load
from softrec.sequential.ranking import Protocol, Ranking
from softrec.sequential.run import SequentialRankSettings
from softrec.sequential.score_counting import Cells, Counter
from softrec.sequential.windows import Windows
from softrec.use.top_titles import Top, require_enough


@dataclass(frozen=True)
class TopRankSettings(SequentialRankSettings):
    """Settings of the ranking, and the number of titles to list, k."""

    k: int


@torch.no_grad()
def best_titles(model: Network, weights: Path, windows: Windows, protocol: Protocol, k: int) -> list[Top]:
    """Load a model's weights and find the K titles with the highest float64 scores of each row, best first.

    A title has the score of its best item. Equal scores are in the seeded order that breaks ties in all rankings, so
    the title at place r (from 0) is the one whose rank is r. Like in all rankings, the titles that the mask excludes
    are no candidates, and the target is one. At Kindle's size a batch has (256, 61,528) float64 scores, 126 MB.

    Raises:
        SoftrecError: a score is not finite, or a row has fewer than K candidates.
    """
    load(model, weights)
    model.eval()
    ranking = Ranking(windows, protocol)
    counter, device = Counter(model.output, ranking.titles.places), model.output.weight.device
    title_of = np.argsort(ranking.titles.of_title)
    found: list[Top] = []
    for rows, _, gone in ranking.batches:
        state = model(torch.from_numpy(rows.item).to(device), torch.from_numpy(rows.length).to(device))
        score, margin = all_scores(counter, state, gone)
        for row in range(len(score)):
            require_enough(len(title_of) - int((gone.row == row).sum()), k, len(found))
            places, values = first_places(counter, state[row], score[row], float(margin[row]), k)
            found.append(Top(title_of[places], values))
    return found


def all_scores(counter: Counter, state: torch.Tensor, gone: Cells) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the (B, T) float64 scores of all titles by place, minus infinity in `gone`, and the (B,) error bounds.

    Scores of shared titles are those that define ranks; those of other titles differ from them by less than the bound.
    """
    margin = counter.margin(state)
    single = torch.addmm(counter.bias.double(), state.double(), counter.weight.double().T)
    score = torch.cat([single, counter.shared_scores(state)], dim=1)
    row, place = (torch.from_numpy(column).to(state.device, torch.long) for column in gone)
    score[row, place] = -torch.inf
    return score, margin


def first_places(
    counter: Counter, state: torch.Tensor, score: torch.Tensor, margin: float, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the places and exact scores of the K best titles of one row, best first.

    A title whose approximate score is more than twice the margin below the K-th highest cannot be among the best K.
    """
    least = torch.topk(score, k).values[-1] - 2 * margin
    near = torch.nonzero((score >= least) & torch.isfinite(score))[:, 0]
    alone = near < len(counter.weight)
    exact = score[near]
    rows = torch.zeros(int(alone.sum()), dtype=torch.long, device=near.device)
    exact[alone] = counter.single_scores(state[None], rows, near[alone])
    values, order = exact.cpu().numpy(), counter.order[near].cpu().numpy()
    first = np.lexsort((order, -values))[:k]
    return near.cpu().numpy()[first], values[first]
