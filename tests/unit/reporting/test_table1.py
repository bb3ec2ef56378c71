"""Table 1: our counts beside the paper's."""

import json
from pathlib import Path

import pytest

from common.errors import SoftrecError
from places import ROOT
from softrec.reporting import grouped_table, table1
from softrec.results import published

PAPER = table1.by_dataset(published.read_published(ROOT / "config/published.csv", table=1))
TOY = {"users": 4, "items": 5, "interactions": 10}


def test_printed_counts_give_the_printed_densities() -> None:
    """196508 / (11658 x 5335) = 0.316 % -> 0.32%, and 0.05% for the other two, as Table 1 prints."""
    counts = [{name: int(PAPER[dataset][name]) for name in table1.COUNTS} for dataset in PAPER]
    lines = grouped_table.to_csv(table1.table1(list(PAPER), counts, PAPER)).splitlines()
    header = "Dataset,# Users ours,# Users paper,# Items ours,# Items paper,# Interactions ours,# Interactions paper"
    assert lines[0] == f"{header},Density ours,Density paper"
    assert lines[1] == "Game,11658,11658,5335,5335,196508,196508,0.32%,0.32%"
    assert [line.split(",")[-2:] for line in lines[2:]] == [["0.05%", "0.05%"]] * 2


def test_data_set_that_the_paper_lacks_has_no_paper_column() -> None:
    """10 interactions of 4 x 5 pairs are 50 %; beside Game the toy's paper cells are empty, alone they are absent."""
    alone = grouped_table.to_csv(table1.table1(["Toy"], [TOY], PAPER))
    assert alone == "Dataset,# Users,# Items,# Interactions,Density\nToy,4,5,10,50.00%\n"
    both = grouped_table.to_csv(table1.table1(["Toy", "Game"], [TOY, TOY], PAPER)).splitlines()
    assert both[1:] == ["Toy,4,,5,,10,,50.00%,", "Game,4,11658,5,5335,10,196508,50.00%,0.32%"]


@pytest.mark.parametrize("wrong", [{"users": 0}, {"users": "4"}, {"users": None}, {"users": True}])
def test_counts_that_are_no_counts_are_refused(tmp_path: Path, wrong: dict[str, object]) -> None:
    """The error names the file and the key."""
    path = tmp_path / "filter_counts.json"
    path.write_text(json.dumps({"final": TOY | wrong}))
    with pytest.raises(SoftrecError, match=r"final.users of .*\n.*filter_counts.json, key final.users"):
        table1.read_counts(path)


def test_counts_are_read_beside_other_keys(tmp_path: Path) -> None:
    """The steps of the filter stand in the same file."""
    path = tmp_path / "filter_counts.json"
    path.write_text(json.dumps({"steps": [], "final": TOY, "density": 0.5, "expected": None}))
    assert table1.read_counts(path) == TOY


def test_the_share_of_equal_times_stands_below_the_table(tmp_path: Path) -> None:
    """774 of 1,000 rows."""
    path = tmp_path / "filter_counts.json"
    path.write_text(json.dumps({"final": TOY, "ties": {"share_of_rows": 0.774}}))
    assert table1.read_tied(path) == 0.774
    assert "another one of their user: Toy 77.4%, Game 0.0%." in table1.note(["Toy", "Game"], [0.774, 0.0])


@pytest.mark.parametrize("wrong", ["0.5", 1.5, -0.1, True, None])
def test_a_share_that_is_none_is_refused(tmp_path: Path, wrong: object) -> None:
    """The error names the file and the key."""
    path = tmp_path / "filter_counts.json"
    path.write_text(json.dumps({"final": TOY, "ties": {"share_of_rows": wrong}}))
    with pytest.raises(SoftrecError, match=r"ties.share_of_rows of .*\n.*key ties.share_of_rows"):
        table1.read_tied(path)


def test_one_counts_file_per_data_set() -> None:
    """Two labels and one file cannot be matched."""
    with pytest.raises(SoftrecError, match="1 counts files are given for 2 data sets"):
        table1.table1(["Toy", "Game"], [TOY], PAPER)
