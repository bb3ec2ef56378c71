"""Tables as spreadsheets, pandas, R and people write them: what is read of them."""

from pathlib import Path
from typing import Any

import pytest

from softrec.data.readers import formats
from softrec.data.source_format import Columns, Source, TimeUnit

T = 1_600_000_000  # 2020-09-13 12:26:40 UTC
MS = T * 1000


def read(path: Path, text: str, unit: TimeUnit = "s", metadata: str | None = None, **how: Any) -> tuple[Any, Any]:
    """Rows of (user, item, milliseconds), and of (item, title, category)."""
    path.write_bytes(text.encode())
    other = None
    if metadata is not None:
        other = path.with_suffix(".items")
        other.write_bytes(metadata.encode())
    source = Source("columns", Columns("u", "i", "t", "n"), unit, **how)
    raw = formats.read_reviews(path, source)
    return raw.rows(), formats.read_texts(path, other, source, raw["item_id"]).rows()


@pytest.mark.parametrize(
    "text",
    [
        f"u,i,t,n\na,1,{T},x\n",
        f"u,i,t,n\r\na,1,{T},x\r\n",
        f"\ufeffu,i,t,n\na,1,{T},x",
        f"u;i;t;n\na;1;{T};x\n",
        f"u\ti\tt\tn\na\t1\t{T}\tx\n",
        f"u|i|t|n\na|1|{T}|x\n",
        f'"u","i","t","n"\n"a","1",{T},"x"\n',
        f'"","u","i","t","n"\n"1","a","1",{T},"x"\n',
        f",u,i,t,n\n0,a,1,{T},x\n",
        f"z,t,i,n,u,z\n5,{T},1,x,a,5\n",
        f"u,i,t,n,\na,1,{T},x,\n",
        f"u,i,t,n\n\na,1,{T},x\n\n\n",
        f'u,i,t,n\na,1,{T},"<b>x</b>\n"\n',
        "u,i,t,n\na,1,1.6e9,x\n",
    ],
    ids=["unix", "windows", "mark", "semicolon", "tab", "bar", "quotes", "R", "pandas", "order", "trailing", "blank",
         "break", "float"],
)  # fmt: skip
def test_the_same_row_in_many_spellings(tmp_path: Path, text: str) -> None:
    """Separators, line ends, quotes, a byte order mark, row numbers, other columns, blank lines."""
    assert read(tmp_path / "x", text) == ([("a", "1", MS)], [("1", "x", None)])


@pytest.mark.parametrize("item", [" 1", "1 ", "01", "1.0", "ß", "a b", "\U0001f600", "x,y", 'say "i"', "a\tb"])
def test_ids_are_text_and_stay_as_they_are(tmp_path: Path, item: str) -> None:
    """None of them is the item 1; the metadata name it in the same way."""
    quoted = '"' + item.replace('"', '""') + '"'
    rows, texts = read(tmp_path / "x", f"u,i,t\na,{quoted},{T}\nb,1,{T}\n", metadata=f"n,i\nother,{quoted}\none,1\n")
    assert rows == [("a", item, MS), ("b", "1", MS)]
    assert dict(row[:2] for row in texts) == {item: "other", "1": "one"}


@pytest.mark.parametrize(
    ("unit", "times", "read_as"),
    [
        ("s", [f"{T}.25", str(T)], [MS + 250, MS]),
        ("ms", [str(MS), str(MS + 1)], [MS, MS + 1]),
        ("order", ["3", "1"], [3, 1]),
        ("date", ["2020-09-13T12:26:40Z", "2020-09-13 14:26:40.5+02:00"], [MS, MS + 500]),
        ("date", ["2020-09-13", "2020-09-13"], [MS - 44_800_000, MS - 44_800_000]),  # 12:26:40 are 44,800 s
        ("s", ["-5", str(T)], [-5000, MS]),
    ],
)
@pytest.mark.parametrize("quote", ["", '"'])
def test_times(tmp_path: Path, unit: TimeUnit, times: list[str], read_as: list[int], quote: str) -> None:
    """In each unit, by both readers: with quotes and without."""
    text = "u,i,t,n\n" + "".join(f"a,{i},{quote}{time}{quote},x\n" for i, time in enumerate(times))
    assert [row[2] for row in read(tmp_path / "x", text, unit)[0]] == read_as


def test_an_unknown_time_among_dates(tmp_path: Path) -> None:
    """0 is 1970: such a row gets a negative time, which the filter drops and counts."""
    rows, _ = read(tmp_path / "x", f"u,i,t,n\na,1,0,x\na,2,{T},x\na,3,{T},x\n")
    assert [row[2] for row in rows] == [-1, MS, MS]


def test_of_several_titles_the_first_counts(tmp_path: Path) -> None:
    """Item 2 has none in its first row; 3 has none at all, and 4 is no interaction's."""
    metadata = "i,n\n2,\n1,One\n1,Uno\n2,Two\n3, \n4,Four\n"
    _, texts = read(tmp_path / "x", f"u,i,t\na,1,{T}\na,2,{T}\na,3,{T}\n", metadata=metadata)
    assert texts == [("1", "One", None), ("2", "Two", None), ("3", None, None)]


@pytest.mark.parametrize("quote", ["", '"'])
def test_max_rows_counts_rows_and_not_lines(tmp_path: Path, quote: str) -> None:
    """Blank lines and line breaks in quotes are no rows."""
    end = f",{quote}x\ny{quote}" if quote else ",x"
    text = "u,i,t,n\n\n" + "".join(f"a,{i},{T}{end}\n\n" for i in range(9))
    rows, _ = read(tmp_path / "x", text, max_rows=4)
    assert [row[1] for row in rows] == ["0", "1", "2", "3"]


def test_a_table_of_several_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 64 bytes and chunks of 3 rows give the same as one of each, also where a title spans two blocks."""
    from softrec.data import text_blocks
    from softrec.data.readers import columns

    text = "u,i,t,n\n" + "".join(f'"a{i}",{i % 5},{T + i},"title {i % 5}\nand more of it"\n' for i in range(20))
    whole = read(tmp_path / "x", text)
    monkeypatch.setattr(text_blocks.blocks, "__defaults__", (64, None))
    monkeypatch.setattr(columns, "CHUNK", 3)
    assert read(tmp_path / "x", text) == whole
    assert len(whole[0]) == 20
    assert whole[1][0] == ("0", "title 0 and more of it", None)
