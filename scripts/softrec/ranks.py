"""Which of the processes of one job this is: the variables that a launcher of ranks sets, with no need of torch.

A process is a rank only if a launcher (launch_ranks.py, torchrun) has started it, which sets all three of RANK,
WORLD_SIZE and LOCAL_RANK. One or two of them, as job scripts and containers leave behind, mean nothing.
"""

import os

from softrec.errors import SoftrecError

NAMES = ("RANK", "WORLD_SIZE", "LOCAL_RANK")


def place() -> tuple[int, int, int]:
    """This process's number in its job, how many processes the job has, its number on its machine; alone (0, 1, 0).

    Raises `SoftrecError` if the three variables are set and do not fit together.
    """
    said = [os.environ.get(name) for name in NAMES]
    if None in said:
        return 0, 1, 0
    try:
        number, count, local = (int(str(value)) for value in said)
    except ValueError:
        number, count, local = -1, -1, -1
    if not 0 <= local <= number < count:
        raise SoftrecError(
            f"{', '.join(f'{name}={value}' for name, value in zip(NAMES, said, strict=True))} is no rank of a job",
            where="the environment",
            remedy="unset the three, or start ranks by scripts/launch_ranks.py",
        )
    return number, count, local


def rank() -> int:
    """0, 1, ...: this process's number among those of its job; 0 where there is only one."""
    return place()[0]


def world() -> int:
    """How many processes the job has."""
    return place()[1]


def local_rank() -> int:
    """This process's number among those of its job on its machine."""
    return place()[2]


def is_first() -> bool:
    """Whether this process is the one that writes: files, logs and manifests come from rank 0 alone."""
    return rank() == 0
