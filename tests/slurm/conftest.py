"""A Slurm cluster for as long as the tests run, and the toy shop's results that they are compared with.

Tests of different files run beside each other (pytest-xdist), each process with a cluster of its own. Slurm's programs
find theirs in /etc/slurm, so each process has its own view of that folder, and the machine's is left alone.
"""

import ctypes
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


CLONE_NEWNS = 0x00020000  # <sched.h>: a mount namespace of its own


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


def use_own_etc(folder: Path) -> None:
    """Let this process and all that it starts see `folder` as /etc/slurm."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "no mount namespace: this root may not do what root may")
    Path("/etc/slurm").mkdir(exist_ok=True)
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["mount", "--bind", folder, "/etc/slurm"], check=True)


@pytest.fixture(scope="session", autouse=True)
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The cluster of `tests/slurm/cluster`: started here, and stopped here."""
    use_own_etc(tmp_path_factory.mktemp("etc"))
    os.environ["SLURM_LAB_DIR"] = f"/tmp/softrec-slurm-{os.getpid()}"
    os.environ["SLURM_LAB_PORT"] = str(
        20_000 + 50 * (os.getpid() % 200)
    )  # of a process that was killed, they may be in use
    subprocess.run([HERE / "cluster", "start"], check=True)
    yield
    subprocess.run([HERE / "cluster", "stop"], check=True, capture_output=True)
    # Without cgroups, Slurm loses sight of a job's Snakemake whose parent it has killed first.
    subprocess.run(["pkill", "-KILL", "-f", f"{tmp_path_factory.getbasetemp()}.*slurm-jobstep"])
    shutil.rmtree(os.environ["SLURM_LAB_DIR"])


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
