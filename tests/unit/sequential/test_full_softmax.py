"""The full softmax: its loss by hand and against numpy, and training without negatives."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

import fit_sequential
import rank_sequential
from circle_of_items import ITEMS, SETTINGS, SHAPE, cycle, trainer, write_data
from softrec.io import tables
from softrec.io.checkpoints import Checkpoint
from softrec.job import program
from softrec.sequential.encoder import Encoder
from softrec.sequential.full_softmax import FullSoftmax, full_softmax
from softrec.sequential.ranking import rank_windows
from softrec.sequential.sampled_softmax import SampledSoftmax


def scoring_by_a_table() -> Encoder:
    """Three items: item i scores ln i for every state; output weights are 0."""
    torch.manual_seed(0)
    model = Encoder(3, SETTINGS)
    with torch.no_grad():
        model.output.weight.zero_()
        model.output.bias.copy_(torch.arange(1, 4).log())
    return model


def test_the_loss_by_hand() -> None:
    """Scores ln 1, ln 2, ln 3 sum to 6 in exponentials: target 2 has ln(6 / 2), target 3 ln(6 / 3). Mean: 0.8959."""
    loss = full_softmax(scoring_by_a_table(), torch.randn(2, SETTINGS.dim), torch.tensor([2, 3]))
    assert loss.item() == pytest.approx((np.log(3) + np.log(2)) / 2)


def test_loss_and_gradient_against_numpy() -> None:
    """- ln softmax of W h + c at the target; its gradient in the scores is (softmax - 1 at the target) / B."""
    torch.manual_seed(1)
    model, state = Encoder(20, SETTINGS).double(), torch.randn(5, SETTINGS.dim).double()
    target = torch.tensor([3, 9, 9, 20, 1])
    loss = full_softmax(model, state, target)
    weight, bias, h = model.output.weight.detach().numpy(), model.output.bias.detach().numpy(), state.numpy()
    scores = h @ weight.T + bias
    share = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert loss.item() == pytest.approx(-np.log(share[np.arange(5), target.numpy() - 1]).mean(), rel=1e-12)
    share[np.arange(5), target.numpy() - 1] -= 1
    of_weight, of_bias = torch.autograd.grad(loss, [model.output.weight, model.output.bias])
    assert of_weight.numpy() == pytest.approx(share.T @ h / 5, rel=1e-9, abs=1e-14)
    assert of_bias.numpy() == pytest.approx(share.sum(axis=0) / 5, rel=1e-9, abs=1e-14)


def test_large_scores_do_not_overflow() -> None:
    """Exp(1e4) is infinite; the loss of item 1 against items that score 1e4 more is 1e4 + ln 2."""
    model = scoring_by_a_table()
    with torch.no_grad():
        model.output.bias.copy_(torch.tensor([0.0, 1e4, 1e4]))
    loss = full_softmax(model, torch.randn(1, SETTINGS.dim), torch.tensor([1]))
    assert loss.item() == pytest.approx(1e4 + np.log(2))


def test_batches_have_no_negatives_and_every_row_once() -> None:
    """400 rows in batches of 64 are seven; the random stream is left as it was."""
    rng, other = np.random.default_rng(3), np.random.default_rng(3)
    parts = list(FullSoftmax().negatives(rng, cycle(400), ITEMS, 64))
    assert [tuple(part.shape) for part in parts] == [(0,)] * 7
    assert rng.random() == other.random()
    batches = trainer(method=FullSoftmax()).batches(1)
    assert sorted(torch.cat([batch.row for batch in batches]).tolist()) == list(range(400))


def test_it_learns_a_cycle(tmp_path: Path) -> None:
    """As SASRec does in `test_trainer`: the next item is certain, H@1 goes over 0.9 from at most 0.3."""
    one = trainer(replace(SETTINGS, epochs=15, patience=15), method=FullSoftmax())
    assert np.mean(rank_windows(one.model, one.valid, one.protocol).rank == 0) < 0.3
    assert one.fit(Checkpoint(tmp_path / "model", "key"))[-1]["validation"]["H@1"] > 0.9


def test_rows_see_the_dropout_and_the_order_of_the_other_losses() -> None:
    """Only the loss differs from SASRec's other losses: the batches of an epoch are the same rows."""
    full, sampled = trainer(method=FullSoftmax()), trainer(method=SampledSoftmax(4))
    for one, other in zip(full.batches(2), sampled.batches(2), strict=True):
        assert torch.equal(one.row, other.row)
        assert torch.equal(one.target, other.target)


def test_its_scripts_rank_with_the_network_of_sasrec(tmp_path: Path) -> None:
    """From files to ranks: H@1 over the validation rows is the log's."""
    inputs, model, log = write_data(tmp_path), tmp_path / "model.safetensors", tmp_path / "log"
    fit = {**asdict(replace(SETTINGS, epochs=3)), "model": "SASRec (full softmax)"}
    own = {"fit": fit, "method": "full_softmax", "options": {}, "search": "l2", "candidate": 1e-6}
    argv = [*inputs, "--model", str(model), "--log", str(log), "--settings", json.dumps(own)]
    program.run(fit_sequential.main, fit_sequential.build_parser(), argv)
    rank = {"rank": {key: fit[key] for key in SHAPE}, "network": "sasrec"}
    rows = ["--model", str(model), "--rows", str(tmp_path / "valid.parquet"), *inputs[4:]]
    argv = [*rows, "--ranks", str(tmp_path / "ranks.parquet"), "--settings", json.dumps(rank)]
    program.run(rank_sequential.main, rank_sequential.build_parser(), argv)
    ranks = tables.read_table(tmp_path / "ranks.parquet", ["rank"])["rank"].to_numpy()
    summary = json.loads(log.read_text().splitlines()[-1])
    assert np.mean(ranks == 0) == pytest.approx(summary["validation"]["H@1"])
    assert summary["l2"] == 1e-6
