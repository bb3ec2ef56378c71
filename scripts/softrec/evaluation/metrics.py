"""Hit ratio and NDCG of one relevant item per row (paper, section 4.1), from 0-based ranks."""

from collections.abc import Sequence

import numpy as np


def hits(rank: np.ndarray, k: int) -> np.ndarray:
    """Return 1[r < K] per row as float64: whether the target is among the first K."""
    return (np.asarray(rank) < k).astype(np.float64)


def gains(rank: np.ndarray, k: int) -> np.ndarray:
    """Return 1[r < K] / log2(r + 2) per row: the discounted gain of one relevant item (the ideal gain is 1)."""
    rank = np.asarray(rank, dtype=np.float64)
    return (rank < k) / np.log2(rank + 2)


def hit_ratio(rank: np.ndarray, k: int) -> float:
    """Compute HR@K = 1/|U| sum_u 1[r_u < K], with r_u the 0-based rank of row u's target."""
    return float(hits(rank, k).mean())


def ndcg(rank: np.ndarray, k: int) -> float:
    """Compute NDCG@K = 1/|U| sum_u 1[r_u < K] / log2(r_u + 2), with r_u the 0-based rank of row u's target."""
    return float(gains(rank, k).mean())


def summary(ranks: np.ndarray, cutoffs: Sequence[int]) -> dict[str, float]:
    """Compute all metrics under the paper's names: {"H@5": hit ratio, "NG@5": NDCG, ...} in the order of `cutoffs`.

    Raises:
        ValueError: there are no ranks, or one is negative.
    """
    ranks = np.asarray(ranks)
    if not len(ranks) or ranks.min() < 0:
        raise ValueError("metrics need at least one rank, and ranks count from 0")
    return {
        name: value for k in cutoffs for name, value in ((f"H@{k}", hit_ratio(ranks, k)), (f"NG@{k}", ndcg(ranks, k)))
    }
