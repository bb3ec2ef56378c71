"""kill -9 at random moments, fifty times and more: whatever is left, the run ends with the bits of one left alone."""

import itertools
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from softrec.io.checkpoints import Checkpoint
from softrec.llm.language_model import LanguageModel, adapter_state
from softrec.tuning.checkpointing import Saver
from softrec.tuning.curriculum import SelfAdaptive
from softrec.tuning.epoch_loop import Tuner
from tuning_run import Scripted, flat, new_tuner

NewLlm = Callable[[], LanguageModel]
RESULTS = [(0.1, 0.1), (0.3, 0.1), (0.2, 0.2), (0.2, 0.1), (0.3, 0.1), (0.1, 0.1)]
LOOP = {"epochs": 6, "patience": 3, "checkpoint_select": "best", "dropout": 0.3, "micro_batch_size": 2}
KILLS = 50


class Later(Scripted):
    """The validator's script, from wherever the run stands: epochs that are done are not asked about again."""

    def __init__(self, tuner: Tuner) -> None:
        super().__init__(*RESULTS)
        self.tuner = tuner

    def __call__(self, llm: LanguageModel) -> dict[str, float]:
        """H@10 and NG@10 of the epoch that has been trained."""
        found = RESULTS[self.tuner.state["epoch"]]
        return {"H@10": found[0], "NG@10": found[1]}


def shrinking(llm: LanguageModel) -> float:
    """A distance that depends on the adapter as it is."""
    return 8.0 / (1.0 + float(flat(adapter_state(llm)).norm()))


def run(new_llm: NewLlm, output: Path) -> None:
    """Tune with a checkpoint after every step, and write adapter and tau."""
    tuner = new_tuner(new_llm, **LOOP)
    saver = Saver(Checkpoint(output, "k" * 64), minutes=0)
    lines = tuner.fit(SelfAdaptive(1.0, "exponential", 8.0, shrinking), Later(tuner), saver)
    found = {"tau": [line["tau"] for line in lines[:-1]], "kept": lines[-1]["kept_epoch"]}
    torch.save({"adapter": flat(adapter_state(tuner.llm)), **found}, output)


def begin(new_llm: NewLlm, output: Path) -> int:
    """Run in a child process, which is there at once: nothing has to be imported again."""
    child = os.fork()
    if child == 0:
        sys.stderr = output.with_suffix(".log").open("a", buffering=1)
        status = 1
        try:
            run(new_llm, output)
            status = 0
        finally:
            os._exit(status)
    return child


def ended(child: int, seconds: float) -> int | None:
    """The wait status of a child that ends within the time, else None."""
    deadline = time.monotonic() + seconds
    while True:
        found, status = os.waitpid(child, os.WNOHANG)
        if found or time.monotonic() > deadline:
            return status if found else None
        time.sleep(0.001)


def kill_until_done(new_llm: NewLlm, output: Path, moments: random.Random, longest: float) -> int:
    """Run, kill after a random time, and again, until a run has ended. Returns the number of kills."""
    for kills in itertools.count():
        child = begin(new_llm, output)
        status = ended(child, moments.uniform(0, longest))
        if status is not None:
            assert status == 0, output.with_suffix(".log").read_text()
            return kills
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert kills < 10 * KILLS, "no run comes to its end"
        checkpoints = sorted(output.parent.glob(f".{output.name}.checkpoint/*.pt"))
        if checkpoints and moments.random() < 0.2:  # a file system that lost the end of the newest file
            content = checkpoints[-1].read_bytes()
            checkpoints[-1].write_bytes(content[: moments.randrange(len(content))])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are made by fork")
def test_a_run_killed_at_random_moments_ends_with_the_same_bits(new_llm: NewLlm, tmp_path: Path) -> None:
    """Adapter, tau of every epoch and the kept epoch are those of a run that nobody interrupted.

    Here five epochs of two updates: H@10 rises to epoch 2 and not after it, so patience 3 ends the run after epoch 5.
    """
    new_tuner(new_llm, **LOOP)  # imports what children would each import anew
    start = time.monotonic()
    assert ended(begin(new_llm, tmp_path / "whole"), 300) == 0
    longest = 0.7 * (time.monotonic() - start)
    expected = torch.load(tmp_path / "whole")
    assert (len(expected["tau"]), expected["kept"]) == (5, 2)
    moments, kills, runs = random.Random(7), 0, 0
    while kills < KILLS:
        output = tmp_path / f"run {runs}"
        kills, runs = kills + kill_until_done(new_llm, output, moments, longest), runs + 1
        found = torch.load(output)
        assert torch.equal(found["adapter"], expected["adapter"])
        assert (found["tau"], found["kept"]) == (expected["tau"], expected["kept"])
    logs = "".join(path.read_text() for path in tmp_path.glob("run *.log"))
    print(f"{kills} kills in {runs} runs, {logs.count('resumed after')} resumed")
    assert logs.count("resumed after") > KILLS / 4
    assert "cannot be read" in logs
