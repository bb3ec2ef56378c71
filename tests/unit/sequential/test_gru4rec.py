"""GRU4Rec against its equations, its negatives against popularity, and a run of its scripts."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

import fit_sequential
import rank_sequential
from circle_of_items import ITEMS, SETTINGS, SHAPE, cycle, trainer, write_data
from common.errors import SoftrecError
from softrec.io import tables
from softrec.job import program
from softrec.sequential import gru4rec
from softrec.sequential.encoder import EncoderSettings
from softrec.sequential.gru4rec import Gru, Gru4rec, Options
from softrec.sequential.sasrec import Batch

SMALL = EncoderSettings(dim=6, blocks=1, heads=1, length=4, dropout=0.5)
OWN = {"method": "gru4rec", "options": {"negatives": 8, "sample_power": 0.5}, "search": "l2", "candidate": 1e-6}


def state_by_hand(model: Gru, items: list[int]) -> torch.Tensor:
    """h_t = (1 - z) n + z h, with gates r, z and candidate n of x_t = E[item] (Cho et al., 2014), from h = 0."""
    w_x, w_h = model.recurrent.weight_ih_l0, model.recurrent.weight_hh_l0
    b_x, b_h = model.recurrent.bias_ih_l0, model.recurrent.bias_hh_l0
    h = torch.zeros(6, dtype=torch.float64)
    for item in items:
        x = (w_x @ model.item.weight[item] + b_x).split(6)
        own = (w_h @ h + b_h).split(6)
        r, z = torch.sigmoid(x[0] + own[0]), torch.sigmoid(x[1] + own[1])
        h = (1 - z) * torch.tanh(x[2] + r * own[2]) + z * h
    return h


def test_the_state_is_that_after_the_last_item() -> None:
    """Right-padding changes nothing; without training there is no dropout."""
    torch.manual_seed(1)
    model = Gru(9, SMALL).double().eval()
    found = model(torch.tensor([[3, 1, 0, 0], [9, 9, 2, 5]]), torch.tensor([2, 4]))
    expected = torch.stack([state_by_hand(model, [3, 1]), state_by_hand(model, [9, 9, 2, 5])])
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_dropout_is_applied_to_the_state_in_training() -> None:
    """With a rate of 1/2 each entry of the state is 0 or twice that without dropout."""
    torch.manual_seed(1)
    model = Gru(9, SMALL)
    window, length = torch.tensor([[3, 1, 4, 1]]), torch.tensor([4])
    state = model.eval()(window, length)
    dropped = model.train()(window, length)
    assert all(
        entry in (0, pytest.approx(2 * own)) for entry, own in zip(dropped[0].tolist(), state[0].tolist(), strict=True)
    )
    assert (dropped == 0).any()


def test_the_loss_is_the_cross_entropy_over_target_and_shared_negatives() -> None:
    """ln(exp s_y + sum_k exp s_k) - s_y by hand; a negative that is the target is left out of its row."""
    torch.manual_seed(2)
    model = Gru(9, replace(SMALL, dropout=0.0)).double()
    window, length = torch.tensor([[3, 0], [5, 6]]), torch.tensor([1, 2])
    target, negative = torch.tensor([4, 7]), torch.tensor([1, 7, 9])
    score = model(window, length) @ model.output.weight.T + model.output.bias
    rows = [score[0, [3, 0, 6, 8]], score[1, [6, 0, 8]]]  # columns are items less 1; 7 is the second row's target
    expected = torch.stack([torch.logsumexp(row, 0) - row[0] for row in rows]).mean()
    found = Gru4rec(Options(3, 0.0)).loss(model, Batch(target, window, length, target, negative))
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(("power", "shares"), [(0.0, [1 / 3] * 3), (1.0, [0.75, 0.25, 0]), (0.5, [0.634, 0.366, 0])])
def test_negatives_follow_popularity_to_a_power(power: float, shares: list[float]) -> None:
    """Item 1 is the target three times, item 2 once, item 3 never: 3^a : 1 : 0^a. 0^0 is 1; 3^0.5 = 1.732."""
    windows = cycle(4)._replace(target=np.array([1, 1, 1, 2]))
    drawn = list(Gru4rec(Options(5000, power)).negatives(np.random.default_rng(3), windows, 3, 2))
    assert [len(batch) for batch in drawn] == [5000, 5000], "two batches of two rows"
    found = np.bincount(torch.cat(drawn).numpy(), minlength=4)[1:] / 10_000
    assert found == pytest.approx(shares, abs=0.015)  # three standard deviations of a share of 1/2


def test_it_learns_the_circle() -> None:
    """By the common trainer: the next item is first for nearly every window."""
    settings = replace(SETTINGS, model="GRU4Rec", epochs=12, patience=12, dropout=0.0)
    lines = trainer(settings, method=Gru4rec(Options(8, 0.0))).fit(NoCheckpoint())  # type: ignore[arg-type]
    assert lines[-1]["validation"]["H@1"] > 0.9


class NoCheckpoint:
    """Nothing is saved."""

    def load(self) -> None:
        """Nothing is there."""

    def save(self, state: object) -> None:
        """Nothing is kept."""


def test_its_scripts_rank_with_its_own_network(tmp_path: Path) -> None:
    """From files to ranks: H@1 over the validation rows is the log's."""
    inputs, model, log = write_data(tmp_path), tmp_path / "model.safetensors", tmp_path / "log"
    own = {**asdict(replace(SETTINGS, epochs=3)), "model": "GRU4Rec"}
    argv = [*inputs, "--model", str(model), "--log", str(log), "--settings", json.dumps({**OWN, "fit": own})]
    program.run(fit_sequential.main, fit_sequential.build_parser(), argv)
    rank = {"rank": {key: own[key] for key in SHAPE}, "network": "gru4rec"}
    rows = ["--model", str(model), "--rows", str(tmp_path / "valid.parquet"), *inputs[4:]]
    argv = [*rows, "--ranks", str(tmp_path / "ranks.parquet"), "--settings", json.dumps(rank)]
    program.run(rank_sequential.main, rank_sequential.build_parser(), argv)
    ranks = tables.read_table(tmp_path / "ranks.parquet", ["rank"])["rank"].to_numpy()
    summary = json.loads(log.read_text().splitlines()[-1])
    assert np.mean(ranks == 0) == pytest.approx(summary["validation"]["H@1"])
    assert summary["l2"] == 1e-6

    # SASRec's network has other weights: the file is refused, not ranked with.
    argv[-1] = json.dumps({**rank, "network": "sasrec"})
    with pytest.raises(SystemExit):
        program.run(rank_sequential.main, rank_sequential.build_parser(), argv)


def test_a_catalogue_of_one_item_is_refused() -> None:
    """As for every network."""
    with pytest.raises(SoftrecError, match="a catalogue of 1 items"):
        gru4rec.network(1, SMALL)


def test_the_items_of_the_circle_are_the_catalogue() -> None:
    """The network has a row for padding, and an output for each item."""
    model = gru4rec.network(ITEMS, SMALL)
    assert (model.item.weight.shape, model.output.weight.shape) == ((ITEMS + 1, 6), (ITEMS, 6))
    assert not model.item.weight[0].any()
