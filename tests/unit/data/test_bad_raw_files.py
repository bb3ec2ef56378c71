"""Bad raw files, one a line of tests/bad_inputs/raw_files.yaml: each is refused by place, value and remedy."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from places import ROOT
from raw_file_cases import run_filter

CASES = yaml.safe_load((ROOT / "tests/bad_inputs/raw_files.yaml").read_text(encoding="utf-8"))
META = ["", '{"parent_asin": "A1", "title": "One"}', '{"parent_asin": "A2", "title": "Two"}']
TIMES = (1600000000000, 1600000000001)
GOOD = {
    ("reviews", "ratings"): [
        "",
        *(json.dumps({"user_id": f"U{i}", "parent_asin": f"A{i}", "timestamp": TIMES[i - 1]}) for i in (1, 2)),
    ],
    ("reviews", "metadata"): META,
    ("ratings", "ratings"): [
        "user_id,parent_asin,rating,timestamp",
        *(f"U{i},A{i},5.0,{TIMES[i - 1]}" for i in (1, 2)),
    ],
    ("ratings", "metadata"): META,
    ("movielens", "ratings"): [
        "user_id:token\titem_id:token\trating:float\ttimestamp:float", "1\t1\t5\t881250949", "2\t2\t5\t881250950"
    ],
    ("movielens", "metadata"): [
        "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq",
        "1\tToy Story\t1995\tAnimation",
        "2\tGoldenEye\t1995\tAction",
    ],
}  # fmt: skip


@pytest.mark.parametrize("form", ["reviews", "ratings", "movielens"])
def test_the_files_without_a_fault_are_read(tmp_path: Path, form: str) -> None:
    """Otherwise no case would show anything."""
    run_filter(tmp_path, GOOD, {"format": form})
    assert (tmp_path / "out/counts").exists()


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"{case['format']}-{case['file']}-{case['words'][0]}-{case['words'][-1]}"
)
def test_a_bad_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], case: dict[str, Any]) -> None:
    """Status 1, one error that says where and what, and nothing written."""
    with pytest.raises(SystemExit) as ended:
        run_filter(tmp_path, GOOD, case)
    said = capsys.readouterr().err
    assert ended.value.code == 1
    assert [word for word in case["words"] if word not in said] == []
    assert case.get("unnamed") or str(tmp_path / case["file"]) in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()
