"""What there is to compute, counted by hand; names as the paper prints them."""

import csv
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from lib.graph import grid
from places import ROOT

CONFIG: dict[str, Any] = {
    "methods": ["bigrec-soft", "sasrec", "bigrec-sft"],
    "datasets": {"game": {}, "kindle": {}},
    "seeds": [1, 2, 3],
    "soft": {"alphas": [0.1, 10]},
}


PAPER = [row for row in grid.ROWS if row.family == "paper"]
OURS_ALONE = {"bigrec-guidance", "sasrec-softmax", "gru4rec", "bigrec-simpo", "llara-simpo"}


def test_rows_are_the_papers() -> None:
    """Twelve rows, guidance alone, SASRec with LLM-CF's loss, GRU4Rec, and SimPO of two backbones; each key once.

    published.csv has the twelve in the same order. Bounds and eight controls of each backbone come below them, each
    with what a difference would mean.
    """
    assert len(PAPER) == 12 + 5
    assert len(grid.ROWS) == 17 + 5 + 2 * 8
    assert [row for row in grid.ROWS if row.family == "paper"] == list(grid.ROWS[:17])
    assert all(bool(row.meaning) == (row.family != "paper") for row in grid.ROWS)
    assert max(Counter(row.key for row in grid.ROWS).values()) == 1
    with (ROOT / "config/published.csv").open() as stream:
        lines = [line for line in csv.DictReader(stream) if line.get("table") == "2"]
    printed = list(dict.fromkeys((line["backbone"], line["method"]) for line in lines))
    ours = [(row.backbone, row.method) for row in PAPER if row.key not in OURS_ALONE]
    assert [name for name in printed if name in ours] == ours


def test_methods_of_the_schema_are_rows() -> None:
    """A row that can be asked for is one of the table."""
    schema = ROOT / "workflow/schemas/config.schema.yaml"
    methods = yaml.safe_load(schema.read_text())["properties"]["methods"]["items"]["enum"]
    keys = [row.key for row in grid.ROWS]
    assert [key for key in keys if key in methods] == methods


@pytest.mark.parametrize(
    ("wildcard", "yes", "no"),
    [
        ("backbone", ["bigrec", "llara"], ["sasrec", "bigrec/sft", ""]),
        ("variant", ["sft", "soft-wo-sa", "soft/alpha=0.1"], ["soft", "untuned", "soft/alpha=1/seed=1", "softXwo-sa"]),
        (
            "grounded",
            ["bigrec/untuned", "llara/sft/seed=1", "bigrec/soft/alpha=10/seed=42", "nearest-last", "nearest-mean"],
            [
                "bigrec/sft",
                "bigrec/untuned/seed=1",
                "bigrec/soft/seed=1",
                "popularity",
                "nearest-last/seed=1",
                "sasrec",
            ],
        ),
        ("untrained", ["nearest-last", "nearest-mean"], ["popularity", "bigrec/untuned", "nearest"]),
        (
            "sequential",
            ["sasrec", "sasrec-softmax", "dros", "llm-cf", "dllm2rec", "sasrec-rows", "sasrec-full-softmax"],
            ["bigrec", "sasrec/l2=0.1", "llm_cf", "popularity", "nearest-mean"],
        ),
    ],
)
def test_paths_may_name_what_is_a_row(wildcard: str, yes: list[str], no: list[str]) -> None:
    """Of SOFT each alpha, of a tuned model each seed; guidance alone is not tuned and has no seed."""
    pattern = re.compile(grid.wildcards()[wildcard])
    assert [name for name in yes if not pattern.fullmatch(name)] == []
    assert [name for name in no if pattern.fullmatch(name)] == []


def test_rows_come_in_the_papers_order() -> None:
    """Whatever the order in the configuration."""
    assert [row.key for row in grid.rows(CONFIG)] == ["sasrec", "bigrec-sft", "bigrec-soft"]


def test_cells_by_hand() -> None:
    """2 data sets x 3 seeds are 6 cells a row; SOFT has 2 alphas: 6 + 6 + 12. Folders name alpha where there is one."""
    cells = grid.cells(CONFIG)
    assert Counter(cell.row.key for cell in cells) == {"sasrec": 6, "bigrec-sft": 6, "bigrec-soft": 12}
    assert len({cell.folder for cell in cells}) == 24
    assert cells[0].folder == "game/sasrec/seed=1"
    assert cells[-1].folder == "kindle/bigrec/soft/alpha=10/seed=3"
    assert cells[12].folder == "game/bigrec/soft/alpha=0.1/seed=1"
    assert grid.soft_cells(CONFIG) == cells[12:]


def test_choices_are_one_per_data_set_and_grid() -> None:
    """Of the three rows only SOFT has a grid with a test result per candidate."""
    assert grid.choices(CONFIG, grid.rows(CONFIG)) == ["game/bigrec/soft/alpha.json", "kindle/bigrec/soft/alpha.json"]
    assert grid.choices(CONFIG, [grid.ROWS[0]]) == []


@pytest.mark.parametrize("method", ["bigrec-soft", "bigrec-soft-wo-sa", "bigrec-sdpo"])
def test_sft_counts_where_a_row_builds_on_it(method: str) -> None:
    """Without SFT's row its 2 x 3 runs are made all the same, and count; with the row they count once."""
    for methods in (["sasrec", method], ["sasrec", "bigrec-sft", method]):
        found = grid.tuned_cells({**CONFIG, "methods": methods})
        assert Counter(cell.row.key for cell in found)["bigrec-sft"] == 6
        assert {cell.row.key for cell in found} == {"bigrec-sft", method}
    assert grid.tuned_cells({**CONFIG, "methods": ["sasrec", "bigrec-guidance"]}) == []


def test_d_0_is_one_a_data_set_and_for_llara_one_a_seed() -> None:
    """2 data sets: 2 of BIGRec; x 3 seeds: 6 of LLaRA. Without SOFT there is none."""
    config = {**CONFIG, "methods": ["bigrec-soft", "llara-soft"]}
    found = [(cell.dataset, cell.row.backbone, grid.distance_seed(cell)) for cell in grid.distance_cells(config)]
    assert found[:2] == [("game", "BIGRec", None), ("kindle", "BIGRec", None)]
    assert found[2:5] == [("game", "LLaRA", seed) for seed in (1, 2, 3)]
    assert len(found) == 8
    assert grid.distance_cells({**CONFIG, "methods": ["bigrec-soft-wo-sa", "bigrec-sft"]}) == []


def test_the_papers_grid(checked: Callable[[str], dict[str, Any]]) -> None:
    """3 data sets x 5 seeds = 15 for each of twelve rows, x 4 alphas = 60 for the two of SOFT: 270 test results.

    Bounds come after them, and in Table 3's tests after SOFT.
    """
    config = checked("paper")
    counted = Counter(cell.row.key for cell in grid.cells(config, grid.paper_rows(config)))
    bounds = [row.key for row in grid.ROWS if row.family == "bound"]
    assert list(counted) == [row.key for row in PAPER if row.key not in OURS_ALONE]
    assert [row.key for row in grid.rows(config)] == [*counted, *bounds]
    assert [row.key for row in grid.further_rows(config)] == ["bigrec-soft", "llara-soft", *bounds]
    assert grid.further_rows({"methods": list(counted)}) == []
    assert {key: n for key, n in counted.items() if n != 15} == {"bigrec-soft": 60, "llara-soft": 60}
