"""Readers of the inputs of tuning and prediction: catalogue, sampled rows, seen items, title embeddings."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from common.display_text import plain
from common.errors import SoftrecError
from softrec.data.visible_text import can_be_seen
from softrec.io.arrays import read_array
from softrec.io.tables import read_table
from softrec.splits.seen_items import SeenItems
from softrec.splits.sequences import TYPES

if TYPE_CHECKING:
    import datasets


@dataclass(frozen=True, eq=False)
class Items:
    """The catalogue indexed by item id 1..N; entry 0 is padding.

    Attributes:
        title: N + 1 titles.
        title_id: (N + 1,) ids of distinct titles, 0..T-1 (entry 0 is -1).
        distinct: the T distinct titles by title id.
    """

    title: list[str]
    title_id: np.ndarray
    distinct: list[str]

    @property
    def count(self) -> int:
        """Number of items (N)."""
        return len(self.title) - 1


def load_items(path: Path) -> Items:
    """Read catalogue.parquet.

    Raises:
        SoftrecError: items are not 1..N in order, a title cannot be displayed, or title ids and distinct titles do not
            correspond one to one.
    """
    table = read_table(path, ["item", "title", "title_id"])
    item, titles, ids = table["item"].to_numpy(), table["title"].to_pylist(), table["title_id"].to_numpy()
    remedy = f"remove {path} and let Snakemake make it again"
    if not len(item) or (item != np.arange(1, len(item) + 1)).any():
        raise SoftrecError(f"the {len(item)} items of {path} are not 1, 2, ... in this order", remedy=remedy)
    for row, title in enumerate(titles):
        if not can_be_seen(title) or plain(title) != title or "\n" in title:
            raise SoftrecError(f"row {row} of {path} has the title {title!r:.90}, which cannot be shown", remedy=remedy)
    distinct: dict[int, str] = {}
    for row, (title, index) in enumerate(zip(titles, ids.tolist(), strict=True)):
        if index > len(distinct) or distinct.setdefault(index, title) != title:
            raise SoftrecError(
                f"row {row} of {path} has title_id {index}, which does not match its title", remedy=remedy
            )
    if len(set(distinct.values())) < len(distinct):
        raise SoftrecError(f"two of the {len(distinct)} title ids in {path} have the same title", remedy=remedy)
    return Items(["", *titles], np.concatenate([[-1], ids]), [distinct[index] for index in range(len(distinct))])


def load_rows(path: Path, items: int) -> "datasets.Dataset":
    """Read sampled sequences as a `datasets.Dataset` (columns user, history, target, timestamp, position)."""
    import datasets

    return datasets.Dataset(read_rows(path, list(TYPES), items))


def read_rows(path: Path, names: Sequence[str], items: int) -> Any:
    """Read columns of sampled sequences as a `pyarrow.Table`.

    Args:
        path: a file of sequences or samples.
        names: the columns to read.
        items: number of items in the catalogue (N).

    Raises:
        SoftrecError: there are no rows, an id is above N, or a history is empty or longer than its position.
    """
    import pyarrow.compute as pc

    table = read_table(path, names)
    if not table.num_rows:
        raise SoftrecError(f"{path} holds no rows", remedy="check the samples and the split of the data set")
    for name in [column for column in ("history", "target") if column in names]:
        ids = table[name].combine_chunks()
        require_items(pc.list_flatten(ids) if name == "history" else ids, items, f"the column {name!r} of {path}")
    if "history" in names:
        length = pc.list_value_length(table["history"]).to_numpy()
        most = table["position"].to_numpy() if "position" in names else length
        if (wrong := (length < 1) | (length > most)).any():
            row = int(wrong.argmax())
            raise SoftrecError(
                f"row {row} of {path} has a history of {length[row]} items, but its target has position {most[row]}",
                remedy=f"remove {path} and let Snakemake make it again",
            )
    return table


def require_items(ids: Any, items: int, place: str) -> None:
    """Raise `SoftrecError` if an item id of an Arrow array is above `items`."""
    import pyarrow.compute as pc

    most = pc.max(ids).as_py() or 0
    if most > items:
        raise SoftrecError(
            f"{place} has the item {most}, but the catalogue has {items} items",
            remedy="give files of one data set; a file of an earlier run can be removed and made again",
        )


def load_seen(path: Path, items: int) -> SeenItems:
    """Read interactions.parquet for masks.

    Args:
        path: interactions.parquet.
        items: number of items in the catalogue (N).

    Raises:
        SoftrecError: there are no interactions, an item is above N, a user id is above the number of interactions, or
            the file is not sorted by user.
    """
    table = read_table(path, ["user", "item"])
    user = table["user"].to_numpy()
    # Ids are dense, so none exceeds the number of rows; a larger one would make SeenItems allocate that much.
    if not len(user) or (np.diff(user) < 0).any() or user[-1] > len(user):
        what = "is not sorted by user" if len(user) else "holds no interaction"
        if len(user) and user[-1] > len(user):
            what = f"has the user id {user[-1]}, but only {len(user)} interactions"
        raise SoftrecError(f"{path} {what}", remedy=f"remove {path} and let Snakemake make it again")
    require_items(table["item"], items, f"the column 'item' of {path}")
    return SeenItems(user, table["item"].to_numpy())


def load_title_embeddings(path: Path, items: Items) -> np.ndarray:
    """Read the (T, D) float32 title embeddings. Raises `SoftrecError` if T is not the catalogue's."""
    z = read_array(path, "float32", (None, None))
    if len(z) != len(items.distinct):
        raise SoftrecError(
            f"{path} has {len(z)} title embeddings, but the catalogue has {len(items.distinct)} distinct titles",
            remedy=f"remove {path} and let Snakemake make it again",
        )
    return z
