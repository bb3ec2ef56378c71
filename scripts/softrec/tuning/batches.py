"""Global batches and their micro-batches: pure functions of (seed, epoch), independent of the number of ranks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from softrec.core import seeds


@dataclass(frozen=True)
class Arithmetic:
    """Batch sizes of a run: global batch = world x micro-batch x accumulation; the last micro-batches may be smaller.

    Attributes:
        rows: training rows.
        global_batch_size: rows of an optimiser step, over all ranks.
        micro_batch_size: rows of one forward pass of one rank.
        world: number of ranks.
    """

    rows: int
    global_batch_size: int
    micro_batch_size: int
    world: int

    @property
    def steps_per_epoch(self) -> int:
        """Optimiser steps per epoch; the last global batch may be smaller."""
        return -(-self.rows // self.global_batch_size)

    @property
    def accumulation(self) -> int:
        """Micro-batches of each rank per optimiser step on a full global batch."""
        return -(-self.global_batch_size // (self.world * self.micro_batch_size))

    def __str__(self) -> str:
        return (
            f"{self.rows} rows / global batch {self.global_batch_size} = {self.steps_per_epoch} steps an epoch; "
            f"global batch = {self.world} rank(s) x micro batch {self.micro_batch_size} x "
            f"accumulation {self.accumulation}"
        )


def global_batches(rows: int, size: int, seed: int, epoch: int) -> list[np.ndarray]:
    """Split a seeded permutation of the row numbers into global batches of `size` rows; the last may be smaller."""
    order = seeds.stream(seed, "rows", epoch).permutation(rows)
    return [order[start : start + size] for start in range(0, rows, size)]


def micro_batches(batch: np.ndarray, lengths: Sequence[int], arithmetic: Arithmetic) -> list[np.ndarray]:
    """Split a global batch into micro-batches of at most micro_batch_size rows, grouped by length to save padding.

    The rows of a micro-batch do not depend on the number of ranks, so neither do its dropout masks. Rank r runs the
    micro-batches r, r + world, ...

    Args:
        batch: row numbers of the global batch.
        lengths: tokens of the prompt of every training row, indexed by row number.
        arithmetic: the batch sizes of the run.
    """
    length = np.asarray(lengths)
    # lexsort's last key is the first one: by length, then by row number.
    ordered = batch[np.lexsort((batch, -length[batch]))]
    size = arithmetic.micro_batch_size
    return [ordered[start : start + size] for start in range(0, len(ordered), size)]
