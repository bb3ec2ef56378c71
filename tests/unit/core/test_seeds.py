"""Named random streams: the same everywhere, independent of each other, and not the global ones."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from places import SCRIPTS
from softrec.core import seeds

FROZEN = ["5044659163391675225", "7797464009207079511", "16541233181495472665", "16969264008540117658"]


def test_a_seed_is_the_sum_of_its_names() -> None:
    """The first 8 bytes of sha256("42/samples/train") as a big-endian number, without its last bit."""
    digest = hashlib.sha256(b"42/samples/train").hexdigest()
    assert seeds.derive(42, "samples", "train") == int(digest[:16], 16) // 2
    assert seeds.derive(42, "rows", 3) == seeds.derive(42, "rows", "3")
    assert all(0 <= seeds.derive(seed, "x") < 2**63 for seed in range(100))


@pytest.mark.parametrize("hash_seed", ["0", "12345"])
def test_values_are_frozen_in_every_process(hash_seed: str) -> None:
    """Results in print depend on these numbers: neither Python's hashing nor numpy's defaults may move them."""
    program = (
        "from softrec.core import seeds; print(seeds.derive(42, 'samples', 'train'), seeds.derive(1, 'lora'), "
        "*seeds.stream(42, 'samples', 'train').bit_generator.random_raw(2))"
    )
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS), "PYTHONHASHSEED": hash_seed}
    printed = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert printed.stdout.split() == FROZEN


def test_streams_are_independent() -> None:
    """Drawing from one moves no other; another name or seed is another stream, and two are not correlated.

    Of 10,000 pairs of independent uniform numbers the correlation has a standard error of 0.01; 0.05 is five.
    """
    alone = seeds.stream(7, "valid").random(5)
    first, second = seeds.stream(7, "train"), seeds.stream(7, "valid")
    first.random(1000)
    np.testing.assert_array_equal(second.random(5), alone)
    draws = [seeds.stream(*key).random(10_000) for key in ((7, "train"), (7, "valid"), (8, "train"), (7, "train", 1))]
    correlation = np.corrcoef(draws) - np.eye(4)
    assert np.abs(correlation).max() < 0.05


def test_streams_leave_the_global_generators_alone() -> None:
    """Numpy's global state does not move, and a stream does not depend on it."""
    np.random.seed(1)
    before = np.random.get_state()[1].tolist()
    drawn = seeds.stream(5, "x").random(3)
    assert np.random.get_state()[1].tolist() == before
    np.random.seed(2)
    assert np.array_equal(seeds.stream(5, "x").random(3), drawn)
