"""SASRec's loss by hand, and its negatives."""

import math

import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from softrec.sequential import sasrec
from softrec.sequential.encoder import Encoder, EncoderSettings


def test_loss_of_indifferent_scores() -> None:
    """Scores 0 for target and negative: sigma = 1/2 in both terms, the mean is ln 2."""
    assert sasrec.cross_entropy(torch.zeros(3), torch.zeros(3)).item() == pytest.approx(math.log(2))


def test_loss_by_hand() -> None:
    """Row 1: s+ = ln 3, sigma = 3/4; s- = -ln 3, 1 - sigma = 3/4. Row 2: both 0.

    The mean of the four terms: (2 ln(4/3) + 2 ln 2) / 4.
    """
    positive, negative = torch.tensor([math.log(3), 0.0]), torch.tensor([-math.log(3), 0.0])
    expected = (2 * math.log(4 / 3) + 2 * math.log(2)) / 4
    assert sasrec.cross_entropy(positive, negative).item() == pytest.approx(expected, rel=1e-6)


def test_loss_is_torchs_over_all_scores() -> None:
    """The library's binary cross-entropy over the 2B scores and their labels, at random scores."""
    positive, negative = torch.randn(2, 50, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    labels = torch.cat((torch.ones(50), torch.zeros(50))).double()
    expected = binary_cross_entropy_with_logits(torch.cat((positive, negative)), labels)
    torch.testing.assert_close(sasrec.cross_entropy(positive, negative), expected)


def test_extreme_scores_stay_finite() -> None:
    """s+ = -1000 costs 1000, s- = 1000 costs 1000, and nothing overflows."""
    assert sasrec.cross_entropy(torch.tensor([-1000.0]), torch.tensor([1000.0])).item() == 1000.0


def test_loss_of_a_batch_uses_target_and_negative() -> None:
    """One update along the gradient raises the target's score and lowers the negative's."""
    torch.manual_seed(3)
    model = Encoder(9, EncoderSettings(dim=8, blocks=1, heads=1, length=4, dropout=0.0))
    row = torch.tensor([0])
    window, length = torch.tensor([[2, 5, 0, 0]]), torch.tensor([2])
    batch = sasrec.Batch(row, window, length, target=torch.tensor([7]), negative=torch.tensor([4]))
    before = model.score_all(model(window, length))[0].detach()
    sasrec.Sasrec().loss(model, batch).backward()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter -= 0.05 * parameter.grad
    change = model.score_all(model(window, length))[0].detach() - before
    assert change[7 - 1] > 0 > change[4 - 1]


def test_negatives_are_never_the_target() -> None:
    """Neither the first nor the last item, nor one between, is drawn for itself; all ids are in 1..5."""
    target = np.repeat([1, 3, 5], 2000)
    negative = sasrec.uniform_negatives(np.random.default_rng(0), target, 5)
    assert not (negative == target).any()
    assert set(negative.tolist()) == {1, 2, 3, 4, 5}


def test_with_two_items_the_negative_is_the_other() -> None:
    """Only one item is left to draw."""
    negative = sasrec.uniform_negatives(np.random.default_rng(0), np.array([1, 2, 1]), 2)
    assert negative.tolist() == [2, 1, 2]


def test_negatives_are_uniform() -> None:
    """40,000 draws over the four items that are not 3: each 10,000 within 5 standard deviations (87 each)."""
    negative = sasrec.uniform_negatives(np.random.default_rng(2), np.full(40_000, 3), 5)
    counts = np.bincount(negative, minlength=6)[[1, 2, 4, 5]]
    assert np.abs(counts - 10_000).max() < 5 * math.sqrt(40_000 * 0.25 * 0.75)
