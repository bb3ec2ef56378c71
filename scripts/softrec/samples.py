"""What tuning and prediction read: catalogue, sampled rows, and their prompts."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from softrec.errors import SoftrecError
from softrec.files import read_array, read_table
from softrec.log import say
from softrec.ranking import SeenItems
from softrec.sequences import TYPES

if TYPE_CHECKING:
    import datasets

    from softrec.prompts import Encoder


PlaceItems = Callable[[list[int], Sequence[int]], list[int]]
"""Puts the items of a history into the token ids of its prompt, as the backbone wants it."""


class Items(NamedTuple):
    """The catalogue by item id 1..N: entry 0 is padding.

    Attributes:
        title: N + 1 titles.
        title_id: (N + 1,) ids of distinct titles, 0..T-1 (entry 0 is -1).
        distinct: the T distinct titles.
    """

    title: list[str]
    title_id: np.ndarray
    distinct: list[str]


def load_items(path: Path) -> Items:
    """Read catalogue.parquet."""
    table = read_table(path, ["title", "title_id"])
    titles, ids = table["title"].to_pylist(), table["title_id"].to_numpy()
    distinct = [""] * (int(ids.max()) + 1)
    for title, index in zip(titles, ids, strict=True):
        distinct[index] = title
    return Items(["", *titles], np.concatenate([[-1], ids]), distinct)


def load_rows(path: Path) -> "datasets.Dataset":
    """Read sampled sequences as a `datasets.Dataset` (columns user, history, target, timestamp, position)."""
    import datasets

    rows = datasets.Dataset(read_table(path, list(TYPES)))
    if len(rows) == 0:
        raise SoftrecError(f"{path} holds no rows", remedy="check the samples and the split of the data set")
    return rows


def load_seen(path: Path) -> SeenItems:
    """Read interactions.parquet for masks."""
    table = read_table(path, ["user", "item"])
    return SeenItems(table["user"].to_numpy(), table["item"].to_numpy())


def load_title_embeddings(path: Path, items: Items) -> np.ndarray:
    """Read the (T, D) float32 title embeddings; they must belong to this catalogue."""
    z = read_array(path, "float32", (None, None))
    if len(z) != len(items.distinct):
        raise SoftrecError(
            f"{path} has {len(z)} title embeddings, the catalogue {len(items.distinct)} distinct titles",
            remedy=f"remove {path} and let Snakemake make it again",
        )
    return z


def encode_prompts(
    rows: "datasets.Dataset", items: Items, encoder: "Encoder", place: PlaceItems, rooms: Sequence[int] | None = None
) -> list[list[int]]:
    """Prompt tokens of each row, with the kept items placed; says how many lost old history.

    `rooms` is how many tokens each row's responses leave to its prompt, where that may be less than the limit.
    """
    prompts, shortened = [], 0
    for row, history in enumerate(rows["history"]):
        titles = [items.title[item] for item in history]
        ids, kept = encoder.prompt(titles, rooms[row] if rooms else None)
        prompts.append(place(ids, history[len(history) - kept :]))
        shortened += kept < len(history)
    if shortened:
        limit = f"the limit of {encoder.limit} tokens" + (" or their responses" if rooms else "")
        say(f"{shortened} of {len(prompts)} prompts lost their oldest history to {limit}")
    return prompts
