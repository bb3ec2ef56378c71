"""A circle of 20 items that a sequential model can learn: windows, a trainer, and the same as files."""

from pathlib import Path

import numpy as np
import torch

from softrec.data import catalogue
from softrec.io import tables
from softrec.sequential import sasrec
from softrec.sequential.ranking import Protocol
from softrec.sequential.trainer import FitSettings, Trainer
from softrec.sequential.windows import Windows
from softrec.splits import seen_items
from softrec.splits.sequences import SAMPLE_TYPES

ITEMS = 20
SETTINGS = FitSettings(
    dim=16, blocks=1, heads=1, length=4, dropout=0.1, model="SASRec", seed=3, learning_rate=0.01,
    batch_size=64, epochs=6, patience=6, metric="NG@5", cutoffs=[1, 5], mask="window", tie_seed=42,
)  # fmt: skip
# What `fit_sequential` is told besides the settings of the training, and the part of these that ranking needs.
SASREC = {"method": "sasrec", "options": {}, "search": "l2", "candidate": 0.0}
SHAPE = ("dim", "blocks", "heads", "length", "dropout", "mask", "tie_seed")


def cycle(rows: int) -> Windows:
    """Row r walks the circle 1, 2, ..., 20, 1, ... from its own start, over 1 to 4 items; the target is the next."""
    start, length = np.arange(rows) % ITEMS, 1 + np.arange(rows) // ITEMS % 4
    walk = (start[:, None] + np.arange(5)) % ITEMS + 1
    item = np.where(np.arange(4) < length[:, None], walk[:, :4], 0)
    return Windows(item, length, walk[np.arange(rows), length], np.ones(rows, dtype=np.int64), length)


def trainer(settings: FitSettings = SETTINGS, rows: int = 400, method: sasrec.Sasrec | None = None) -> Trainer:
    """A trainer on the circle, validated on each of its windows once."""
    torch.set_num_threads(1)
    protocol = Protocol(ITEMS, seen_items.SeenItems(np.array([1]), np.array([1])), settings.mask, settings.tie_seed)
    return Trainer(cycle(rows), cycle(80), protocol, settings, method or sasrec.Sasrec(), l2=0.0)


def write_data(folder: Path) -> list[str]:
    """The circle as files of the project; returns the script's input arguments."""
    for name, rows in (("train", 400), ("valid", 80)):
        windows = cycle(rows)
        history = [item[:length].tolist() for item, length in zip(windows.item, windows.length, strict=True)]
        columns = {"user": windows.user, "history": history, "target": windows.target}
        columns |= {"timestamp": np.arange(rows), "position": windows.length}
        tables.write_table(folder / f"{name}.parquet", {**columns, "paper": [True, False] * (rows // 2)}, SAMPLE_TYPES)
    titles = [f"Title {item}" for item in range(1, ITEMS + 1)]
    columns = {"item": range(1, ITEMS + 1), "source_id": titles, "title": titles, "category": [None] * ITEMS}
    tables.write_table(folder / "catalogue.parquet", columns | {"title_id": range(ITEMS)}, catalogue.TYPES)
    tables.write_table(folder / "interactions.parquet", {"user": [1], "item": [1]}, {"user": "int32", "item": "int32"})
    names = ("train", "valid", "interactions", "catalogue")
    return [word for name in names for word in (f"--{name}", str(folder / f"{name}.parquet"))]
