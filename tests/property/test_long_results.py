"""Long tables and metrics: what is written comes back, and what ranks give is never called impossible."""

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from softrec.evaluation import metrics
from softrec.reporting.means import average, gain
from softrec.results import collect, long_table
from softrec.results.long_table import LongRow

NAMES = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=8)
ROWS = st.builds(LongRow, NAMES, NAMES, NAMES, NAMES, st.integers(0, 2**63 - 1), st.floats(0, 1))


@given(st.lists(ROWS, min_size=1, unique_by=lambda row: row[:5]))
def test_long_table_comes_back(rows: list[LongRow]) -> None:
    """Any names, seeds and values, with quotes and commas in them, read back exactly and in order."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.csv"
        long_table.write_long(path, rows)
        assert long_table.read_long(path) == rows


@given(st.lists(st.integers(0, 60), min_size=1, max_size=200))
def test_metrics_of_real_ranks_are_possible(ranks: list[int]) -> None:
    """The bound between cut-offs holds for every list of ranks."""
    assert collect.impossible(metrics.summary(np.array(ranks), [1, 5, 10, 20, 50])) is None


@given(st.floats(0.001, 1), st.floats(0.001, 1), st.floats(0.001, 1))
def test_gain_is_over_the_better_competitor(sft: float, sdpo: float, soft: float) -> None:
    """Adding a competitor never raises the Gain, and the Gain has the sign of SOFT minus the better one."""
    rows = [LongRow(m, "B", "G", "H@5", 1, v) for m, v in (("SFT", sft), ("SDPO", sdpo), ("SOFT", soft))]
    both = gain(average(rows), "B", "G", "H@5")
    one = gain(average([rows[0], rows[2]]), "B", "G", "H@5")
    assert both is not None
    assert one is not None
    assert both <= one
    assert (both > 0) == (soft / max(sft, sdpo) > 1)
