"""From metrics files to long tables: the chosen setting alone for Table 2, every candidate beside it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from common.errors import SoftrecError
from places import ROOT
from softrec.io import choice_file
from softrec.io.choice_file import Setting
from softrec.results import collect, long_table, published
from softrec.results.collect import Measured
from softrec.results.long_table import LongRow
from softrec.results.runs import Run, Selected

GRID = [Run("Game", "BIGRec", "SOFT", 1, f"alpha={value}") for value in (1, 10)]
SOFT = Run("Game", "BIGRec", "SOFT")
PUBLISHED = published.read_published(ROOT / "config/published.csv", table=2)


def test_chosen_setting_is_marked() -> None:
    """Alpha = 10 was chosen: its value is for Table 2, that of alpha = 1 is kept beside it; SASRec has no grid."""
    runs = [Run("Game", "", "SASRec", 1), *GRID]
    selected = {SOFT: Setting("alpha", 10.0)}
    measured = collect.collect(runs, [{"H@5": 0.1}, {"H@5": 0.2}, {"H@5": 0.3}], selected)
    assert measured == [
        Measured(LongRow("SASRec", "", "Game", "H@5", 1, 0.1), "", True),
        Measured(LongRow("SOFT", "BIGRec", "Game", "H@5", 1, 0.2), "alpha=1", False),
        Measured(LongRow("SOFT", "BIGRec", "Game", "H@5", 1, 0.3), "alpha=10", True),
    ]


def test_each_run_asks_its_own_choice() -> None:
    """Game's choice is alpha 1, Movie's alpha 10: one of the two runs of each data set counts."""
    movie = [replace(run, dataset="Movie") for run in GRID]
    selected = {SOFT: Setting("alpha", 1.0), replace(SOFT, dataset="Movie"): Setting("alpha", 10.0)}
    measured = collect.collect([*GRID, *movie], [{"H@5": 0.1}] * 4, selected)
    assert [m.chosen for m in measured] == [True, False, False, True]


@pytest.mark.parametrize(("value", "label"), [(10.0, "alpha=10"), (0.1, "alpha=0.1"), (1e-05, "alpha=1e-05")])
def test_labels_are_short_and_exact(value: float, label: str) -> None:
    """10.0 is shown as 10; no digits are lost."""
    assert Setting("alpha", value).label() == label


@pytest.mark.parametrize(
    ("runs", "selected", "fault"),
    [
        (GRID, {SOFT: Setting("alpha", 100.0)}, "alpha=100 was chosen, but only alpha=1, alpha=10 ran"),
        (GRID, {SOFT: Setting("l2", 1.0)}, "its choice file selects l2, its setting is alpha=1"),
        (GRID, {}, "it has a setting and no choice file"),
        ([replace(SOFT, seed=1)] * 2, {SOFT: Setting("alpha", 1.0)}, "it has no setting and a choice file"),
        (GRID[:1], {SOFT: Setting("alpha", 1.0)}, "2 metrics files are given for 1 cells"),
        ([SOFT] * 2, {}, "a run of SOFT BIGRec on Game has no seed"),
    ],
)
def test_runs_that_do_not_fit_their_choices_are_refused(runs: list[Run], selected: Selected, fault: str) -> None:
    """A cell never vanishes because a choice, a setting or a file is missing."""
    with pytest.raises(SoftrecError, match=fault):
        collect.collect(runs, [{"H@5": 0.1}, {"H@5": 0.2}], selected)


def test_choice_file_is_read(tmp_path: Path) -> None:
    """Only `name` and `chosen` matter here; a choice without a number is refused with the file's name."""
    path = tmp_path / "alpha.json"
    path.write_text(json.dumps({"name": "alpha", "chosen": 10, "rule": "tuning_seed", "candidates": []}))
    assert choice_file.read_choice(path) == Setting("alpha", 10.0)
    for content in ({"name": "alpha"}, {"name": "alpha", "chosen": "ten"}, [], {"chosen": 1}):
        path.write_text(json.dumps(content))
        with pytest.raises(SoftrecError, match=r"alpha\.json|the chosen alpha is 'ten'"):
            choice_file.read_choice(path)


@pytest.mark.parametrize(
    "content",
    [[], {}, {"metrics": {}}, {"metrics": {"H@5": 1.5}}, {"metrics": {"H@5": "0.1"}}, {"metrics": {"H@5": True}}],
)
def test_metrics_that_are_no_shares_are_refused(tmp_path: Path, content: object) -> None:
    """The error names the file."""
    path = tmp_path / "test.metrics.json"
    path.write_text(json.dumps(content))
    with pytest.raises(SoftrecError, match=r"test\.metrics\.json"):
        collect.read_metrics(path)


def test_one_hit_at_rank_4_by_hand() -> None:
    """Of two rows one target has rank 4 (0-based): H@5 = 1/2, NG@5 = 1 / (2 log2 6) = 0.19343; 0.6 would exceed H@5."""
    assert collect.impossible({"H@5": 0.5, "NG@5": 0.19342640361727081}) is None
    assert "no ranks have H@0, H@5 = 0.0, 0.5" in str(collect.impossible({"H@5": 0.5, "NG@5": 0.6}))


def test_hits_never_fall_with_the_cut_off() -> None:
    """H@20 counts every hit of H@5."""
    assert collect.impossible({"H@5": 0.5, "NG@5": 0.3, "H@20": 0.4, "NG@20": 0.3})


def test_three_printed_cells_of_the_paper_are_impossible() -> None:
    """Between the cut-offs 5 and 20 a hit adds 1/log2 21 to 1/log2 7 to NDCG; three printed triples break that.

    SASRec on Game: 0.0112 - 0.0074 = 0.0038, but (0.0340 - 0.0150) / log2 21 = 0.0043. Tolerance: two rounded
    numbers are off by at most 0.0001 together.
    """
    cells: dict[tuple[str, str, str], dict[str, float]] = {}
    for (method, backbone, dataset, metric), value in PUBLISHED.items():
        if method != "Gain":
            cells.setdefault((method, backbone, dataset), {})[metric] = value
    wrong = [cell for cell, metrics in cells.items() if collect.impossible(metrics, tolerance=1e-4)]
    assert wrong == [("SASRec", "", "Game"), ("LLM-CF", "", "Game"), ("LLM-CF", "", "Kindle")]


def test_long_table_round_trip_keeps_every_digit(tmp_path: Path) -> None:
    """1/3 and 0.1 + 0.2 come back as the same doubles; the header is the contract."""
    rows = [LongRow("SOFT(w/o SA)", "BIGRec", 'A "b", c', "H@5", 7, 1 / 3), LongRow("S", "", "G", "NG@5", 1, 0.1 + 0.2)]
    path = tmp_path / "long.csv"
    long_table.write_long(path, rows)
    assert path.read_text().splitlines()[0] == "method,backbone,dataset,metric,seed,value"
    assert long_table.read_long(path) == rows


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("method,value\n", "the header of .* is 'method,value'"),
        ("", "the header of .* is ''"),
        ("method,backbone,dataset,metric,seed,value\n", "has no results"),
        ("method,backbone,dataset,metric,seed,value\nS,,G,H@5,1\n", "the line has 5 fields instead of 6"),
        ("method,backbone,dataset,metric,seed,value\nS,,G,H@5,one,0.1\n", "seed is 'one'"),
        ("method,backbone,dataset,metric,seed,value\nS,,G,H@5,1,nan\n", r"value is 'nan'\n.*line 2"),
        ("method,backbone,dataset,metric,seed,value\nS,,G,H@5,1,.1\nS,,G,H@5,1,.2\n", r"given twice\n.*line 3"),
    ],
)
def test_long_table_with_a_fault_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    """The error names the file and the line."""
    path = tmp_path / "long.csv"
    path.write_text(text)
    with pytest.raises(SoftrecError, match=fault):
        long_table.read_long(path)
