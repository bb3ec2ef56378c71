"""Which of the processes of one job this is: the variables that a launcher of ranks sets, with no need of torch.

A process is a rank only if launch_ranks.py has started it, which says so in a variable of its own. RANK, WORLD_SIZE and
LOCAL_RANK alone mean nothing: job scripts, containers and another program's launcher leave them behind.
"""

import os

from common.errors import SoftrecError

NAMES = ("RANK", "WORLD_SIZE", "LOCAL_RANK")
LAUNCHED = "SOFTREC_RANKS"  # processes of the job, as launch_ranks.py has started them


def position() -> tuple[int, int, int]:
    """This process's number in its job, how many processes the job has, its number on its machine; alone (0, 1, 0).

    Raises `SoftrecError` if the launcher's variables do not fit together.
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
            f"{', '.join(f'{name}={value}' for name, value in names)} is no rank of a job",
            where="the environment",
            remedy=f"unset {LAUNCHED}, or start ranks by scripts/launch_ranks.py",
        )
    return number, count, local


def rank() -> int:
    """0, 1, ...: this process's number among those of its job; 0 where there is only one."""
    return position()[0]


def world_size() -> int:
    """How many processes the job has."""
    return position()[1]


def local_rank() -> int:
    """This process's number among those of its job on its machine."""
    return position()[2]


def is_main_process() -> bool:
    """Whether this process is the one that writes: files, logs and manifests come from rank 0 alone."""
    return rank() == 0
