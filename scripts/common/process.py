"""Rank, world size and local rank of this process, from the launcher's environment variables, without torch.

A process is a rank only if launch_ranks.py has started it, which sets a variable of its own. RANK, WORLD_SIZE and
LOCAL_RANK alone are ignored: job scripts, containers and other launchers leave them behind.
"""

import os

from common.errors import SoftrecError

NAMES = ("RANK", "WORLD_SIZE", "LOCAL_RANK")
LAUNCHED = "SOFTREC_RANKS"  # number of ranks of the job, set by launch_ranks.py


def position() -> tuple[int, int, int]:
    """Return rank, world size and local rank; (0, 1, 0) for a job of one process.

    Raises `SoftrecError` if the launcher's variables are inconsistent.
    """
    if LAUNCHED not in os.environ:
        return 0, 1, 0
    said = [os.environ.get(name, "") for name in (*NAMES, LAUNCHED)]
    try:
        number, count, local, launched = map(int, said)
    except ValueError:
        number, count, local, launched = -1, -1, -1, 0
    if not 0 <= local <= number < count == launched:
        names = zip((*NAMES, LAUNCHED), said, strict=True)
        raise SoftrecError(
            f"{', '.join(f'{name}={value}' for name, value in names)} is not a valid rank",
            where="the environment",
            remedy=f"unset {LAUNCHED}, or start ranks by scripts/launch_ranks.py",
        )
    return number, count, local


def rank() -> int:
    """Return the rank of this process in its job, from 0."""
    return position()[0]


def world_size() -> int:
    """Return the number of processes (ranks) of the job."""
    return position()[1]


def local_rank() -> int:
    """Return the rank of this process among the job's processes on its machine."""
    return position()[2]


def is_main_process() -> bool:
    """Whether this is rank 0, the only process that writes files, logs and manifests."""
    return rank() == 0
