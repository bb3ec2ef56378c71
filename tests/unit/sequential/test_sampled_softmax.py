"""Sampled softmax with negatives that a batch shares."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.nn import functional

from circle_of_items import SETTINGS, trainer
from softrec.io.checkpoints import Checkpoint
from softrec.sequential.encoder import Encoder
from softrec.sequential.ranking import rank_windows
from softrec.sequential.sampled_softmax import SampledSoftmax, sampled_softmax
from softrec.sequential.sasrec import Batch


def scoring_by_a_table() -> Encoder:
    """Item i scores ln i for every state: output weights 0, biases ln 1, ln 2, ln 3 and ln 4."""
    torch.manual_seed(0)
    model = Encoder(4, SETTINGS)
    with torch.no_grad():
        model.output.weight.zero_()
        model.output.bias.copy_(torch.arange(1, 5).log())
    return model


def a_batch(target: list[int], negative: list[int]) -> Batch:
    """A batch of which only targets and negatives matter."""
    rows = torch.arange(len(target))
    return Batch(rows, rows, rows, torch.tensor(target), torch.tensor(negative))


def test_the_loss_by_hand() -> None:
    """Negatives 1, 3 and 1.

    Target 2: ln[(2 + 1 + 3 + 1) / 2] = ln 7/2. Target 3, which is among them: ln[(3 + 1 + 1) / 3] = ln 5/3. A target
    that all negatives are has nothing to be told from: 0.
    """
    model, state = scoring_by_a_table(), torch.randn(2, SETTINGS.dim)
    loss = sampled_softmax(model, state, a_batch([2, 3], [1, 3, 1]))
    assert loss.item() == pytest.approx((np.log(7 / 2) + np.log(5 / 3)) / 2)
    assert sampled_softmax(model, state[:1], a_batch([3], [3, 3])).item() == 0


def test_loss_and_gradients_are_those_of_a_softmax_over_all_scores() -> None:
    """With each item once among the negatives it is the cross-entropy over the catalogue.

    The target, masked among them, is the wanted one.
    """
    torch.manual_seed(1)
    model, state = Encoder(20, SETTINGS).double(), torch.randn(5, SETTINGS.dim).double()
    batch = a_batch([3, 9, 9, 20, 1], list(range(1, 21)))
    weights = [model.output.weight, model.output.bias]
    full = functional.cross_entropy(functional.linear(state, *weights), batch.target - 1)
    loss = sampled_softmax(model, state, batch)
    assert loss.item() == pytest.approx(full.item(), rel=1e-12)
    for ours, theirs in zip(torch.autograd.grad(loss, weights), torch.autograd.grad(full, weights), strict=True):
        assert torch.allclose(ours.to_dense(), theirs, rtol=1e-10, atol=1e-14)


def test_each_batch_has_negatives_of_its_own_and_all_items_are_among_them() -> None:
    """100 rows in batches of 30 are four; 2,000 of 7 items: each 286 times, 5 standard deviations are 78."""
    rows = SimpleNamespace(target=np.ones(100, np.int64))
    parts = list(SampledSoftmax(500).negatives(np.random.default_rng(3), rows, 7, 30))  # type: ignore[arg-type]
    assert [part.shape for part in parts] == [(500,)] * 4
    assert not torch.equal(parts[0], parts[1])
    count = torch.bincount(torch.cat(parts), minlength=8)
    assert count[0] == 0
    assert len(count) == 8
    assert ((count[1:] - 2000 / 7).abs() < 78).all()


def test_it_learns_a_cycle(tmp_path: Path) -> None:
    """As SASRec does in `test_fit`: the next item is certain, H@1 goes over 0.9 from at most 0.3."""
    one = trainer(replace(SETTINGS, epochs=15, patience=15), method=SampledSoftmax(16))
    assert np.mean(rank_windows(one.model, one.valid, one.protocol).rank == 0) < 0.3
    assert one.fit(Checkpoint(tmp_path / "model", "key"))[-1]["validation"]["H@1"] > 0.9
