"""The paper's printed tables are read strictly."""

from pathlib import Path

import pytest

from common.errors import SoftrecError
from places import ROOT
from softrec.results.published import read_published

HEADER = "table,method,backbone,dataset,metric,value\n"


def test_a_cell_that_stands_twice_is_refused_by_both_lines(tmp_path: Path) -> None:
    """The last would count, without a word; the same cell of another table is another cell."""
    path = tmp_path / "published.csv"
    path.write_text(
        f"{HEADER}2,SFT,BIGRec,Game,H@5,0.1\n2,SFT,LLaRA,Game,H@5,0.2\n1,SFT,BIGRec,Game,H@5,0.7\n2,SFT,BIGRec,Game,H@5,0.3\n"
    )
    with pytest.raises(SoftrecError, match="table 2 has SFT BIGRec Game H@5 twice") as caught:
        read_published(path, 2)
    assert "lines 2 and 5" in str(caught.value)
    with pytest.raises(SoftrecError, match="table 1 lacks users of SFT BIGRec Game"):
        read_published(path, 1)


def test_the_shipped_file_has_every_cell_once() -> None:
    """Table 2 has twelve rows and two gains, of four metrics on three data sets."""
    path = ROOT / "config/published.csv"
    assert len(read_published(path, 2)) == 14 * 4 * 3


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"2,Caf\xe9,,Game,H@5,0.1\n", "is not UTF-8 (b'\\xe9')"),
        (b'2,"SFT"x,,Game,H@5,0.1\n', "expected after"),
        (b'2,"SFT,,Game,H@5,0.1\n', "unexpected end of data"),
        (b"2,SFT,Game,H@5,0.1\n", "the line has 5 fields instead of 6"),
        (b"2,SFT,,Game,H@5,nan\n", "value is 'nan'"),
        (b"x,SFT,,Game,H@5,0.1\n", "table is 'x'"),
    ],
)
def test_what_is_no_table_is_refused_by_line(tmp_path: Path, line: bytes, told: str) -> None:
    """Latin-1, text behind a quoted field, a quote that does not end, a field too few, a number that is none."""
    path = tmp_path / "published.csv"
    path.write_bytes(HEADER.encode() + line)
    with pytest.raises(SoftrecError) as caught:
        read_published(path, 2)
    assert told in str(caught.value)
    assert f"{path}, line " in str(caught.value)


def test_a_row_that_is_not_of_every_data_set(tmp_path: Path) -> None:
    """A comparison without it would be called whole."""
    path, whole = tmp_path / "published.csv", ROOT / "config/published.csv"
    lines = whole.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith("2,SDPO,LLaRA,Movie,")))
    with pytest.raises(SoftrecError, match="table 2 lacks SDPO LLaRA of Movie") as caught:
        read_published(path, 2)
    assert "Game, Kindle, Movie" in str(caught.value.where)


@pytest.mark.parametrize("field", ["Game\xa0", " Game", "Ga\u200bme"])
def test_a_name_that_only_looks_like_another(tmp_path: Path, field: str) -> None:
    """It would be compared with nothing."""
    path = tmp_path / "published.csv"
    path.write_text(f"{HEADER}2,SFT,BIGRec,{field},H@5,0.1\n", encoding="utf-8")
    with pytest.raises(SoftrecError, match=r"dataset is .*, with surrounding blanks or invisible characters"):
        read_published(path, 2)


def test_a_file_without_the_table(tmp_path: Path) -> None:
    """The header alone; and a folder."""
    path = tmp_path / "published.csv"
    path.write_text(HEADER)
    with pytest.raises(SoftrecError, match="has no line of table 2"):
        read_published(path, 2)
    with pytest.raises(SoftrecError, match="is a folder"):
        read_published(tmp_path, 2)
