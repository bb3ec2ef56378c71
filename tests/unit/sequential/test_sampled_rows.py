"""SASRec on the rows that language models are tuned on: what a row is, and which rows are read."""

from pathlib import Path

import numpy as np
import torch

from circle_of_items import SETTINGS
from softrec.io import tables
from softrec.sequential import sasrec
from softrec.sequential.encoder import Encoder
from softrec.sequential.ranking import Protocol
from softrec.sequential.trainer import Trainer
from softrec.sequential.windows import read_windows
from softrec.splits import sequences
from softrec.splits.seen_items import SeenItems

ITEMS = 30


def write_rows(folder: Path) -> np.ndarray:
    """A training split of 40 sequences and a sample of 12 of them; returns the numbers of the sampled rows."""
    rng = np.random.default_rng(7)
    windows = sequences.make_windows(np.repeat(np.arange(1, 6), 12), 4)
    part = sequences.columns(windows, rng.integers(1, ITEMS + 1, 60), np.arange(60))
    assert len(part["target"]) == 40
    tables.write_table(folder / "train.parquet", part, sequences.TYPES)
    drawn = sequences.draw(40, 12, 42, "train")
    sample = tables.read_table(folder / "train.parquet", list(sequences.TYPES)).take(drawn)
    columns = {name: sample[name].combine_chunks() for name in sequences.TYPES}
    tables.write_table(folder / "sample.parquet", {**columns, "paper": [True] * 12}, sequences.SAMPLE_TYPES)
    return drawn


def test_a_sample_is_read_as_the_same_windows(tmp_path: Path) -> None:
    """History, length, target, user and position of each sampled row are those of the row in its split."""
    drawn = write_rows(tmp_path)
    whole, sample = (read_windows(tmp_path / f"{name}.parquet", ITEMS, 4) for name in ("train", "sample"))
    for ours, theirs in zip(sample, whole.take(drawn), strict=True):
        assert np.array_equal(ours, theirs)


def test_an_epoch_has_each_sampled_row_once_and_no_other(tmp_path: Path) -> None:
    """The batches of an epoch, put together, are the rows of the file."""
    write_rows(tmp_path)
    sample = read_windows(tmp_path / "sample.parquet", ITEMS, 4)
    protocol = Protocol(ITEMS, SeenItems(np.array([1]), np.array([1])), "window", 42)
    batches = Trainer(sample, sample, protocol, SETTINGS, sasrec.Sasrec(), l2=0.0).batches(1)
    row = torch.cat([batch.row for batch in batches])
    assert sorted(row.tolist()) == list(range(12))
    assert torch.equal(torch.cat([batch.window for batch in batches]), torch.from_numpy(sample.item)[row])
    assert torch.equal(torch.cat([batch.target for batch in batches]), torch.from_numpy(sample.target)[row])


def test_a_row_has_one_target_not_one_for_each_position() -> None:
    """Of a history 1 2 3 with target 4 and negative 9 the output layer learns items 4 and 9 alone.

    A model that trained on each position would move the scores of items 2 and 3 as well.
    """
    torch.manual_seed(0)
    model = Encoder(10, SETTINGS)
    window, length = torch.tensor([[1, 2, 3, 0]]), torch.tensor([3])
    batch = sasrec.Batch(torch.tensor([0]), window, length, torch.tensor([4]), torch.tensor([9]))
    sasrec.Sasrec().loss(model, batch).backward()
    learnt = model.output.bias.grad
    assert learnt is not None
    assert (learnt.nonzero()[:, 0] + 1).tolist() == [4, 9]
