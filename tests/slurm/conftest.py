"""A Slurm cluster for as long as the tests run, and the toy shop's results that they are compared with."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from slurm_project import HERE, SlurmProject, squeue

NEEDED = (
    "make test-slurm needs root and Debian's packages (apt-get), to run a Slurm cluster on this machine: {missing}."
)


@pytest.fixture(scope="session", autouse=True)
def cluster() -> Iterator[None]:
    """The cluster of `tests/slurm/cluster`: started here, and stopped here."""
    if os.geteuid() != 0:
        pytest.exit(NEEDED.format(missing="this is not root"), returncode=2)
    if not shutil.which("slurmctld") and not shutil.which("apt-get"):
        pytest.exit(NEEDED.format(missing="there is neither Slurm nor apt-get"), returncode=2)
    started = subprocess.run([HERE / "cluster", "start"], capture_output=True, text=True)
    if started.returncode:
        pytest.exit(f"{NEEDED.format(missing='the cluster did not start')}\n{started.stderr}", returncode=2)
    yield
    subprocess.run([HERE / "cluster", "stop"], check=True, capture_output=True)


@pytest.fixture(autouse=True)
def idle_cluster(cluster: None) -> Iterator[None]:
    """Every test leaves the cluster as it found it: all nodes and partitions up, no job in the queue."""
    yield
    subprocess.run(["scancel", "--me"], check=True)
    subprocess.run([HERE / "cluster", "start"], check=True, capture_output=True)  # nodes that a test has taken down
    for partition in ("cpu", "gpu", "scavenge", "scavenge-cancel"):
        subprocess.run(["scontrol", "update", f"PartitionName={partition}", "State=UP"], check=True)
    assert squeue("--states=RUNNING,PENDING", wait_until_empty=True) == ""


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> SlurmProject:
    """The toy shop, run on this machine without a cluster: same engine, ranks and threads."""
    project = SlurmProject.new(tmp_path_factory.mktemp("local") / "softrec")
    project.begin("--profile", "profiles/demo").well()
    return project


@pytest.fixture
def copied(local: SlurmProject, tmp_path: Path) -> SlurmProject:
    """A copy of the finished project that a test may change."""
    return local.copy(tmp_path / "softrec")


@pytest.fixture
def gated(tmp_path: Path) -> SlurmProject:
    """A project in which nothing has run, and in which splitting waits until the test lets it."""
    return SlurmProject.new(tmp_path / "softrec").gate("scripts/split_sequences.py")
