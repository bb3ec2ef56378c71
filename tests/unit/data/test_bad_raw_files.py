"""Bad raw files, one a line of tests/bad_inputs/raw_files.yaml: each is refused by place, value and remedy."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import filter_interactions
from places import ROOT
from softrec.job import program

CASES = yaml.safe_load((ROOT / "tests/bad_inputs/raw_files.yaml").read_text(encoding="utf-8"))
SETTINGS = {"item_key": "parent_asin", "max_rows": None, "since": None, "until": None, "untitled": "before"}
SETTINGS |= {"title_words": None, "long_titles": "cut", "duplicates": "earliest", "core": "iterative", "k": 1}
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


def content(form: str, role: str, case: dict[str, Any]) -> bytes:
    """The bytes of a file: a header, where the format has one, and two lines."""
    header, first, second = GOOD[form, role]
    if case.get("file") != role:
        case = {}
    # A line at fault stands between two that are right, whose times are the middle ones.
    lines = [case.get("header", header), first, *([case["line"]] if "line" in case else []), second]
    text = case.get("whole", "".join(f"{line}\n" for line in lines if line is not lines[0] or line))
    made = text.encode(case.get("encoding", "utf-8"), "backslashreplace")
    if case.get("gzip"):
        made = gzip.compress(made * 50, mtime=0)
    return made[: int(len(made) * case.get("cut", 1))]


def run(folder: Path, case: dict[str, Any]) -> None:
    """The filter on both files."""
    flags = []
    for role in ("ratings", "metadata"):
        (folder / role).write_bytes(content(case["format"], role, case))
        flags += [f"--{role}", str(folder / role)]
    for role in ("interactions", "catalogue", "counts"):
        flags += [f"--{role}", str(folder / "out" / role)]
    settings = {**SETTINGS, "format": case["format"], "expected": None, **case.get("settings", {})}
    program.run(
        filter_interactions.main, filter_interactions.build_parser(), ["--settings", json.dumps(settings), *flags]
    )


@pytest.mark.parametrize("form", ["reviews", "ratings", "movielens"])
def test_the_files_without_a_fault_are_read(tmp_path: Path, form: str) -> None:
    """Otherwise no case would show anything."""
    run(tmp_path, {"format": form})
    assert (tmp_path / "out/counts").exists()


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"{case['format']}-{case['file']}-{case['words'][0]}-{case['words'][-1]}"
)
def test_a_bad_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], case: dict[str, Any]) -> None:
    """Status 1, one error that says where and what, and nothing written."""
    with pytest.raises(SystemExit) as ended:
        run(tmp_path, case)
    said = capsys.readouterr().err
    assert ended.value.code == 1
    assert [word for word in case["words"] if word not in said] == []
    assert case.get("unnamed") or str(tmp_path / case["file"]) in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()
