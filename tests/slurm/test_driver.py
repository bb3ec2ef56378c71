"""What may happen to Snakemake while its jobs are on the cluster, and to the jobs: nothing is lost, nothing hangs.

The jobs are of the group `data`, in which splitting waits for the test: seconds of work, and no language model.
"""

import re
import signal
import subprocess
import sys

from slurm_project import HERE, SPLIT, Driver, SlurmProject, facts, slurm, squeue, start_now, wait_for

from lib.console import terminal


def on(partition: str) -> tuple[str, ...]:
    """Options that send every job of the CPU partition elsewhere."""
    return "--default-resources", f"slurm_partition={partition}", "runtime=10", "mem_mb=2000"


def goes_on_to_its_end(driver: Driver, project: SlurmProject) -> None:
    """Once the gate is open, a driver ends well and the split is there."""
    project.open_gate()
    driver.well()
    assert (project.root / SPLIT).exists()


def test_ctrl_c_cancels_and_the_same_command_goes_on(gated: SlurmProject) -> None:
    """Nothing stays in the queue, nothing half-written, no lock; started again it ends well."""
    driver = gated.submit(SPLIT)
    number = driver.running()
    wait_for(lambda: (gated.root / "results/toy/toys/interactions.parquet").exists(), "the filter")
    assert driver.stop(signal.SIGINT) != 0
    assert terminal.STOPPED in driver.said()
    assert " failed" not in driver.said()
    wait_for(lambda: facts(number)["JobState"] == "CANCELLED", "the job to be cancelled")
    assert squeue("--states=RUNNING,PENDING") == ""
    assert not (gated.root / SPLIT).exists()
    goes_on_to_its_end(gated.submit(SPLIT), gated)


def test_a_killed_driver_is_recovered_from(gated: SlurmProject) -> None:
    """Its job runs on. The next start says what to do, `make slurm-recover` does it, and the next one ends well."""
    driver = gated.submit(SPLIT)
    number = driver.running()
    driver.stop(signal.SIGKILL)
    assert facts(number)["JobState"] == "RUNNING"
    refused = gated.submit(SPLIT)
    assert "make slurm-recover" in refused.ended()
    assert refused.process.returncode == 1
    recovered = gated.run([sys.executable, "workflow/tools/recover.py"])
    assert f"Slurm job {number}" in recovered
    assert "unlocked" in recovered
    assert facts(number)["JobState"] == "CANCELLED"
    again = gated.run([sys.executable, "workflow/tools/recover.py"])
    assert "no job of this folder is left" in again
    goes_on_to_its_end(gated.submit(SPLIT), gated)


def test_recovery_leaves_a_living_driver_alone(gated: SlurmProject) -> None:
    """It names the process, cancels nothing and fails."""
    driver = gated.submit(SPLIT)
    number = driver.running()
    refused = subprocess.run(
        [sys.executable, "workflow/tools/recover.py"], cwd=gated.root, capture_output=True, text=True
    )
    assert refused.returncode == 1
    assert f"process {driver.process.pid} is a Snakemake" in refused.stderr
    assert facts(number)["JobState"] == "RUNNING"
    goes_on_to_its_end(driver, gated)


def test_a_cancelled_job_is_submitted_again_with_more(gated: SlurmProject) -> None:
    """`scancel` by somebody: noticed, and the second attempt asks for twice the memory and time."""
    driver = gated.submit(SPLIT)
    first = driver.running()
    slurm("scancel", first)
    second = driver.running(at=1)
    assert [facts(number)["MinMemoryNode"] for number in (first, second)] == ["16000M", "32000M"]
    # Two rules that follow each other, of an hour each, are a group of two hours.
    assert [facts(number)["TimeLimit"] for number in (first, second)] == ["02:00:00", "04:00:00"]
    goes_on_to_its_end(driver, gated)


def test_a_lost_node_is_noticed(gated: SlurmProject) -> None:
    """The node's daemon dies and Slurm takes the node out: the job runs on another one, to its end."""
    driver = gated.submit(SPLIT, *on("scavenge"))
    number = driver.running()
    node = facts(number)["NodeList"]
    subprocess.run([HERE / "cluster", "kill-node", node], check=True)
    slurm("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=test")
    wait_for(lambda: facts(number)["JobState"] != "RUNNING", "the node's job to be taken back")
    if facts(number)["JobState"] == "PENDING":
        start_now(number)
    goes_on_to_its_end(driver, gated)
    assert facts(driver.jobs()[-1])["NodeList"] != node


def test_preemption_by_requeue_is_waited_for(gated: SlurmProject) -> None:
    """The partition's own rule: the same job, later."""
    driver = gated.submit(SPLIT, *on("scavenge"))
    number = driver.running()
    preempt(number)
    start_now(number)
    goes_on_to_its_end(driver, gated)
    assert driver.jobs() == [number]


def test_preemption_by_cancel_is_noticed_and_mended(gated: SlurmProject) -> None:
    """Snakemake's plugin would wait for ever for a job that was preempted and cancelled: it is put back, and ends."""
    driver = gated.submit(SPLIT, *on("scavenge-cancel"))
    number = driver.running()
    preempt(number)
    wait_for(lambda: facts(number)["JobState"] == "PREEMPTED", "the job to be preempted")
    wait_for(lambda: f"requeued  Slurm job {number}" in driver.said(), "the driver to put it back")
    start_now(number)
    goes_on_to_its_end(driver, gated)
    assert driver.jobs() == [number]


def preempt(number: str) -> None:
    """Submit a job of a higher partition for all CPUs of the node on which a job runs, and let it end."""
    node = facts(number)["NodeList"]
    partition = "cpu" if node.startswith("cpu") else "gpu"
    slurm("sbatch", "-p", partition, "-w", node, "--exclusive", "-o", "/dev/null", "--wrap", "sleep 2")


def test_a_configuration_edited_in_the_queue_is_refused(gated: SlurmProject) -> None:
    """A job reads its configuration when it starts: it sees that it is not what was submitted, and says so."""
    slurm("scontrol", "update", "PartitionName=cpu", "State=DOWN")
    driver = gated.submit(SPLIT, "--retries", "0")
    number = driver.job()
    assert facts(number)["JobState"] == "PENDING"
    gated.edit("config/toy.yaml", "filter: {k: 10}", "filter: {k: 9}")
    slurm("scontrol", "update", "PartitionName=cpu", "State=UP")
    said = driver.ended()
    assert driver.process.returncode == 1
    assert "were edited after this job was planned" in said
    assert f"filter_interactions failed (Slurm job {number}" in said
    assert not (gated.root / "results/toy/toys/interactions.parquet").exists()
    goes_on_to_its_end(gated.submit(SPLIT), gated)


def test_an_edit_of_other_keys_does_not_concern_a_job(gated: SlurmProject) -> None:
    """Statistics are none of the filter's settings."""
    slurm("scontrol", "update", "PartitionName=cpu", "State=DOWN")
    driver = gated.submit(SPLIT, "--retries", "0")
    driver.job()
    gated.edit("config/toy.yaml", "statistics: {resamples: 1000}", "statistics: {resamples: 2000}")
    slurm("scontrol", "update", "PartitionName=cpu", "State=UP")
    goes_on_to_its_end(driver, gated)
    assert "were edited" not in driver.said()


def test_what_no_node_has_is_refused_before_anything_is_submitted(gated: SlurmProject) -> None:
    """GPUs of another model, a partition that is not there: a sentence each, no job, nothing begun.

    The options replace the profile's resources of all rules, so what they say of tune_sft holds for SOFT's tuning too.
    """
    driver = gated.submit(
        "all",
        "--set-resources",
        "tune_sft:slurm_partition=gpu",
        "tune_sft:gpu_model=h100",
        "tune_sdpo:slurm_partition=g",
    )
    said = driver.ended()
    assert driver.process.returncode == 1
    [rules] = re.findall(r"has no node with 4 GPU\(s\) of model h100 on a node \((.*?)\); it has gpu:a800:4", said)
    assert sorted(rules.split(", ")) == ["tune_sft", "tune_soft"]
    assert "partition 'g' (tune_sdpo) is not there" in said
    assert driver.jobs() == []
    assert "Traceback" not in said
    assert not (gated.root / "results/toy/toys").exists()
