"""All-ranking with a sequential model (paper, section 4.1): each target among the items its user has not seen."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from softrec import files, seeds
from softrec.ranking import RANK_TYPES, Mask, Ranks, SeenItems, rank_targets
from softrec.sequential.encoder import Encoder, EncoderSettings, load
from softrec.sequential.windows import Windows

ROWS_AT_ONCE = 256


@dataclass(frozen=True)
class RankSettings(EncoderSettings):
    """The encoder's shape (dropout is not used), and the ranking's mask ("seen") and tie_seed."""

    mask: Mask
    tie_seed: int


class Protocol(NamedTuple):
    """What a target is ranked among: items 1..`items`, less those that `mask` takes out; `tie_seed` breaks ties."""

    items: int
    seen: SeenItems
    mask: Mask
    tie_seed: int


@torch.no_grad()
def rank_windows(model: Encoder, windows: Windows, protocol: Protocol) -> Ranks:
    """Rank every row's target by descending score; scores are summed and compared in float64.

    The item with id j is candidate j - 1; padding is none. The model is left in evaluation mode.

    Raises:
        SoftrecError: a score is not finite.
    """
    model.eval()
    order = seeds.stream(protocol.tie_seed, "ties").permutation(protocol.items)
    parts = []
    for start in range(0, len(windows.target), ROWS_AT_ONCE):
        rows = windows.take(slice(start, start + ROWS_AT_ONCE))
        state = model(torch.from_numpy(rows.item), torch.from_numpy(rows.length))
        cost = model.score_all(state).neg_().numpy()
        parts.append(rank_targets(cost, rows.target - 1, excluded(rows, protocol), order))
    return Ranks(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def excluded(rows: Windows, protocol: Protocol) -> list[np.ndarray]:
    """Per row the candidates that the protocol's mask takes out."""
    return [
        protocol.seen.excluded(protocol.mask, int(user), int(position), item[:length]) - 1
        for user, position, item, length in zip(rows.user, rows.position, rows.item, rows.length, strict=True)
    ]


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
    return Protocol(files.read_table(catalogue, ["item"]).num_rows, seen, mask, tie_seed)
