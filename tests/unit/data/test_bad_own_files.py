"""Bad files of a user's own, one a line of tests/bad_inputs/own_files.yaml: each is refused by place and remedy."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from places import ROOT
from raw_file_cases import run_filter

CASES = yaml.safe_load((ROOT / "tests/bad_inputs/own_files.yaml").read_text(encoding="utf-8"))
COLUMNS = {"user": "reader", "item": "book", "timestamp": "lent", "title": "name", "metadata_item": "id"}
OWN = {"columns": {"columns": COLUMNS, "timestamps": "s"}}
FLAGS = "|".join("0" * 19)
INTER = "user_id:token\titem_id:token\trating:float\ttimestamp:float"
JSON_META = ["", *(json.dumps({"asin": f"B{i}", "title": f"Title {i}"}) for i in (1, 2))]
ASIN_META = ["", *(json.dumps({"asin": asin, "title": asin}) for asin in ("0700026657", "0700026398"))]
GOOD = {
    ("columns", "ratings"): ["reader,book,lent,stars", "u1,b1,1600000000,5", "u2,b2,1600000001,4"],
    ("columns", "metadata"): ["id,name", "b1,Emma", "b2,Faust"],
    ("movielens-csv", "ratings"): ["userId,movieId,rating,timestamp", "1,1,4.0,964982703", "2,2,4.0,964982704"],
    ("movielens-csv", "metadata"): ["movieId,title,genres", "1,Toy Story (1995),Comedy", "2,GoldenEye (1995),Action"],
    ("movielens-dat", "ratings"): ["", "1::1::5::978300760", "2::2::3::978302109"],
    ("movielens-dat", "metadata"): ["", "1::Toy Story (1995)::Comedy", "2::GoldenEye (1995)::Action"],
    ("movielens-100k", "ratings"): ["", "1\t1\t5\t881250949", "2\t2\t5\t881250950"],
    ("movielens-100k", "metadata"): ["", f"1|Toy Story (1995)||||{FLAGS}", f"2|GoldenEye (1995)||||{FLAGS}"],
    ("movielens", "ratings"): [INTER, "1\t1\t5\t881250949", "2\t2\t5\t881250950"],
    ("movielens", "metadata"): ["", "", ""],
    ("recbole", "ratings"): ["user_id:token\titem_id:token\ttimestamp:float", "1\t1\t881250949", "2\t2\t881250950"],
    ("recbole", "metadata"): [
        "item_id:token\ttitle:token_seq\tgenre:token_seq", "1\tToy Story\tComedy", "2\tGoldenEye\tAction"
    ],
    ("reviews", "ratings"): ["", "", ""],
    ("reviews", "metadata"): JSON_META,
    ("amazon2018", "ratings"): [
        "",
        *(json.dumps({"reviewerID": f"A{i}", "asin": f"B{i}", "unixReviewTime": 1445040000 + i}) for i in (1, 2)),
    ],
    ("amazon2018", "metadata"): JSON_META,
    ("amazon2014", "metadata"): ["", *(str({"asin": f"B{i}", "title": f"Title {i}"}) for i in (1, 2))],
    ("amazon2014-ratings", "ratings"): [
        "", "A1HP7NVNPFMA4N,0700026657,5.0,1445040000", "A1JGAP0185YJI6,0700026398,4.0,1437955200"
    ],
    ("amazon2018-ratings", "ratings"): [
        "", "0700026657,A1HP7NVNPFMA4N,5.0,1445040000", "0700026398,A1JGAP0185YJI6,4.0,1437955200"
    ],
}  # fmt: skip
GOOD["amazon2014", "ratings"] = GOOD["amazon2018", "ratings"]
GOOD["amazon2014-ratings", "metadata"] = GOOD["amazon2018-ratings", "metadata"] = ASIN_META
READ = sorted({form for form, _ in GOOD} - {"movielens", "reviews"})  # those two are in test_bad_raw_files.py


def with_columns(case: dict[str, Any]) -> dict[str, Any]:
    """The case with the columns that its format needs."""
    return {**case, "settings": {**OWN.get(case["format"], {}), **case.get("settings", {})}}


@pytest.mark.parametrize("form", READ)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_files_without_a_fault_are_read(tmp_path: Path, form: str, end: str, mark: str) -> None:
    """With line ends of Unix and Windows, with and without a byte order mark."""
    wholes = {key: "".join(f"{line}{end}" for line in lines if line) for key, lines in GOOD.items()}
    good = {key: ["", f"{mark}{whole}{end}".removesuffix("\n"), ""] for key, whole in wholes.items()}
    run_filter(tmp_path, good, with_columns({"format": form}))
    counts = json.loads((tmp_path / "out/counts").read_text())
    assert counts["final"] == {"users": 2, "items": 2, "interactions": 2}


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"{case['format']}-{case['file']}-{case['words'][0]}-{case['words'][-1]}"
)
def test_a_bad_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], case: dict[str, Any]) -> None:
    """Status 1, one error that says where and what, and nothing written."""
    with pytest.raises(SystemExit) as ended:
        run_filter(tmp_path, GOOD, with_columns(case))
    said = capsys.readouterr().err
    assert ended.value.code == 1
    assert [word for word in case["words"] if word not in said] == [], said
    assert str(tmp_path / case["file"]) in said
    assert "Traceback" not in said
    assert "unexpected" not in said
    assert not (tmp_path / "out").exists()
