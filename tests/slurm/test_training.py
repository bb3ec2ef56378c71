"""Training on the cluster: requeued, killed, out of time, on two nodes. It learns what it learns undisturbed."""

import os
import signal
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from slurm_project import QUICK, Driver, SlurmProject, facts, slurm, start_now, wait_for

RUNS = {kind: f"toys/{kind}/sft/seed=1" for kind in ("bigrec", "llara")}
ADAPTER = "adapter/adapter_model.safetensors"


def adapter(project: SlurmProject, run: str) -> Path:
    """Where a run's adapter stands."""
    return project.root / "results/toy" / run / ADAPTER


def has_checkpoint(project: SlurmProject, run: str) -> bool:
    """Whether a run has written one."""
    return any((project.root / "results/toy" / run / ".adapter.checkpoint").glob("*.pt"))


def log_of(project: SlurmProject, run: str) -> str:
    """A run's own log; nothing between two attempts, when Snakemake has removed the first one's."""
    path = project.root / "results/toy/logs" / run / "tune.log"
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""


def ranks_of(project: SlurmProject, run: str) -> list[int]:
    """The processes that train a run, by their command and folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode().split("\0")
            here = (process / "cwd").resolve() == project.root
        except OSError:
            continue
        if here and "scripts/tune_llm.py" in words and f"results/toy/{run}/adapter" in words and "--ranks" not in words:
            found.append(int(process.name))
    return found


def test_requeued_or_killed_training_ends_with_the_same_bits(local: SlurmProject, copied: SlurmProject) -> None:
    """BIGRec's job is requeued in mid-training, a rank of LLaRA's is killed -9.

    One goes on under the same number, the other in a second job, each from its checkpoint. Adapters and logs of epochs
    are those of the undisturbed run.
    """
    targets = [f"results/toy/{run}/training.jsonl" for run in RUNS.values()]
    copied.forget(*RUNS.values())
    driver = copied.submit(*targets)
    wait_for(lambda: has_checkpoint(copied, RUNS["llara"]), "LLaRA's first checkpoint")
    os.kill(max(ranks_of(copied, RUNS["llara"])), signal.SIGKILL)
    wait_for(lambda: has_checkpoint(copied, RUNS["bigrec"]), "BIGRec's first checkpoint")
    number = next(job for job in driver.jobs() if "bigrec" in facts(job)["Comment"])
    slurm("scontrol", "requeue", number)
    start_now(number)
    driver.well()
    assert len(driver.jobs()) == 3, "two jobs, and LLaRA's second attempt"
    for run in RUNS.values():
        assert "resumed after" in log_of(copied, run)
        assert adapter(copied, run).read_bytes() == adapter(local, run).read_bytes()
        assert not has_checkpoint(copied, run)


def test_training_that_runs_out_of_time_goes_on(copied: SlurmProject) -> None:
    """Slurm sends SIGTERM before the limit: the ranks save, say so and leave, and the next attempt goes on."""
    run = RUNS["bigrec"]
    copied.forget(run)
    driver = copied.submit(
        f"results/toy/{run}/training.jsonl",
        "--set-resources",
        "tune_sft:slurm_partition=gpu",
        "tune_sft:runtime=30 * attempt",
        "tune_sft:slurm_extra='\"--signal=TERM@20\"'",
        "--config",
        "tuning={epochs: 200, patience: 200}",
    )
    number = driver.running()
    wait_for(lambda: has_checkpoint(copied, run), "the first checkpoint")
    slurm("scontrol", "update", f"JobId={number}", "TimeLimit=1")
    second = driver.job(at=1)
    wait_for(lambda: "resumed after epoch" in log_of(copied, run), "the second attempt")
    assert facts(second)["TimeLimit"] == "01:00:00"
    driver.stop(signal.SIGINT)


def test_two_nodes_train_what_one_does(local: SlurmProject, copied: SlurmProject) -> None:
    """One rank on each of two nodes, started by srun: the adapter of two ranks on one node."""
    run = RUNS["bigrec"]
    copied.forget(run)
    driver = copied.submit(f"results/toy/{run}/training.jsonl", "--config", "engine={nodes: 2, gpus: 8}")
    number = driver.job()
    driver.well()
    assert facts(number)["NumNodes"] == "2"
    found, expected = (load_file(adapter(project, run)) for project in (copied, local))
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, atol=1e-6, rtol=0)


def test_a_run_in_another_folder_trains_the_same(local: SlurmProject, copied: SlurmProject, tmp_path: Path) -> None:
    """Results and records stand in the folder where the command is given; scripts and profile are the project's.

    The finished run is moved there without one adapter, and nothing else is done again.
    """
    copied.forget(RUNS["bigrec"])
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("results", "shop", ".snakemake"):
        (copied.root / name).rename(elsewhere / name)
    project = os.path.relpath(copied.root, elsewhere)
    command = [sys.executable, "-m", "snakemake", f"results/toy/{RUNS['bigrec']}/training.jsonl", *QUICK]
    command += ["--snakefile", f"{project}/workflow/Snakefile", "--configfile", f"{project}/config/toy.yaml"]
    driver = Driver(elsewhere, [*command, "--profile", f"{project}/profiles/slurm-venv"], copied.environment)
    driver.well()
    assert len(driver.jobs()) == 1
    learned = elsewhere / "results/toy" / RUNS["bigrec"] / ADAPTER
    assert learned.read_bytes() == adapter(local, RUNS["bigrec"]).read_bytes()
    assert not (copied.root / "results").exists()
