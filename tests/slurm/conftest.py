"""A Slurm cluster for as long as the tests run, and the toy shop's results that they are compared with.

Tests of different files run beside each other (pytest-xdist), each process with a cluster of its own. Slurm's programs
find theirs in /etc/slurm, so each process has its own view of that folder, and the machine's is left alone.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import own_cluster
import pytest
from slurm_project import HERE, SlurmProject, squeue

NEEDED = (
    "make test-slurm needs root and Debian's packages (apt-get), to run a Slurm cluster on this machine: {missing}."
)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Install Slurm before any process needs it; say what is missing, and fail, where that cannot be done."""
    if hasattr(session.config, "workerinput"):
        return
    if os.geteuid() != 0:
        pytest.exit(NEEDED.format(missing="this is not root"), returncode=2)
    if not shutil.which("slurmctld") and not shutil.which("apt-get"):
        pytest.exit(NEEDED.format(missing="there is neither Slurm nor apt-get"), returncode=2)
    installed = subprocess.run([HERE / "cluster", "install"], capture_output=True, text=True)
    if installed.returncode:
        pytest.exit(f"{NEEDED.format(missing='Slurm cannot be installed')}\n{installed.stderr}", returncode=2)


@pytest.fixture(scope="session", autouse=True)
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The cluster of `tests/slurm/cluster`, of this process alone."""
    with own_cluster.running(tmp_path_factory.mktemp("etc"), tmp_path_factory.getbasetemp()):
        yield


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
