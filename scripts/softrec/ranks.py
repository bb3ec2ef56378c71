"""Which of the processes of one job this is: torchrun's environment variables, with no need of torch."""

import os


def rank() -> int:
    """0, 1, ...: this process's number among those of its job; 0 where there is only one."""
    return int(os.environ.get("RANK", "0"))


def world() -> int:
    """How many processes the job has."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first() -> bool:
    """Whether this process is the one that writes: files, logs and manifests come from rank 0 alone."""
    return rank() == 0
