"""Training of a sequential model: it learns, it stops when it should, and it survives being killed."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

import fit_sequential
import rank_sequential
from circle_of_items import ITEMS, SASREC, SETTINGS, SHAPE, cycle, trainer, write_data
from common.errors import SoftrecError
from softrec.evaluation import ranking
from softrec.io import tables
from softrec.io.checkpoints import Checkpoint
from softrec.job import program
from softrec.sequential import sasrec
from softrec.sequential.ranking import rank_windows
from softrec.sequential.trainer import FitSettings, Trainer

SCRIPT = Path(fit_sequential.__file__)


def without_seconds(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Log lines less what a clock put there."""
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


def test_learns_a_cycle(tmp_path: Path) -> None:
    """The next item is certain: H@1 goes over 0.9.

    An untrained model is at chance, 1/16 to 1/19 (20 items less a window of up to 4): at most 0.3 on 80 windows.
    """
    one = trainer(replace(SETTINGS, epochs=15, patience=15))
    assert np.mean(rank_windows(one.model, one.valid, one.protocol).rank == 0) < 0.3
    lines = one.fit(Checkpoint(tmp_path / "model", "key"))
    assert lines[-1]["validation"]["H@1"] > 0.9
    assert lines[14]["loss"] < 0.5 * lines[0]["loss"]


def test_same_seed_same_weights_other_seed_other_weights(tmp_path: Path) -> None:
    """Two runs with one seed agree in every bit; another seed does not."""
    settings = replace(SETTINGS, epochs=1)
    weights = []
    for seed in (3, 3, 4):
        one = trainer(replace(settings, seed=seed))
        one.fit(Checkpoint(tmp_path / f"model{len(weights)}", "key"))
        weights.append(one.model.state_dict()["output.weight"])
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_an_epoch_is_a_function_of_seed_and_epoch() -> None:
    """Every row comes once, in an order that depends on the epoch, however many epochs were drawn before."""
    one, other = trainer(), trainer()
    one.batches(1)
    rows = torch.cat([batch.row for batch in one.batches(2)])
    assert torch.equal(rows, torch.cat([batch.row for batch in other.batches(2)]))
    assert not torch.equal(rows, torch.cat([batch.row for batch in other.batches(3)]))
    assert rows.sort().values.tolist() == list(range(400))
    last = one.batches(2)[-1]
    assert len(last.target) == 400 % 64
    assert torch.equal(last.target, torch.from_numpy(one.train.target)[last.row])


def test_each_epoch_has_its_own_dropout() -> None:
    """With a learning rate of 0, one row and one batch, only dropout and the negative can change the loss.

    Two items leave one negative, so two epochs differ by dropout alone; the same epoch twice does not differ.
    """
    one = trainer(replace(SETTINGS, learning_rate=0.0, dropout=0.5), rows=1)
    one.protocol = one.protocol._replace(items=2)
    assert one.train_epoch(1) == one.train_epoch(1) != one.train_epoch(2)


class Interrupted(Checkpoint):
    """A checkpoint whose process ends right after the second epoch's state is on the disk."""

    def save(self, state: dict[str, Any]) -> None:
        """Save, then stop as Ctrl-C would."""
        super().save(state)
        if state["epoch"] == 2:
            raise KeyboardInterrupt


def test_resumed_run_equals_an_uninterrupted_one_bit_for_bit(tmp_path: Path) -> None:
    """Epochs 1 and 2, a stop, a new process' worth of objects, epochs 3 to 6: the same weights and log lines.

    Weight decay, dropout and a short last batch are on, so optimiser, chance and order are all exercised.
    """
    settings = replace(SETTINGS, dropout=0.2)
    whole, interrupted, resumed = (trainer(settings) for _ in range(3))
    expected = whole.fit(Checkpoint(tmp_path / "whole", "key"))
    with pytest.raises(KeyboardInterrupt):
        interrupted.fit(Interrupted(tmp_path / "model", "key"))
    torch.manual_seed(0)
    lines = resumed.fit(Checkpoint(tmp_path / "model", "key"))
    assert len(interrupted.state["lines"]) == 2
    assert len(lines) == 7
    assert without_seconds(lines) == without_seconds(expected)
    for name, weight in whole.model.state_dict().items():
        assert torch.equal(weight, resumed.model.state_dict()[name]), name


def with_values(settings: FitSettings, values: list[float]) -> Trainer:
    """A trainer whose epochs do nothing but have these validation values; the model notes its epoch in a weight."""
    one = trainer(settings)

    def run_epoch(epoch: int) -> dict[str, Any]:
        with torch.no_grad():
            one.model.output.bias.fill_(epoch)
        return {"epoch": epoch, "loss": 1.0, "validation": {"NG@5": values[epoch - 1]}, "seconds": {}}

    one.run_epoch = run_epoch  # type: ignore[method-assign]
    return one


def test_patience_counts_ties_and_the_best_epoch_is_kept(tmp_path: Path) -> None:
    """0.1, 0.2, 0.2, 0.1 with patience 2: epoch 3 equals the best and counts, so epoch 4 is the last; 2 is kept."""
    one = with_values(replace(SETTINGS, patience=2), [0.1, 0.2, 0.2, 0.1, 0.9])
    lines = one.fit(Checkpoint(tmp_path / "model", "key"))
    kept = {"summary": True, "kept_epoch": 2, "validation": {"NG@5": 0.2}, "stopped": "patience"}
    assert lines[-1] == {**kept, "device": "CPU", "ranks": 1}
    assert [line["epoch"] for line in lines[:-1]] == [1, 2, 3, 4]
    assert one.model.output.bias[0].item() == 2


def test_a_rise_resets_patience_and_epochs_end_the_run(tmp_path: Path) -> None:
    """0.1, 0.1, 0.2, 0.2, 0.3, 0.3 with patience 2 never waits twice in a row: all six epochs run, 5 is kept."""
    one = with_values(replace(SETTINGS, patience=2), [0.1, 0.1, 0.2, 0.2, 0.3, 0.3])
    last = one.fit(Checkpoint(tmp_path / "model", "key"))[-1]
    assert (last["kept_epoch"], last["stopped"]) == (5, "epochs")


def test_loss_that_is_not_a_number_is_named(tmp_path: Path) -> None:
    """The ninth update is the second of epoch 2 (400 rows are 7 batches of 64)."""
    one = trainer()
    updates = []

    def loss(model: torch.nn.Module, batch: Any) -> torch.Tensor:
        updates.append(1)
        return model.output.bias.sum() * (float("nan") if len(updates) == 9 else 1.0)

    one.method = SimpleNamespace(loss=loss, negatives=one.method.negatives)  # type: ignore[assignment]
    with pytest.raises(SoftrecError, match="loss is nan in epoch 2, step 2 of 7"):
        one.fit(Checkpoint(tmp_path / "model", "key"))


def test_a_model_works_where_its_weights_are() -> None:
    """On torch's device without data, which refuses any tensor of another: a loss comes out there."""
    one = trainer()
    model = one.model.to("meta")
    batch = sasrec.Batch(*(column.to("meta") for column in one.batches(1)[0]))
    assert one.method.loss(model, batch).device.type == "meta"


def test_metric_that_is_not_logged_is_refused() -> None:
    """NG@20 with cutoffs 1 and 5."""
    with pytest.raises(SoftrecError, match="NG@20"):
        trainer(replace(SETTINGS, metric="NG@20"))


def test_kill_9_leaves_no_output_and_the_next_run_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Killed once its first checkpoint is there, the job has written neither output; run again, it resumes.

    The second run finishes both, leaves no checkpoint, and its model ranks the circle (all 80 windows tried).
    """
    inputs, model, log = write_data(tmp_path), tmp_path / "out" / "model.safetensors", tmp_path / "out" / "log"
    settings = {**SASREC, "fit": asdict(replace(SETTINGS, epochs=30, patience=30))}
    argv = [*inputs, "--model", str(model), "--log", str(log), "--settings", json.dumps(settings)]
    process = subprocess.Popen([sys.executable, SCRIPT, *argv], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("out/.model.safetensors.checkpoint/*.pt")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not model.exists()
    assert not log.exists()

    program.run(fit_sequential.main, fit_sequential.build_parser(), argv)
    assert "resumed after epoch" in capsys.readouterr().err
    assert sorted(path.name for path in model.parent.iterdir()) == sorted(
        name for path in (model, log) for name in (path.name, path.name + ".manifest.json")
    )
    assert json.loads(log.read_text().splitlines()[-1])["validation"]["H@1"] > 0.9

    ranks = tmp_path / "ranks.parquet"
    shape = {key: settings["fit"][key] for key in SHAPE}
    rows = ["--rows", str(tmp_path / "valid.parquet"), *inputs[4:]]
    rank_argv = [
        "--model",
        str(model),
        *rows,
        "--ranks",
        str(ranks),
        "--settings",
        json.dumps({"rank": shape, "network": "sasrec"}),
    ]
    program.run(rank_sequential.main, rank_sequential.build_parser(), rank_argv)
    table = tables.read_table(ranks, list(ranking.RANK_TYPES))
    assert table["candidates"].to_pylist() == (ITEMS - cycle(80).length).tolist()
    assert np.mean(table["rank"].to_numpy() == 0) > 0.9
    assert table["paper"].to_pylist() == [True, False] * 40
