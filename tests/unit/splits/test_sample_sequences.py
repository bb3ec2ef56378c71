"""sample_sequences.py: which rows are drawn, which are the paper's, and what a split with fewer rows gives."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import sample_sequences
from softrec.io import tables
from softrec.job import program
from softrec.splits import sequences

TEST = {"split": "test", "rows": "all", "seed": 42, "paper_rows": 10, "paper_rows_required": True}


@pytest.fixture
def split(tmp_path: Path) -> Path:
    """60 sequences in time order."""
    rows = range(1, 61)
    columns = {"user": [7] * 60, "history": [[r] for r in rows], "target": rows, "timestamp": rows, "position": rows}
    tables.write_table(tmp_path / "split.parquet", columns, sequences.TYPES)
    return tmp_path / "split.parquet"


def drawn(sequences_file: Path, name: str, **settings: Any) -> Path:
    """The sample that the script writes."""
    sample = sequences_file.with_name("out") / f"{name}.parquet"
    argv = ["--sequences", str(sequences_file), "--sample", str(sample), "--settings", json.dumps(settings)]
    program.run(sample_sequences.main, sample_sequences.build_parser(), argv)
    return sample


@pytest.mark.parametrize("name", ["train", "valid"])
def test_rows_that_are_tuned_and_chosen_on_are_all_the_papers(split: Path, name: str) -> None:
    """20 rows in time order, with the columns of sequences, each of them marked."""
    table = pq.read_table(drawn(split, name, split=name, rows=20, seed=42))
    assert table.column_names == [*sequences.TYPES, "paper"]
    assert table["paper"].to_pylist() == [True] * 20
    assert table["timestamp"].to_pylist() == sorted(table["timestamp"].to_pylist())


def test_the_papers_rows_are_marked_among_all_that_are_drawn(split: Path) -> None:
    """Ten of all: those that `rows: 10` draws. In a file sorted by time these are not its first ten."""
    rows = pq.read_table(drawn(split, "test", **TEST))
    alone = pq.read_table(drawn(split, "alone", split="test", rows=10, seed=42))
    marked = rows.filter(rows["paper"])
    assert rows.num_rows == 60
    assert marked.num_rows == 10
    assert marked.equals(alone)
    assert not marked.equals(rows.slice(0, 10))


def test_fewer_sequences_than_asked_for_are_all_used_and_that_is_said(
    split: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """8,000 of 60: a line in the log and a note in the manifest."""
    sample = drawn(split, "test", **TEST | {"rows": 8000})
    sentence = "test holds 60 sequences, fewer than the 8,000 asked for: all are used"
    assert sentence in capsys.readouterr().err
    assert json.loads(Path(f"{sample}.manifest.json").read_text())["notes"] == {"sample": sentence}
    assert pq.read_table(sample).drop_columns("paper").equals(pq.read_table(split))


def test_fewer_than_the_papers_sample_is_an_error(split: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """1,000 of 60, where the configuration names that number; nothing is written. Where it does not, all are marked."""
    with pytest.raises(SystemExit):
        drawn(split, "test", **TEST | {"paper_rows": 1000})
    said = capsys.readouterr().err
    assert "60 rows of test are drawn, fewer than the 1,000 of the paper's sample" in said
    assert "set samples.paper_test to at most 60" in said
    assert not split.with_name("out").exists()
    sample = drawn(split, "test", **TEST | {"paper_rows": 1000, "paper_rows_required": False})
    assert all(pq.read_table(sample)["paper"].to_pylist())
