"""Communication between the ranks of a job: process group, sharding, all_gather, all_reduce and broadcast.

Work is sharded in whole batches, batch k to rank k mod world size. The content of a batch, and with it the result,
therefore does not depend on the number of ranks.
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
PATIENCE = timedelta(hours=2)  # timeout: a rank may wait for another one's generation, or for a file system


@contextmanager
def process_group() -> Iterator[None]:
    """Open the process group of this job's ranks for the duration of the block; with one rank, do nothing.

    At the end all ranks wait for each other and destroy the group, because a library's thread that still runs when
    Python exits would abort the process. After an error, ranks do not wait.

    Raises `SoftrecError` if the launcher has not set the rendezvous address.
    """
    if world_size() > 1:
        if not {"MASTER_ADDR", "MASTER_PORT"} <= set(os.environ):
            raise SoftrecError(
                f"this is rank {rank()} of {world_size()}, but no launcher has set the rendezvous address",
                where=f"{LAUNCHED} is set, MASTER_ADDR or MASTER_PORT is not",
                remedy=f"unset {LAUNCHED}, or start ranks by scripts/launch_ranks.py",
            )
        use_own_gpu()
        dist.init_process_group(backend(), timeout=PATIENCE)
    yield
    if dist.is_initialized():  # also true if an engine has started a group of one rank
        dist.barrier()
        dist.destroy_process_group()


def backend() -> str:
    """Return the communication backend: gloo for tensors on the CPU, NCCL for those on a GPU."""
    return "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"


def start_single_process_group() -> None:
    """Start the process group of a single process, for an engine that requires one; it needs no port.

    The engine's library reads the launcher's three variables itself, so they are set consistently.
    """
    os.environ.update(zip(NAMES, ("0", "1", "0"), strict=True))
    dist.init_process_group(backend(), store=dist.HashStore(), rank=0, world_size=1)


def use_own_gpu() -> None:
    """Make "cuda" this rank's GPU, the one with its local rank."""
    if torch.cuda.is_available():
        torch.cuda.set_device(local_rank())


def shard(batches: Sequence[Part]) -> list[Part]:
    """Return this rank's shard of `batches`."""
    return list(batches[rank() :: world_size()])


def all_gather(own: dict[int, Any]) -> dict[int, Any]:
    """Merge the mappings of all ranks; every rank gets all entries."""
    if world_size() == 1:
        return own
    found: list[dict[int, Any]] = [{}] * world_size()
    dist.all_gather_object(found, own)
    return {key: value for part in found for key, value in part.items()}


def all_reduce_sum(values: Sequence[float]) -> list[float]:
    """Sum each value over ranks, in float64; every rank gets the sums."""
    if world_size() == 1:
        return list(values)
    summed = torch.tensor(values, dtype=torch.float64)
    dist.all_reduce(summed)
    return summed.tolist()


def all_reduce_tensors(tensors: Sequence[torch.Tensor]) -> None:
    """Replace each tensor by its sum over ranks, in place, in one all_reduce."""
    if world_size() == 1:
        return
    message = torch.cat([tensor.flatten() for tensor in tensors])
    dist.all_reduce(message)
    for tensor, part in zip(tensors, message.split([tensor.numel() for tensor in tensors]), strict=True):
        tensor.copy_(part.view_as(tensor))


def broadcast_from_main(make: Callable[[], Part]) -> Part:
    """Call `make` on rank 0 and broadcast its result: one process reads a file, and all have the same content."""
    if world_size() == 1:
        return make()
    value = [make() if rank() == 0 else None]
    dist.broadcast_object_list(value, src=0)
    return value[0]  # type: ignore[return-value]
