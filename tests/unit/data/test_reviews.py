"""Readers of reviews: three formats to one frame, and faults that name their file and line."""

from pathlib import Path

import pytest

from common.errors import SoftrecError
from review_lines import CSV, INTER, line
from softrec.data.delimited import COLUMNS
from softrec.data.reviews import Format, read_reviews


def test_movielens_seconds_become_milliseconds(tmp_path: Path) -> None:
    """881250949 s is 881250949000 ms; rows stay in file order; ids stay text ("01" is not "1")."""
    path = tmp_path / "ml-100k.inter"
    path.write_text(INTER + "196\t242\t3\t881250949\n01\t302\t3\t881250950\n")
    assert read_reviews(path, "movielens").rows() == [("196", "242", 881250949000), ("01", "302", 881250950000)]


@pytest.mark.parametrize(("key", "item"), [("parent_asin", "p"), ("asin", "a")])
def test_item_key_chooses_the_field(tmp_path: Path, key: str, item: str) -> None:
    """`asin` is the variant that was reviewed, `parent_asin` the product; blank lines are no reviews."""
    path = tmp_path / "Toys.jsonl"
    path.write_text(line() + "\n" + line(user_id="é"))
    frame = read_reviews(path, "reviews", key)  # type: ignore[arg-type]
    assert frame.select(COLUMNS).rows() == [("u", item, 1500), ("é", item, 1500)]


def test_a_variant_comes_with_its_parent(tmp_path: Path) -> None:
    """Metadata are keyed by it. One that names no parent is its own."""
    path = tmp_path / "Toys.jsonl"
    path.write_text(line() + line(asin="b") + line(asin="c", parent_asin=...) + line(asin="d", parent_asin=""))
    frame = read_reviews(path, "reviews", "asin")
    assert frame.columns == [*COLUMNS, "parent_id"]
    assert frame["parent_id"].to_list() == ["p", "p", "c", "d"]
    assert read_reviews(path, "reviews", "asin", max_rows=1).rows() == [("u", "a", 1500, "p")]


@pytest.mark.parametrize("source", ["reviews", "ratings"])
def test_max_rows_reads_the_first(tmp_path: Path, source: Format) -> None:
    """Of three reviews the first two."""
    texts = {
        "reviews": "".join(line(user_id=u) for u in "abc"),
        "ratings": CSV + "".join(f"{u},p,5,1500\n" for u in "abc"),
    }
    path = tmp_path / "file"
    path.write_text(texts[source])
    assert read_reviews(path, source, max_rows=2)["user_id"].to_list() == ["a", "b"]


@pytest.mark.parametrize(
    ("source", "text", "number", "words"),
    [
        ("reviews", line() + "{oops\n", 2, "is not JSON"),
        ("reviews", line() * 3 + line()[:20], 4, "is not JSON"),
        ("reviews", line() + "\n" + "[1, 2]\n", 3, "is not a JSON object"),
        ("reviews", line() + line(user_id=...), 2, "has no user_id"),
        ("reviews", line() + line(parent_asin=None), 2, "has no parent_asin"),
        ("reviews", line(parent_asin="", timestamp=...), 1, "has no parent_asin and no timestamp"),
        ("reviews", line() + line(user_id=" "), 2, "has no user_id"),
        ("reviews", line() + line(user_id=["u", "v"]), 2, 'has the user_id ["u", "v"], not text'),
        ("reviews", line() + line(parent_asin=1.5), 2, "has the parent_asin 1.5, not text"),
        ("reviews", line() + line(user_id=True), 2, "has the user_id true, not text"),
        ("reviews", line() + '{"user_id": "a\\ud800", "parent_asin": "p", "timestamp": 5}', 2, "lone surrogate"),
        ("reviews", line() + line(timestamp=float("nan")), 2, "is not JSON: it has no NaN"),
        ("reviews", line() + '{"a": ' + "[" * 2000 + "]" * 2000 + "}\n", 2, "nests values too deep"),
        ("reviews", line().encode() + b'{"user_id": "\xe9"}\n', 2, "is not UTF-8: "),
        ("reviews", line() + line(timestamp="1500"), 2, "timestamp '1500', not a whole number"),
        ("reviews", line(timestamp=1.5), 1, "timestamp 1.5, not a whole number"),
        ("reviews", line() * 2 + line(timestamp=10**19), 3, f"timestamp {10**19}, which does not fit in 64 bits"),
        (
            "reviews",
            line() + line(timestamp=-(2**63) - 1),
            2,
            f"timestamp {-(2**63) - 1}, which does not fit in 64 bits",
        ),
        ("ratings", "user_id,rating,timestamp\nu,5,1\n", 1, "has no column parent_asin"),
        ("ratings", CSV + "u,p,5,1\nu,p\n", 3, "has 2 fields, but the header has 4"),
        ("ratings", CSV + "u,p,5,1\n,p,5,1\n", 3, "has no user_id"),
        ("ratings", CSV + "u,p,5,soon\n", 2, "timestamp 'soon', not a whole number of milliseconds"),
        ("ratings", CSV + "u,p,5,1\nu,p,5,100.0\n", 3, "timestamp '100.0', not a whole number of milliseconds"),
        ("ratings", CSV + "u,p,5,1\nu,p,5,1.5e12\n", 3, "timestamp '1.5e12', not a whole number of milliseconds"),
        ("ratings", CSV + f"u,p,5,1\nu,p,5,{10**19}\n", 3, f"timestamp {10**19}, which does not fit in 64 bits"),
        ("ratings", CSV + 'u,p,5,1\n"a,b",c,d,5,1\n', 3, "has 5 fields, but the header has 4"),
        ("ratings", CSV + '"u",p,5,1\n"v,p,5,1\nw,"q",5,1\n', 3, "has a quote that is not closed"),
        ("ratings", CSV + '"u",p,5,1\n"v"w,p,5,1\n', 3, "has a quote that is not closed, or not followed"),
        ("ratings", CSV + 'u,p,5,1\n"",p,5,1\n', 3, "has no user_id"),
        ("ratings", CSV + "u,p,5,1\n \t,p,5,1\n", 3, "has no user_id"),
        ("ratings", CSV.encode() + b"u,p,5,1\n\xe9,p,5,1\n", 3, "is not UTF-8: "),
        ("ratings", CSV + "u,p,5,1\n\nu,p,5,1,\n", 4, "has 5 fields, but the header has 4"),
        ("ratings", "user_id,parent_asin,timestamp,rating\nu,p,1,5\nu,1,5\n", 3, "has 3 fields, but the header has 4"),
        ("movielens", INTER + "1\t2\t3\tinf\n", 2, "timestamp 'inf', not a number of seconds"),
        ("movielens", INTER + "1\t2\t3\t4\n1\t2\t3\t1_0\n", 3, "timestamp '1_0', not a number of seconds"),
        ("movielens", INTER + "1\t2\t3\t4\n1\t2\t3\t1e17\n", 3, f"timestamp {10**20}, which does not fit in 64 bits"),
        ("movielens", INTER + "1\t2\t3\t4\n1\t2\t3\t1e999\n", 3, "timestamp '1e999', not a number of seconds"),
        ("movielens", INTER + "1\t2\t3\t4\n1\t2\t3\t4\t5\n", 3, "has 5 fields, but the header has 4"),
        ("movielens", CSV + "u,p,5,1\n", 1, "has no column user_id:token"),
    ],
)
def test_faults_name_the_line(tmp_path: Path, source: Format, text: str | bytes, number: int, words: str) -> None:
    """Each fault: the path, the line counted from 1 (the header counts), and what is wrong with its value."""
    path = tmp_path / "file"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SoftrecError) as caught:
        read_reviews(path, source)
    assert words in caught.value.what
    assert caught.value.where == f"{path}, line {number}"


def test_quoted_fields_are_the_fields(tmp_path: Path) -> None:
    """RFC 4180: some lines quoted or all, a comma and a doubled quote within; the header too.

    In MovieLens' files a quote is a quote.
    """
    path = tmp_path / "file"
    for header in (CSV, '"user_id","parent_asin","rating","timestamp"\n'):
        path.write_text(header + '"u",p,5,1\nu,"q,r",5,2\n"v""w",p,,"3"\n\n')
        assert read_reviews(path, "ratings").rows() == [("u", "p", 1), ("u", "q,r", 2), ('v"w', "p", 3)]
    path.write_text(INTER + '"u"\tp\t5\t1\n')
    assert read_reviews(path, "movielens").rows() == [('"u"', "p", 1000)]


def test_integers_are_ids_as_text(tmp_path: Path) -> None:
    """Their digits; what looks like something else and is text stays text."""
    path = tmp_path / "file"
    path.write_text(line(user_id=5) + line(user_id="1.50") + line(user_id="[u]", parent_asin="true"))
    assert read_reviews(path, "reviews").rows() == [("5", "p", 1500), ("1.50", "p", 1500), ("[u]", "true", 1500)]


@pytest.mark.parametrize(
    ("source", "times", "said"),
    [
        ("ratings", [1_500_000_000_123], ""),
        ("ratings", [1_500_000_000], "times are seconds"),
        ("reviews", [1_500_000_000_123_456], "times are microseconds"),
        ("reviews", [1_500_000_000_123_456_789], "times are nanoseconds"),
        ("movielens", [1_500_000_000_123], "times are microseconds"),  # read as seconds, they are ms a thousand times
        ("ratings", [1, 2, 3], ""),
    ],
)
def test_the_unit_of_times_is_recognised(
    tmp_path: Path, source: Format, times: list[int], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """2017 in whatever unit is 2017, to the unit's precision; small numbers are an order and stay."""
    path = tmp_path / "file"
    made = {
        "ratings": CSV + "".join(f"u,p,5,{time}\n" for time in times),
        "reviews": "".join(line(timestamp=time) for time in times),
        "movielens": INTER + "".join(f"u\tp\t5\t{time}\n" for time in times),
    }
    path.write_text(made[source])
    found = read_reviews(path, source)["timestamp"].to_list()
    assert found == (times if len(times) > 1 else pytest.approx([1_500_000_000_123], abs=123))
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("times", "words"),
    [
        (
            [1_500_000_000_000, 1_500_000_000_001, 253_402_300_799_000],
            "has the time 253402300799000 milliseconds, which",
        ),
        ([1_500_000_000_000, 1_500_000_000_001, 1_500_000_000], "1500000000 where most are milliseconds"),
        ([1_500_000_000_000_000, 1_500_000_000_000_001, 1_500_000_000_000], "where most are microseconds"),
        ([1_500_000_000_000_000, 1_500_000_000_000_001, 1_500_000_000], "where most are microseconds"),
        ([253_402_300_799_000], "not a date"),
        ([9_000_000_000_000], "not a date"),
    ],
)
def test_times_that_are_no_dates_are_refused(tmp_path: Path, times: list[int], words: str) -> None:
    """The year 9999 or a larger unit among others: whose review it is. All of them far off: what is in the middle."""
    path = tmp_path / "file"
    path.write_text("".join(line(timestamp=time, parent_asin=f"p{time}") for time in times))
    with pytest.raises(SoftrecError) as caught:
        read_reviews(path, "reviews")
    assert words in caught.value.what
    assert f"p{times[-1]} by u" in str(caught.value) or len(times) == 1


def test_negative_times_are_for_the_filter_to_count(tmp_path: Path) -> None:
    """Published files have some (Electronics): they stay. 0, and times of 1970 that no unit explains, become such."""
    path, times = tmp_path / "file", [1_500_000_000_000, 1_500_000_000_001, 1_500_000_000_002, -5, 0, 86_400_000 * 300]
    path.write_text("".join(line(timestamp=time) for time in times))
    assert read_reviews(path, "reviews")["timestamp"].to_list() == [*times[:4], -1, -1]


def test_a_mark_of_the_order_of_bytes_is_skipped(tmp_path: Path) -> None:
    """As some programs put it before UTF-8."""
    for source, text in {"reviews": line(), "ratings": CSV + "u,p,5,1500\n"}.items():
        (tmp_path / "file").write_text(text, encoding="utf-8-sig")
        assert read_reviews(tmp_path / "file", source).rows() == [("u", "p", 1500)]  # type: ignore[arg-type]


def test_fields_that_nobody_reads_may_hold_anything(tmp_path: Path) -> None:
    """A rating is not read: empty, a word, or the last field of the line, it is no fault."""
    path = tmp_path / "file"
    path.write_text(CSV + "u,p,,1\nu,q,good,2\n")
    assert read_reviews(path, "ratings").rows() == [("u", "p", 1), ("u", "q", 2)]
    path.write_text("user_id,parent_asin,timestamp,rating\nu,p,1,5\nu,q,2,\n")
    assert read_reviews(path, "ratings").rows() == [("u", "p", 1), ("u", "q", 2)]


def test_what_is_parsed_in_parts_is_in_file_order(tmp_path: Path) -> None:
    """100,000 lines, more than one batch: rows in order, the blank line among them skipped.

    Then a line with a field too many after 60,000 rows, the header and that blank line, so line 60,003, is named.
    """
    rows = [f"u{n},i{n % 7},5,{n}\n" for n in range(10**5)]
    path = tmp_path / "file"
    path.write_text(CSV + "".join([*rows[:50_000], "\n", *rows[50_000:]]))
    assert read_reviews(path, "ratings").rows() == [(f"u{n}", f"i{n % 7}", n) for n in range(10**5)]
    path.write_text(CSV + "".join([*rows[:50_000], "\n", *rows[50_000:60_000], "u,i,5,1,\n", *rows[60_000:]]))
    with pytest.raises(SoftrecError, match="line 60003: the line has 5 fields, but the header has 4"):
        read_reviews(path, "ratings")


@pytest.mark.parametrize("stamp", ["0", "-1", "+5", " 7"])
def test_times_that_64_bits_hold_are_read(tmp_path: Path, stamp: str) -> None:
    """What the fast reader takes, the reader that names faults takes too: it never blames a line that is right."""
    path = tmp_path / "file"
    path.write_text(CSV + f"u,p,5,{stamp}\n")
    assert read_reviews(path, "ratings")["timestamp"].to_list() == [int(stamp)]
    path.write_text(CSV + f"u,p,5,{stamp}\nu,p,5,soon\n")
    with pytest.raises(SoftrecError, match="line 3"):
        read_reviews(path, "ratings")


def test_a_parent_without_its_variant_says_which_key_to_use(tmp_path: Path) -> None:
    """The published sample has `asin: null` beside a parent_asin."""
    path = tmp_path / "file"
    path.write_text(line(asin=None))
    with pytest.raises(SoftrecError, match="has no asin, but it has a parent_asin: set item_key to parent_asin"):
        read_reviews(path, "reviews", "asin")


@pytest.mark.parametrize(("source", "text"), [("reviews", ""), ("ratings", CSV)])
def test_no_reviews_at_all(tmp_path: Path, source: Format, text: str) -> None:
    """An empty file is no data set."""
    path = tmp_path / "empty"
    path.write_text(text)
    with pytest.raises(SoftrecError, match="holds no review"):
        read_reviews(path, source)
