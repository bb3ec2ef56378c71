"""The audit of printed numbers: what the paper's table shows of itself, and that ours must be such as ranks give."""

import pytest

from common.errors import SoftrecError
from places import ROOT
from softrec.results import consistency
from softrec.results.long_table import LongRow
from softrec.results.published import read_published

PUBLISHED = ROOT / "config/published.csv"


def test_the_published_table() -> None:
    """All 72 hit ratios are multiples of 1/1000; NG@20 - NG@5 is impossible for three rows of 36, and no other."""
    found = consistency.check_published(read_published(PUBLISHED, 2), 1000)
    assert (found["hit_ratios"], found["multiples_of_1/1000"], found["triples"]) == (72, 72, 36)
    assert [(t["method"], t["dataset"]) for t in found["impossible"]] == [
        ("SASRec", "Game"),
        ("LLM-CF", "Game"),
        ("LLM-CF", "Kindle"),
    ]
    text = consistency.format_summary(found, 1000)
    assert "72 of 72 hit ratios" in text
    assert "3 of 36 rows" in text


def test_multiples_of_a_grid() -> None:
    """0.123 is 123/1000; 0.1234 is not."""
    assert consistency.on_grid([0.123, 0.1234, 0.0, 1.0], 1000) == 3


def cells(ng20: float) -> dict[tuple[str, str, str, str], float]:
    """H@5 0.1, H@20 0.3, NG@5 0.05: NG@20 - 0.05 must lie in [0.2 / log2 21, 0.2 / log2 7] = [0.04553, 0.07124]."""
    values = {"H@5": 0.1, "H@20": 0.3, "NG@5": 0.05, "NG@20": ng20}
    return {("M", "", "D", metric): value for metric, value in values.items()}


@pytest.mark.parametrize(("ng20", "wrong"), [(0.0954, 1), (0.0956, 0), (0.1212, 0), (0.1213, 1)])
def test_bounds_of_an_ndcg_by_hit_ratios(ng20: float, wrong: int) -> None:
    """0.0454 and 0.0713 are outside, 0.0456 and 0.0712 inside."""
    assert len(consistency.impossible_triples(cells(ng20), 0.0)) == wrong


def long(hit: float, ng20: float) -> list[LongRow]:
    """One run over 10 rows, beside a whole one of seed 2."""
    values = {"H@5": hit, "H@20": 0.3, "NG@5": 0.05, "NG@20": ng20}
    other = {"H@5": 0.1, "H@20": 0.3, "NG@5": 0.05, "NG@20": 0.1}
    return [
        LongRow("M", "B", "D", metric, seed, value)
        for seed, run in ((1, values), (2, other))
        for metric, value in run.items()
    ]


def test_our_numbers_pass_if_ranks_can_give_them() -> None:
    """One of 10 rows within 5, three within 20, twice."""
    assert consistency.check_ours(long(0.1, 0.1), {"D": 10}) == {"runs": 2, "hit_ratios": 4, "impossible": []}


def test_a_hit_ratio_of_no_whole_number_of_hits_fails_the_run() -> None:
    """0.15 of 10 rows are 1.5 hits."""
    with pytest.raises(SoftrecError, match=r"H@5 x 10 rows is 1\.5"):
        consistency.check_ours(long(0.15, 0.1), {"D": 10})


def test_an_ndcg_outside_its_bounds_fails_the_run() -> None:
    """NG@20 - NG@5 = 0.01 with two hits more of ten."""
    with pytest.raises(SoftrecError, match=r"no ranks have"):
        consistency.check_ours(long(0.1, 0.06), {"D": 10})
