"""Named random streams: each use of randomness has its own name, so that adding one does not change another."""

import hashlib

import numpy as np


def derive(seed: int, *names: str | int) -> int:
    """Derive a 63-bit seed for the stream `names` of `seed`, the same on every machine, process and Python version."""
    text = "/".join([str(seed), *map(str, names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """Make a numpy generator for the stream `names` of `seed`, for example `stream(42, "samples", "train")`."""
    return np.random.Generator(np.random.PCG64(derive(seed, *names)))
