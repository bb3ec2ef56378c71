"""Bad files between rules, one a line of tests/bad_inputs: each is refused by place, value and remedy."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from common.errors import SoftrecError
from places import ROOT
from softrec.evaluation import selection
from softrec.io import choice_file, records, tables, training_log
from softrec.reporting import table1  # fmt: skip
from softrec.reporting.figures import curriculum, figure5
from softrec.results import collect, long_table, published, row_counts
from softrec.results.runs import Run
from softrec.stats import paper_comparison, table_rows

FOLDER = ROOT / "tests/bad_inputs"
TABLES, RECORDS = (yaml.safe_load((FOLDER / f"{name}.yaml").read_text()) for name in ("tables", "records"))


def read_distance(path: Path) -> None:
    """As `tune_soft` does, of 64 training rows."""
    found = records.read_record(path)
    found.number("d_0", least=0)
    found.rows("rows", 64)


READERS: dict[str, Callable[[Path], Any]] = {
    "choice": choice_file.read_choice,
    "distance": read_distance,
    "rows": lambda path: row_counts.read([path], ["Game"]),
    "counts": table1.read_counts,
    "tied": table1.read_tied,
    "metrics": collect.read_metrics,
    "summary": lambda path: selection.kept_epoch(path, ["NG@20"]),
    "log": training_log.read_lines,
    "curve": lambda path: curriculum.read_curve(path, Run("Game", "BIGRec", "SOFT", 1, "alpha=1")),
    "published": lambda path: published.read_published(headed(path, published.COLUMNS), 2),
    "intervals": lambda path: paper_comparison.read_intervals(headed(path, table_rows.IntervalRow._fields)),
    "points": lambda path: figure5.read_points(headed(path, (*long_table.LongRow._fields, "setting")), "H@5"),
}


def headed(path: Path, columns: tuple[str, ...]) -> Path:
    """The file with a header above what it holds."""
    path.write_text(f"{','.join(columns)}\n{path.read_text(encoding='utf-8')}\n", encoding="utf-8")
    return path


def unsaid(path: Path, words: list[str], read: Callable[[Path], Any]) -> list[str]:
    """The words, and the file, that the `SoftrecError` of a reader lacks; it always has a remedy."""
    with pytest.raises(SoftrecError) as caught:
        read(path)
    assert caught.value.remedy
    return [word for word in (*words, str(path)) if str(word) not in str(caught.value)]


@pytest.mark.parametrize("case", TABLES, ids=lambda case: f"{case['column']}-{case['type']}-{case['values']}")
def test_a_bad_column_is_refused(tmp_path: Path, case: dict[str, Any]) -> None:
    """Another type, a null, a value out of range."""
    path = tmp_path / "table.parquet"
    tables.write_table(path, {case["column"]: case["values"]}, {case["column"]: case["type"]})
    assert (
        unsaid(path, [f"'{case['column']}'", *case["words"]], lambda path: tables.read_table(path, [case["column"]]))
        == []
    )


@pytest.mark.parametrize("case", RECORDS, ids=lambda case: f"{case['reader']}-{case['text']:.40}")
def test_a_bad_record_is_refused(tmp_path: Path, case: dict[str, Any]) -> None:
    """No JSON, no object, a key that is missing or holds something else."""
    path = tmp_path / "record.json"
    text = re.sub(r"<1 x (\d+)>", lambda found: "1" * int(found[1]), case["text"])
    path.write_text(text, encoding="utf-8")
    assert unsaid(path, case["words"], READERS[case["reader"]]) == []
