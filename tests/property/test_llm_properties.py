"""Properties of grounding, batch arithmetic and tau that hold for any input."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from softrec.evaluation.grounding import Grounding, GroundingSettings
from softrec.splits.seen_items import SeenItems
from softrec.tuning.batches import Arithmetic, global_batches, micro_batches
from softrec.tuning.curriculum import tau

SEEN = SeenItems(np.array([1, 1, 1, 2]), np.array([1, 3, 2, 4]))


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(5, 60), st.integers(1, 20), st.sampled_from(["seen", "window", "none"]))
def test_grounding_equals_direct_differences(seed: int, titles: int, width: int, mask: str) -> None:
    """Integer coordinates make float64 sums exact, ties included: rank = nearer ones + equal ones earlier in order.

    The reference computes || z - z_i ||^2 by direct differences, one pair at a time, over the candidates alone.
    """
    rng = np.random.default_rng(seed)
    catalogue = rng.integers(-3, 4, (titles, width)).astype(np.float32)
    queries = rng.integers(-3, 4, (6, width)).astype(np.float32)
    targets = rng.integers(1, titles + 1, 6)
    users, positions = rng.integers(1, 3, 6), rng.integers(0, 2, 6)
    histories = [[int(i)] for i in rng.integers(1, titles + 1, 6)]
    grounding = Grounding(catalogue, np.arange(-1, titles), SEEN, GroundingSettings(mask, 0))
    rows = {"user": users.tolist(), "position": positions.tolist(), "history": histories, "target": targets.tolist()}
    got = grounding.rank(queries, rows)
    for i in range(6):
        own = int(targets[i]) - 1
        gone = {"seen": SEEN.before(users[i], positions[i]).tolist(), "window": histories[i], "none": []}[mask]
        candidates = [t for t in range(titles) if t == own or t + 1 not in gone]
        cost = {t: float(((queries[i].astype(float) - catalogue[t].astype(float)) ** 2).sum()) for t in candidates}
        equal = [t for t in candidates if cost[t] == cost[own] and t != own]
        earlier = sum(grounding.candidates.order[t] < grounding.candidates.order[own] for t in equal)
        assert got.rank[i] == sum(cost[t] < cost[own] for t in candidates) + earlier
        assert (got.candidates[i], got.ties[i]) == (len(candidates), len(equal))


@settings(max_examples=100)
@given(
    st.integers(1, 80), st.integers(1, 40), st.integers(1, 9), st.integers(1, 4), st.integers(0, 99), st.integers(1, 9)
)
def test_every_row_is_run_once_an_epoch(rows: int, size: int, micro: int, world: int, seed: int, epoch: int) -> None:
    """Over all steps, ranks and micro batches each row comes once; no micro batch is too large; no rank is overfull."""
    arithmetic = Arithmetic(rows, size, micro, world)
    lengths = np.random.default_rng(seed).integers(1, 50, rows).tolist()
    batches = global_batches(rows, size, seed, epoch)
    assert len(batches) == arithmetic.steps_per_epoch
    seen: list[int] = []
    for batch in batches:
        parts = micro_batches(batch, lengths, arithmetic)
        assert max(len(part) for part in parts) <= micro
        assert len(parts) <= world * arithmetic.accumulation
        seen += [int(row) for part in parts for row in part]
    assert sorted(seen) == list(range(rows))


@settings(max_examples=200)
@given(st.floats(1e-3, 1e3), st.floats(1e-3, 1e3), st.floats(1e-2, 1e3), st.sampled_from(["exponential", "linear"]))
def test_tau_is_a_weight_and_rises_with_the_distance(d_t: float, d_0: float, alpha: float, progression: str) -> None:
    """0 <= tau <= 1 for any distances; a larger d_t never gives a smaller tau; d_t >= d_0 gives 1."""
    value = tau(d_t, d_0, alpha, progression)
    assert 0.0 <= value <= 1.0
    assert tau(2 * d_t, d_0, alpha, progression) >= value
    assert d_t < d_0 or value == 1.0
