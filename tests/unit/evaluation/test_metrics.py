"""Hit ratio and NDCG against values derived by hand, and against ir_measures."""

import json
import math
from pathlib import Path

import ir_measures
import numpy as np
import pytest

import evaluate_ranks
from softrec.evaluation import metrics, ranking
from softrec.io import tables
from softrec.job import program


def test_first_rank_is_a_full_gain() -> None:
    """R = 0: a hit at every K, gain 1 / log2(2) = 1."""
    assert metrics.summary(np.array([0]), [1, 5]) == {"H@1": 1.0, "NG@1": 1.0, "H@5": 1.0, "NG@5": 1.0}


def test_fifth_rank() -> None:
    """R = 4 is the fifth place: inside K = 5 with gain 1 / log2(6), outside K = 4."""
    rank = np.array([4])
    assert metrics.ndcg(rank, 5) == pytest.approx(1 / math.log2(6), abs=1e-15)
    assert metrics.hit_ratio(rank, 5) == 1.0
    assert metrics.hit_ratio(rank, 4) == metrics.ndcg(rank, 4) == 0.0


def test_means_over_rows() -> None:
    """Ranks 0, 2, 9 at K = 5: two hits of three; gains 1, 1/log2(4) = 1/2, 0, mean 1/2."""
    rank = np.array([0, 2, 9])
    assert metrics.hit_ratio(rank, 5) == pytest.approx(2 / 3)
    assert metrics.ndcg(rank, 5) == pytest.approx(0.5)
    np.testing.assert_array_equal(metrics.gains(rank, 5), [1.0, 0.5, 0.0])
    np.testing.assert_array_equal(metrics.hits(rank, 5), [1.0, 1.0, 0.0])


def test_summary_keeps_the_order_of_cutoffs() -> None:
    """The metrics come as the paper prints them, hit ratio before NDCG at each K."""
    assert list(metrics.summary(np.array([3]), [5, 1])) == ["H@5", "NG@5", "H@1", "NG@1"]


@pytest.mark.parametrize("ranks", [[], [-1, 3]])
def test_no_rows_and_negative_ranks_are_refused(ranks: list[int]) -> None:
    """The mean of nothing is not a number, and a negative rank would score above 1."""
    with pytest.raises(ValueError, match="at least one rank"):
        metrics.summary(np.array(ranks), [5])


def test_ir_measures_agrees() -> None:
    """An independent library, given 40 lists in which only the target is relevant, computes the same to 1e-12."""
    ranks = np.random.default_rng(7).integers(0, 60, size=40)
    qrels, run = [], []
    for query, rank in enumerate(ranks):
        qrels.append(ir_measures.Qrel(str(query), f"item{rank}", 1))
        run += [ir_measures.ScoredDoc(str(query), f"item{place}", float(-place)) for place in range(60)]
    ours = metrics.summary(ranks, [5, 20])
    measures = {"H": ir_measures.Success, "NG": ir_measures.nDCG}
    theirs = ir_measures.calc_aggregate([measures[n.split("@")[0]] @ int(n.split("@")[1]) for n in ours], qrels, run)
    for name, value in ours.items():
        letter, k = name.split("@")
        assert theirs[measures[letter] @ int(k)] == pytest.approx(value, abs=1e-12), name


def test_script_counts_rows_users_and_ties(tmp_path: Path) -> None:
    """Four rows of three users, one of them tied: a share of 0.25; ranks 0 and 1 are hits at 2.

    The paper's sample is the last three rows, of three users, a third of them tied; rank 1 alone is a hit.
    """
    columns = {"row": range(4), "user": [1, 1, 2, 3], "target": [5, 6, 7, 8]}
    columns |= {"rank": [0, 1, 2, 9], "candidates": [10] * 4, "ties": [0, 3, 0, 0], "paper": [False, True, True, True]}
    tables.write_table(tmp_path / "ranks.parquet", columns, ranking.RANK_TYPES)
    argv = ["--ranks", str(tmp_path / "ranks.parquet"), "--metrics", str(tmp_path / "metrics.json")]
    program.run(evaluate_ranks.main, evaluate_ranks.build_parser(), [*argv, "--settings", '{"cutoffs": [2]}'])
    report = json.loads((tmp_path / "metrics.json").read_text())
    assert report["rows_all"] == 4
    assert report["users_all"] == 3
    assert report["tied_all"] == 0.25
    assert report["metrics_all"] == {"H@2": 0.5, "NG@2": pytest.approx((1 + 1 / math.log2(3)) / 4)}
    assert report["rows"] == 3
    assert report["users"] == 3
    assert report["tied"] == pytest.approx(1 / 3)
    assert report["metrics"] == {"H@2": pytest.approx(1 / 3), "NG@2": pytest.approx(1 / math.log2(3) / 3)}


@pytest.mark.parametrize(("rows", "fault"), [(0, "has no rows"), (2, "has no rows of the paper's sample")])
def test_ranks_without_rows_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: int, fault: str
) -> None:
    """No rows at all, and two of which none is of the paper's sample: one sentence, and no metrics file."""
    columns = {name: [1] * rows for name in ranking.RANK_TYPES} | {"candidates": [9] * rows}
    columns |= {"paper": [False] * rows, "row": range(rows)}
    tables.write_table(tmp_path / "ranks.parquet", columns, ranking.RANK_TYPES)
    argv = ["--ranks", str(tmp_path / "ranks.parquet"), "--metrics", str(tmp_path / "metrics.json")]
    with pytest.raises(SystemExit):
        program.run(evaluate_ranks.main, evaluate_ranks.build_parser(), [*argv, "--settings", '{"cutoffs": [2]}'])
    assert fault in capsys.readouterr().err
    assert not (tmp_path / "metrics.json").exists()
