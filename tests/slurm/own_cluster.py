"""A Slurm cluster for as long as a process runs, which no other process and nothing of the machine's own sees."""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
CLONE_NEWNS = 0x00020000  # <sched.h>: a mount namespace of its own


def use_own_etc(folder: Path) -> None:
    """Let this process and all that it starts see `folder` as /etc/slurm."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "no mount namespace: this root may not do what root may")
    Path("/etc/slurm").mkdir(exist_ok=True)
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["mount", "--bind", folder, "/etc/slurm"], check=True)


@contextmanager
def running(etc: Path, projects: Path) -> Iterator[None]:
    """The cluster of `tests/slurm/cluster`: started here, and stopped at the end.

    Args:
        etc: an empty folder for its configuration. projects: the folder of all that runs on it.
    """
    use_own_etc(etc)
    os.environ["SLURM_LAB_DIR"] = f"/tmp/softrec-slurm-{os.getpid()}"
    # Ports of a process that was killed may be in use.
    os.environ["SLURM_LAB_PORT"] = str(20_000 + 50 * (os.getpid() % 200))
    subprocess.run([HERE / "cluster", "start"], check=True)
    try:
        yield
    finally:
        subprocess.run([HERE / "cluster", "stop"], check=True, capture_output=True)
        # Without cgroups, Slurm loses sight of a job's Snakemake whose parent it has killed first.
        subprocess.run(["pkill", "-KILL", "-f", f"{projects}.*slurm-jobstep"])
        shutil.rmtree(os.environ["SLURM_LAB_DIR"])
