"""Named random streams: each use of chance has a name, so that adding one never shifts another."""

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def derive(seed: int, *names: str | int) -> int:
    """A 63-bit seed for the stream `names` of `seed`; the same on every machine, process and Python version."""
    text = "/".join([str(seed), *map(str, names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """A numpy generator for the stream `names` of `seed`, for example `stream(42, "samples", "train")`."""
    return np.random.Generator(np.random.PCG64(derive(seed, *names)))


def torch_stream(seed: int, *names: str | int) -> "torch.Generator":
    """A private torch CPU generator for the stream `names` of `seed`; the global one is left alone."""
    import torch

    return torch.Generator().manual_seed(derive(seed, *names))
