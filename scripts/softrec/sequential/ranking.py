"""All-ranking with a sequential recommender (paper, section 4.1): each target among the titles its user has not seen.

Sequential recommenders score items, but the candidates are titles, as for LLM recommenders; otherwise methods would
rank different sets. The score of a title is that of its best item.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from softrec.evaluation.ranking import RANK_TYPES, Candidates, Ranks
from softrec.io import tables
from softrec.sequential.encoder import EncoderSettings, Network, load
from softrec.sequential.score_counting import Cells, Counter, Places
from softrec.sequential.windows import Windows
from softrec.splits import samples
from softrec.splits.seen_items import Mask, SeenItems

ROWS_AT_ONCE = 256


@dataclass(frozen=True)
class RankSettings(EncoderSettings):
    """Settings of the ranking: the encoder's shape (dropout is not used), the mask ("seen") and tie_seed."""

    mask: Mask
    tie_seed: int


class Protocol(NamedTuple):
    """The ranking protocol: candidates are the titles of items 1..`items`, except those that `mask` excludes.

    `tie_seed` breaks ties. `title_id` is (items + 1,), with an unused entry 0; None if no two items share a title.
    """

    items: int
    seen: SeenItems
    mask: Mask
    tie_seed: int
    title_id: np.ndarray | None = None


class Titles:
    """The candidate titles of a data set, in the order in which `score_counting` stores them.

    A title's position in this order is called its place: titles of a single item come first, then shared titles.

    Attributes:
        candidates: the titles.
        places: the layout of titles by place.
        of_title: (T,) the place of each title id.
        item: (N + 1,) the place of each item's title.
    """

    def __init__(self, protocol: Protocol) -> None:
        items = protocol.items
        # Without title_id every item has a title of its own, whose id is the item id minus 1.
        title = (np.arange(-1, items) if protocol.title_id is None else protocol.title_id)[1:]
        _, count = np.unique(title, return_counts=True)
        of_catalogue = np.concatenate([[-1], title])
        self.candidates = Candidates(of_catalogue, len(count), protocol.seen, protocol.mask, protocol.tie_seed)
        place = np.empty(len(count), np.int64)
        by_place = np.argsort(count > 1, kind="stable")
        place[by_place] = np.arange(len(count))
        column = np.argsort(place[title], kind="stable")
        singles = int((count == 1).sum())
        start = np.cumsum(np.append(0, count[by_place[singles:]]))[:-1]
        self.places = Places(column[:singles], column[singles:], start, self.candidates.order[by_place])
        self.of_title, self.item = place, np.concatenate([[-1], place[title]])

    def gone(self, rows: Windows) -> Cells:
        """Return the places of the titles that the mask excludes from each row, each once, except the row's target."""
        row, title = self.candidates.excluded_rows(rows.user, rows.position, rows.item, rows.length)
        place = self.of_title[title]
        cell = np.unique((row * len(self.of_title) + place)[place != self.item[rows.target][row]])
        return Cells(*(part.astype(np.int32) for part in np.divmod(cell, len(self.of_title))))


class Ranking:
    """All-ranking of the same rows after every epoch; the titles that the mask excludes are computed once.

    Kindle's 139,000 validation rows have some 4 million excluded cells, 8 bytes each.
    """

    def __init__(self, windows: Windows, protocol: Protocol) -> None:
        self.titles, self.batches = Titles(protocol), []
        for start in range(0, len(windows.target), ROWS_AT_ONCE):
            rows = windows.take(slice(start, start + ROWS_AT_ONCE))
            self.batches.append((rows, self.titles.item[rows.target], self.titles.gone(rows)))

    @torch.no_grad()
    def ranks(self, model: Network) -> Ranks:
        """Rank every row's target by descending float64 score.

        The model is left in evaluation mode, and runs on the device of its weights.

        Raises:
            SoftrecError: a score is not finite.
        """
        model.eval()
        counter, device = Counter(model.output, self.titles.places), model.output.weight.device
        parts = []
        for rows, target, gone in self.batches:
            state = model(torch.from_numpy(rows.item).to(device), torch.from_numpy(rows.length).to(device))
            parts.append(counter.rank(state, target, gone))
        return Ranks(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def rank_windows(model: Network, windows: Windows, protocol: Protocol) -> Ranks:
    """Rank the rows' targets once, by `Ranking`."""
    return Ranking(windows, protocol).ranks(model)


def rank_and_save(
    model: Network, weights: Path, windows: Windows, protocol: Protocol, *, rows: Path, ranks: Path
) -> None:
    """Load the model's weights, rank the targets of `windows`, which were read from the file `rows`, write `ranks`."""
    load(model, weights)
    found = rank_windows(model, windows, protocol)
    paper = tables.read_table(rows, ["paper"])["paper"].combine_chunks()
    identity = {"row": range(len(windows.target)), "user": windows.user, "target": windows.target, "paper": paper}
    tables.write_table(ranks, {**identity, **found._asdict()}, RANK_TYPES)


def read_protocol(catalogue: Path, interactions: Path, mask: Mask, tie_seed: int) -> Protocol:
    """Read the ranking protocol of a data set from its catalogue and its interactions (needed only for the mask)."""
    items = samples.load_items(catalogue)
    count = len(items.title_id) - 1
    return Protocol(count, samples.load_seen(interactions, count), mask, tie_seed, items.title_id)
