"""Which rows make up a global batch, and how ranks share it: a pure function of (seed, epoch)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from softrec.core import seeds


@dataclass(frozen=True)
class Arithmetic:
    """global batch = world x micro batch x accumulation, where the last micro batches may be smaller."""

    rows: int
    global_batch_size: int
    micro_batch_size: int
    world: int

    @property
    def steps_per_epoch(self) -> int:
        """Optimiser steps in an epoch; the last batch may be short."""
        return -(-self.rows // self.global_batch_size)

    @property
    def accumulation(self) -> int:
        """Micro steps per optimiser step of a full batch."""
        return -(-self.global_batch_size // (self.world * self.micro_batch_size))

    def __str__(self) -> str:
        return (
            f"{self.rows} rows / global batch {self.global_batch_size} = {self.steps_per_epoch} steps an epoch; "
            f"global batch = {self.world} rank(s) x micro batch {self.micro_batch_size} x "
            f"accumulation {self.accumulation}"
        )


def global_batches(rows: int, size: int, seed: int, epoch: int) -> list[np.ndarray]:
    """The row numbers of each global batch of an epoch: a seeded permutation cut into `size`, the last one short."""
    order = seeds.stream(seed, "rows", epoch).permutation(rows)
    return [order[start : start + size] for start in range(0, rows, size)]


def micro_batches(batch: np.ndarray, lengths: Sequence[int], arithmetic: Arithmetic) -> list[np.ndarray]:
    """The micro batches of one global batch, at most micro_batch_size rows each, of like length to save padding.

    What a micro batch holds does not depend on the number of ranks, so neither do the dropout masks that are drawn for
    it. Rank r runs the micro batches r, r + world, ...
    """
    length = np.asarray(lengths)
    ordered = batch[np.lexsort((batch, -length[batch]))]
    size = arithmetic.micro_batch_size
    return [ordered[start : start + size] for start in range(0, len(ordered), size)]
