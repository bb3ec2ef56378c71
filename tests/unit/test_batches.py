"""Batch arithmetic by hand."""

import numpy as np
import pytest
from softrec.batches import Arithmetic, global_batches, micro_batches


def test_the_papers_arithmetic() -> None:
    """4,096 rows in batches of 256 are 16 steps; on 4 ranks with micro batch 8, 256 / 32 = 8 accumulations."""
    arithmetic = Arithmetic(4096, 256, 8, 4)
    assert (arithmetic.steps_per_epoch, arithmetic.accumulation) == (16, 8)
    assert str(arithmetic).endswith("global batch = 4 rank(s) x micro batch 8 x accumulation 8")


def test_every_row_once_per_epoch_and_a_new_order_each_epoch() -> None:
    """10 rows by 4: batches of 4, 4, 2; the union is every row; the order is a function of (seed, epoch)."""
    first = global_batches(10, 4, seed=1, epoch=1)
    assert [len(batch) for batch in first] == [4, 4, 2]
    assert sorted(np.concatenate(first)) == list(range(10))
    again, second = global_batches(10, 4, 1, 1), global_batches(10, 4, 1, 2)
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert any((a != b).any() for a, b in zip(first, second, strict=True))


def test_lengths_are_grouped_inside_a_batch() -> None:
    """Lengths 5, 9, 7, 1 by micro batch 2: the two longest (rows 1, 2) first, then rows 0 and 3."""
    parts = micro_batches(np.array([0, 1, 2, 3]), [5, 9, 7, 1], Arithmetic(4, 4, 2, 1), rank=0)
    assert [part.tolist() for part in parts] == [[1, 2], [0, 3]]


@pytest.mark.parametrize("world", [1, 2, 4])
def test_ranks_share_every_row_and_take_equally_many_steps(world: int) -> None:
    """7 rows, micro batch 2: together the ranks have each row once, and each rank has as many micro batches."""
    arithmetic = Arithmetic(7, 7, 2, world)
    lengths = list(range(7))
    parts = [micro_batches(np.arange(7), lengths, arithmetic, rank) for rank in range(world)]
    assert sorted(row for rank in parts for part in rank for row in part.tolist()) == list(range(7))
    assert len({len(rank) for rank in parts}) == 1
