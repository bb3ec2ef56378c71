"""The same updates in any shape: one, two and four ranks, any accumulation, plain torch and DeepSpeed."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from places import ROOT

PATIENCE = 600


def specification(name: str, kind: str, ranks: int, micro: int, **more: Any) -> dict[str, Any]:
    """A run for `ranks_run.py`."""
    stage = more.pop("zero_stage", 2)
    engine = {"kind": kind, "ranks": ranks, "zero_stage": stage}
    return {"name": name, "engine": engine, "micro": micro, "dropout": 0.0, "epochs": 6, **more}


def launch(folder: Path, ranks: int, runs: list[dict[str, Any]]) -> subprocess.CompletedProcess[str]:
    """Do the runs one after the other in a job of so many ranks."""
    paths = os.pathsep.join(str(ROOT / name) for name in ("scripts", "tests", "tests/unit"))
    launcher = ["scripts/launch_ranks.py", "--ranks", str(ranks)] if ranks > 1 else []
    command = [sys.executable, *launcher, "tests/unit/ranks_run.py", str(folder), json.dumps(runs)]
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE)


def answer(folder: Path, name: str) -> dict[str, Any]:
    """What a run has written."""
    return json.loads((folder / f"{name}.json").read_text())


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Runs of twelve updates in every shape, all from the same start."""
    folder = tmp_path_factory.mktemp("shapes")
    table = torch.arange(7.0)[:, None] * torch.tensor([0.1, -0.2, 0.3])  # item i is i (0.1, -0.2, 0.3), padding zero
    save_file({"item.weight": table}, folder / "items.safetensors")
    shapes = {
        1: [
            specification("one", "torch", 1, 4),
            specification("one, accumulated", "torch", 1, 1),
            specification("one, dropout", "torch", 1, 1, dropout=0.3),
            specification("one, SDPO", "torch", 1, 4, method="sdpo"),
            specification("one, LLaRA", "torch", 1, 4, backbone="llara"),
            specification("one, DeepSpeed", "deepspeed", 1, 2),
            specification("one, later", "torch", 1, 4, epochs=24),
        ],
        2: [
            specification("two", "torch", 2, 2),
            specification("two, DeepSpeed", "deepspeed", 2, 1),
            specification("two, ZeRO-1", "deepspeed", 2, 2, zero_stage=1),
            specification("two, dropout", "deepspeed", 2, 1, dropout=0.3),
            specification("two, SDPO", "deepspeed", 2, 1, method="sdpo"),
            specification("two, LLaRA", "deepspeed", 2, 1, backbone="llara"),
        ],
        4: [
            specification("four", "torch", 4, 1),
            specification("four, DeepSpeed", "deepspeed", 4, 1),
            specification("four, later", "deepspeed", 4, 1, epochs=24),
        ],
    }
    for ranks, wanted in shapes.items():
        ended = launch(folder, ranks, wanted)
        assert ended.returncode == 0, ended.stderr
    return {run["name"]: answer(folder, run["name"]) for wanted in shapes.values() for run in wanted}


SHAPES = ("one, accumulated", "one, DeepSpeed", "two", "two, DeepSpeed", "two, ZeRO-1", "four", "four, DeepSpeed")


@pytest.mark.parametrize("shape", SHAPES)
def test_twelve_updates_agree_in_any_shape(runs: dict[str, dict[str, Any]], shape: str) -> None:
    """Batches of 4 and 2 rows over six epochs of SOFT, tau below 1 from the second on.

    With dropout 0 the adapters differ by rounding alone. A mean per rank, or a wrong number of micro steps, would
    differ in the second digit.

    The last batch of an epoch has 2 rows: with four ranks two of them have none, with micro batch 1 there are fewer
    micro steps than in a full batch.
    """
    expected, found = np.array(runs["one"]["adapter"]), np.array(runs[shape]["adapter"])
    assert np.abs(expected).max() > 0.1
    print(f"{shape}: largest difference {np.abs(found - expected).max():.1e}")
    np.testing.assert_allclose(found, expected, atol=1e-6, rtol=0)
    np.testing.assert_allclose(runs[shape]["tau"], runs["one"]["tau"], atol=1e-6)


def test_later_drift_is_printed(runs: dict[str, dict[str, Any]]) -> None:
    """48 updates instead of 12: roundings have had time to grow, as in any training. Learnt is the same to the eye."""
    one, four = (np.array(runs[f"{name}, later"]["adapter"]) for name in ("one", "four"))
    moved = np.abs(one - np.array(runs["one"]["adapter"])).max()
    print(f"after 48 updates: largest difference {np.abs(four - one).max():.1e}, of weights that moved by {moved:.1e}")
    assert np.abs(four - one).max() < moved / 10


def test_sdpo_agrees_and_its_reference_is_dealt_over_ranks(runs: dict[str, dict[str, Any]]) -> None:
    """A mean over the rows of the global batch, however they are dealt.

    Six rows are two batches of the one rank's reference with micro batch 4; with micro batch 1 they are six, of which
    each of two ranks runs three, once: every rank has the whole of it, or it would not have learnt the same.
    """
    one, two = runs["one, SDPO"], runs["two, SDPO"]
    assert (one["asked"], two["asked"]) == (2, 3)
    np.testing.assert_allclose(two["reference"], one["reference"], atol=1e-5, rtol=0)
    np.testing.assert_allclose(two["adapter"], one["adapter"], atol=1e-6, rtol=0)


def test_llaras_adapter_and_projector_agree(runs: dict[str, dict[str, Any]]) -> None:
    """The projector is inside what the engine trains.

    Were its gradient not added up over ranks, each rank would have its own, as in the authors' code, and rank 0's would
    differ from that of one process.
    """
    one, two = runs["one, LLaRA"], runs["two, LLaRA"]
    for part in ("adapter", "projector"):
        print(f"{part}: largest difference {np.abs(np.subtract(two[part], one[part])).max():.1e}")
        np.testing.assert_allclose(two[part], one[part], atol=1e-6, rtol=0)
    np.testing.assert_allclose(two["tau"], one["tau"], atol=1e-6)


def test_dropout_masks_do_not_depend_on_ranks_or_engine(runs: dict[str, dict[str, Any]]) -> None:
    """Masks are drawn anew for each micro batch, from its number: where micro batches are the same, so are they."""
    one, two = (np.array(runs[f"{name}, dropout"]["adapter"]) for name in ("one", "two"))
    np.testing.assert_allclose(two, one, atol=1e-6, rtol=0)
    assert np.abs(one - np.array(runs["one"]["adapter"])).max() > 1e-3


@pytest.mark.parametrize("shape", ["two, DeepSpeed", "four"])
def test_generation_and_embedding_come_back_in_order(runs: dict[str, dict[str, Any]], shape: str) -> None:
    """Nine prompts, two at once, on one, two and four ranks: the same texts, and embeddings of the same texts."""
    assert runs[shape]["texts"] == runs["one"]["texts"]
    assert len(set(runs["one"]["texts"])) > 1, "texts that are all equal would hide a wrong order"
    np.testing.assert_allclose(runs[shape]["z"], runs["one"]["z"], atol=1e-5)


def interrupted(folder: Path, kind: str, dies: list[int]) -> subprocess.CompletedProcess[str]:
    """A run on two ranks of which one sends itself a signal at an update; it must not end well."""
    ended = launch(folder, 2, [specification("killed", kind, 2, 1, dropout=0.3, dies=dies)])
    assert ended.returncode != 0
    return ended


@pytest.mark.parametrize(
    ("dies", "said"),
    [
        ([1, 5, 9], "rank 1 failed first, with signal 9"),
        ([0, 8, 15], "stopped after step 2 of 2 of epoch 4, by SIGTERM"),
    ],
)
def test_two_ranks_go_on_to_the_bit(
    runs: dict[str, dict[str, Any]], tmp_path: Path, dies: list[int], said: str
) -> None:
    """Rank 1 is killed at update 5; or rank 0 gets SIGTERM at update 8: all save, leave together and say so.

    Started again the run ends with the same bits as one that was never interrupted.
    """
    ended = interrupted(tmp_path, "deepspeed", dies)
    assert said in ended.stderr
    again = launch(tmp_path, 2, [specification("killed", "deepspeed", 2, 1, dropout=0.3)])
    assert again.returncode == 0, again.stderr
    assert "resumed after epoch" in again.stderr
    assert answer(tmp_path, "killed")["adapter"] == runs["two, dropout"]["adapter"]


def test_a_run_goes_on_with_other_ranks_and_engine(runs: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    """A checkpoint has whole moments of AdamW and no shards: DeepSpeed on two ranks is gone on with by one process."""
    interrupted(tmp_path, "deepspeed", [0, 7, 9])
    again = launch(tmp_path, 1, [specification("killed", "torch", 1, 1, dropout=0.3)])
    assert "resumed after epoch 3" in again.stderr
    expected = np.array(runs["one, dropout"]["adapter"])
    np.testing.assert_allclose(answer(tmp_path, "killed")["adapter"], expected, atol=1e-6, rtol=0)


class BegunError(Exception):
    """A process group was asked for."""


@pytest.mark.parametrize(("cuda", "backend"), [(False, "gloo"), (True, "cpu:gloo,cuda:nccl")])
def test_deepspeed_alone_has_a_group_for_its_device(monkeypatch: pytest.MonkeyPatch, cuda: bool, backend: str) -> None:
    """One rank on a GPU: ZeRO's messages are tensors on it, which gloo would carry through the host, if at all.

    A RANK that something else has left in the environment does not reach DeepSpeed.
    """
    from softrec.tuning import deepspeed_engine
    from softrec.tuning.engine import OptimiserSettings

    asked: dict[str, Any] = {}

    def record(name: str, **options: Any) -> None:
        asked.update(options, backend=name)
        raise BegunError

    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.distributed, "init_process_group", record)
    for name, value in (("RANK", "3"), ("WORLD_SIZE", "1"), ("LOCAL_RANK", "0")):
        monkeypatch.setenv(name, value)
    with pytest.raises(BegunError):
        deepspeed_engine.DeepSpeedEngine(torch.nn.Linear(2, 2), OptimiserSettings(0.1, 0, 0.0, 1.0), 2, 1, 1)
    assert (asked["backend"], asked["rank"], asked["world_size"]) == (backend, 0, 1)
    assert [os.environ[name] for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK")] == ["0", "1", "0"]


def test_ranks_that_nobody_started_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables without a meeting point: a sentence at once, no wait for ranks that never come."""
    from common.errors import SoftrecError
    from softrec.core import distributed

    for name, value in (("RANK", "3"), ("WORLD_SIZE", "4"), ("LOCAL_RANK", "3"), ("SOFTREC_RANKS", "4")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    with (
        pytest.raises(SoftrecError, match="rank 3 of 4, but no launcher has set the rendezvous address"),
        distributed.process_group(),
    ):
        pass
