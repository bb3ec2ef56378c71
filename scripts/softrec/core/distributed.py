"""What the ranks of a job say to each other: a process group, work dealt out and collected, sums.

Work is dealt in whole batches, batch k to rank k mod world. A batch is thus the same whatever the number of ranks is,
and so is what comes of it.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist

from common.errors import SoftrecError
from common.process import LAUNCHED, NAMES, local_rank, rank, world_size

Part = TypeVar("Part")
PATIENCE = timedelta(hours=2)  # a rank may wait for another that generates, or for a file system


@contextmanager
def process_group() -> Iterator[None]:
    """The process group of this job's ranks, for as long as the block lasts; none where there is one rank.

    At the end all ranks wait for each other and leave together: a thread of a library that is still at work when Python
    ends would abort the process. After an error nobody is waited for.

    Raises `SoftrecError` if the launcher has not said where ranks meet.
    """
    if world_size() > 1:
        if not {"MASTER_ADDR", "MASTER_PORT"} <= set(os.environ):
            raise SoftrecError(
                f"this is rank {rank()} of {world_size()}, and no launcher has said where they meet",
                where=f"{LAUNCHED} is set, MASTER_ADDR or MASTER_PORT is not",
                remedy=f"unset {LAUNCHED}, or start ranks by scripts/launch_ranks.py",
            )
        use_own_gpu()
        dist.init_process_group(backend(), timeout=PATIENCE)
    yield
    if dist.is_initialized():  # an engine may have begun a group of one rank
        dist.barrier()
        dist.destroy_process_group()


def backend() -> str:
    """What carries messages: gloo for tensors on the CPU, NCCL for those on a GPU."""
    return "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"


def start_single_process_group() -> None:
    """The process group of a job of one process, for an engine that cannot do without; it needs no port.

    The engine's library reads the three variables of a launcher by itself, so that they say the same.
    """
    os.environ.update(zip(NAMES, ("0", "1", "0"), strict=True))
    dist.init_process_group(backend(), store=dist.HashStore(), rank=0, world_size=1)


def use_own_gpu() -> None:
    """Let "cuda" mean this rank's GPU: its number on this node."""
    if torch.cuda.is_available():
        torch.cuda.set_device(local_rank())


def shard(batches: Sequence[Part]) -> list[Part]:
    """This rank's share of `batches`."""
    return list(batches[rank() :: world_size()])


def all_gather(own: dict[int, Any]) -> dict[int, Any]:
    """The entries of all ranks' mappings, on every rank."""
    if world_size() == 1:
        return own
    found: list[dict[int, Any]] = [{}] * world_size()
    dist.all_gather_object(found, own)
    return {key: value for part in found for key, value in part.items()}


def all_reduce_sum(values: Sequence[float]) -> list[float]:
    """The sum over ranks of each value, on every rank."""
    if world_size() == 1:
        return list(values)
    summed = torch.tensor(values, dtype=torch.float64)
    dist.all_reduce(summed)
    return summed.tolist()


def all_reduce_tensors(tensors: Sequence[torch.Tensor]) -> None:
    """Replace each tensor by its sum over ranks, in place, in one message."""
    if world_size() == 1:
        return
    message = torch.cat([tensor.flatten() for tensor in tensors])
    dist.all_reduce(message)
    for tensor, part in zip(tensors, message.split([tensor.numel() for tensor in tensors]), strict=True):
        tensor.copy_(part.view_as(tensor))


def broadcast_from_main(make: Callable[[], Part]) -> Part:
    """What `make` returns on rank 0, on every rank: one process reads a file, and all see the same."""
    if world_size() == 1:
        return make()
    value = [make() if rank() == 0 else None]
    dist.broadcast_object_list(value, src=0)
    return value[0]  # type: ignore[return-value]
