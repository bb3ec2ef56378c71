"""All-ranking with a sequential model (paper, section 4.1): each target among the titles its user has not seen.

Such a model scores items. Candidates are titles all the same, as where generated texts are ranked, or a method's rows
would differ from others' by what they rank: a title's score is that of its best item.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from softrec import files
from softrec.ranking import RANK_TYPES, Candidates, Mask, Ranks, SeenItems, rank_targets, require_finite
from softrec.sequential.encoder import Encoder, EncoderSettings, load
from softrec.sequential.windows import Windows

ROWS_AT_ONCE = 256


@dataclass(frozen=True)
class RankSettings(EncoderSettings):
    """The encoder's shape (dropout is not used), and the ranking's mask ("seen") and tie_seed."""

    mask: Mask
    tie_seed: int


class Protocol(NamedTuple):
    """What a target is ranked among: titles of items 1..`items`, less those that `mask` takes out.

    `tie_seed` breaks ties. `title_id` is (items + 1,), with an unused entry 0; None where no two items share a title.
    """

    items: int
    seen: SeenItems
    mask: Mask
    tie_seed: int
    title_id: np.ndarray | None = None


class TitleColumns:
    """The columns of (B, N) costs of items, of which column j - 1 is item j's, as columns of titles.

    A title stands in the column of its first item; those of its other items are no candidates. Few items share a title
    (2 to 4 % of the paper's), and no other column is touched.

    Attributes:
        candidates: the titles.
        column: (T,) column of each title. item: (N + 1,) column of each item's title.
        order: (N,) place of each column's title in the permutation that breaks ties.
        absent: columns of items that are not the first of their title.
    """

    def __init__(self, protocol: Protocol) -> None:
        given, items = protocol.title_id, protocol.items
        title = np.arange(-1, items) if given is None else given
        _, self.column, count = np.unique(title[1:], return_index=True, return_counts=True)
        self.candidates = Candidates(title, len(count), protocol.seen, protocol.mask, protocol.tie_seed)
        self.item = np.concatenate([[-1], self.column[title[1:]]])
        self.order = self.candidates.order[title[1:]]
        self.absent = np.setdiff1d(np.arange(items), self.column)
        # Columns of items that share a title, title by title, and where each title's begin.
        by_title = np.argsort(title[1:], kind="stable")
        self.shared = by_title[np.repeat(count > 1, count)]
        self.start = np.concatenate([[0], np.cumsum(count[count > 1])[:-1]]).astype(np.int64)

    def take_best(self, cost: np.ndarray) -> None:
        """Give each title's column the least cost of its items, in place.

        Raises:
            SoftrecError: the cost of an item that shares its title is not finite.
        """
        if len(self.shared):
            shared = cost[:, self.shared]
            require_finite(shared)  # the least of two would hide an infinite one
            cost[:, self.shared[self.start]] = np.minimum.reduceat(shared, self.start, axis=1)

    def excluded(self, rows: Windows) -> list[np.ndarray]:
        """Per row the columns of the titles that the mask takes out."""
        return [
            self.column[self.candidates.excluded(int(user), int(position), item[:length])]
            for user, position, item, length in zip(rows.user, rows.position, rows.item, rows.length, strict=True)
        ]


@torch.no_grad()
def rank_windows(model: Encoder, windows: Windows, protocol: Protocol) -> Ranks:
    """Rank every row's target by descending score; scores are summed and compared in float64.

    The model is left in evaluation mode.

    Raises:
        SoftrecError: a score is not finite.
    """
    model.eval()
    titles = TitleColumns(protocol)
    parts = []
    for start in range(0, len(windows.target), ROWS_AT_ONCE):
        rows = windows.take(slice(start, start + ROWS_AT_ONCE))
        state = model(torch.from_numpy(rows.item), torch.from_numpy(rows.length))
        cost = model.score_all(state).neg_().numpy()
        titles.take_best(cost)
        parts.append(rank_targets(cost, titles.item[rows.target], titles.excluded(rows), titles.order, titles.absent))
    return Ranks(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def rank_and_save(args: argparse.Namespace, model: Encoder, rows: Windows, protocol: Protocol) -> None:
    """Read the model's weights, rank the rows' targets, write the ranks."""
    load(model, args.model)
    ranks = rank_windows(model, rows, protocol)
    paper = files.read_table(args.rows, ["paper"])["paper"].combine_chunks()
    identity = {"row": range(len(rows.target)), "user": rows.user, "target": rows.target, "paper": paper}
    files.write_table(args.ranks, {**identity, **ranks._asdict()}, RANK_TYPES)


def read_protocol(catalogue: Path, interactions: Path, mask: Mask, tie_seed: int) -> Protocol:
    """The protocol of a data set, from its catalogue and its interactions (read for masks alone)."""
    log = files.read_table(interactions, ["user", "item"])
    seen = SeenItems(log["user"].to_numpy(), log["item"].to_numpy())
    title_id = files.read_table(catalogue, ["title_id"])["title_id"].to_numpy()
    return Protocol(len(title_id), seen, mask, tie_seed, np.concatenate([[-1], title_id]))
