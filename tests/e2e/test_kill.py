"""kill -9 in the middle of a job: nothing half-made passes for a result, and the next run ends with the same bytes."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from toy_project import PATIENCE, Project, surroundings


def run_until(project: Project, moment: Callable[[], bool]) -> None:
    """Run Snakemake and kill it with all its jobs, by SIGKILL, as soon as `moment` is true.

    It runs with the least priority, so that whoever watches is not late on a busy machine.
    """
    log = project.root / "killed.log"
    command = ["nice", "-n", "19", *project.command()]
    with log.open("w") as stream:
        run = subprocess.Popen(command, cwd=project.root, env=surroundings(), stderr=stream, start_new_session=True)
    try:
        deadline = time.monotonic() + PATIENCE
        while not moment():
            assert run.poll() is None, f"it ended before it was killed:\n{log.read_text()}"
            assert time.monotonic() < deadline, "the moment to kill it never came"
            time.sleep(0.001)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)
        run.wait()


def forget(project: Project, *names: str) -> None:
    """Remove results, so that they have to be made again."""
    for name in names:
        path = project.root / "results/toy" / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def contents(project: Project, *names: str) -> list[bytes]:
    """Bytes of result files."""
    return [(project.root / "results/toy" / name).read_bytes() for name in names]


def test_a_killed_tuning_job_goes_on_after_its_last_epoch(copied: Project) -> None:
    """Killed in epoch 2, of two: no declared output is there, the next run starts after epoch 1, all bytes agree.

    The first checkpoint is of epoch 1's last step, the second of its validation.
    """
    run = "toys/bigrec/soft/alpha=10/seed=1"
    adapter = f"{run}/adapter/adapter_model.safetensors"
    before = contents(copied, "table2_long.csv", "table2.csv", adapter)
    forget(copied, run, "table2_long.csv")
    folder = copied.root / "results/toy" / run
    run_until(copied, lambda: any((folder / ".adapter.checkpoint").glob("*.000000002.pt")))
    assert {path.name for path in folder.iterdir()} == {".adapter.checkpoint"}
    assert "--unlock" in copied.snakemake(returns=1), "another Snakemake may be at work: it has to be told that none is"
    copied.snakemake("--unlock")
    copied.snakemake()
    log = copied.root / "results/toy/logs" / run / "tune.log"
    assert "resumed after epoch 1" in log.read_text().splitlines()
    assert contents(copied, "table2_long.csv", "table2.csv", adapter) == before
    assert not (folder / ".adapter.checkpoint").exists()
    assert copied.planned() == []


def test_a_job_killed_between_its_outputs_is_made_again(copied: Project) -> None:
    """SASRec's weights are there, whole, but its job was killed before its end: nobody takes them for a result."""
    run = "toys/sasrec/l2=0.001/seed=1"
    names = ["table2_long.csv", f"{run}/model.safetensors", "toys/sasrec/seed=1/model.safetensors"]
    before = contents(copied, *names)
    forget(copied, run, "toys/sasrec/seed=1", "table2_long.csv")
    model: Path = copied.root / "results/toy" / run / "model.safetensors"
    run_until(copied, model.exists)
    copied.snakemake("--unlock")
    bare = [sys.executable, "-m", "snakemake", "--configfile", "config/toy.yaml", "-n"]
    refusal = copied.run(bare, returns=1)
    assert "seem to be incomplete" in refusal
    assert f"results/toy/{run}/model.safetensors" in refusal
    [job] = [job for job in copied.planned() if job.rule == "fit_sasrec"]
    assert job.output[0].startswith(f"results/toy/{run}/")
    copied.snakemake()
    assert contents(copied, *names) == before
    assert copied.planned() == []
