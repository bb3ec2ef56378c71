"""Batch arithmetic by hand."""

import numpy as np
import pytest

from softrec.tuning.batches import Arithmetic, global_batches, micro_batches


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
    parts = micro_batches(np.array([0, 1, 2, 3]), [5, 9, 7, 1], Arithmetic(4, 4, 2, 1))
    assert [part.tolist() for part in parts] == [[1, 2], [0, 3]]


@pytest.mark.parametrize("world", [1, 2, 4])
def test_micro_batches_are_the_same_for_any_number_of_ranks(world: int) -> None:
    """7 rows of lengths 0 to 6 by micro batch 2: 6 5, 4 3, 2 1, 0, however many ranks they are dealt to."""
    parts = micro_batches(np.arange(7), list(range(7)), Arithmetic(7, 7, 2, world))
    assert [part.tolist() for part in parts] == [[6, 5], [4, 3], [2, 1], [0]]


@pytest.mark.parametrize(("size", "micro", "world"), [(7, 2, 1), (7, 2, 4), (256, 8, 4), (5, 8, 2)])
def test_accumulation_has_room_for_every_micro_batch(size: int, micro: int, world: int) -> None:
    """World x accumulation is the least multiple of world that is not below ceil(size / micro)."""
    arithmetic = Arithmetic(size, size, micro, world)
    parts = len(micro_batches(np.arange(size), [1] * size, arithmetic))
    assert world * (arithmetic.accumulation - 1) < parts <= world * arithmetic.accumulation
