"""Two checks of all reviews of a data set that take a shortcut: what they answer is what the long way answers."""

import random
import unicodedata
from pathlib import Path

import polars as pl
import pytest

from review_lines import CSV, INTER, line
from softrec.data.reviews import Format, read_reviews
from softrec.data.timestamps import FIRST, LAST, middle_of
from softrec.data.visible_text import UNSEEN, can_be_seen, has_unseen


@pytest.mark.parametrize(
    "text",
    ["", " ", "\t", "\x0b", "\x85", "\xa0", "\u2003", "\u3000\u2028", " \xa0\t", "\x01", "\u200b", "\ufeff\u0301"],
)
def test_texts_of_nothing_that_can_be_seen_are_found_among_others(text: str) -> None:
    """Whatever the alphabet: blanks, control characters, characters of no width, marks without a letter."""
    assert has_unseen(pl.Series(["B0001", text, "~z"]))
    assert not can_be_seen(text)


@pytest.mark.parametrize("text", ["!", "~", "~ ", " a", "\xa0b", "é", "\u3000字", "\u200bx", "e\u0301"])
def test_texts_with_anything_to_see_are_not_found(text: str) -> None:
    """A text that begins with a blank, or with what cannot be seen, is one that can, if anything follows."""
    assert not has_unseen(pl.Series(["B0001", text]))
    assert can_be_seen(text)


def test_a_whole_text_and_its_characters_are_judged_alike() -> None:
    """The pattern says of each character of Unicode's first planes, alone, what `is_visible` says of it."""
    texts = [chr(code) for code in range(0x20000) if not 0xD800 <= code < 0xE000]
    unseen = pl.Series(texts).str.contains(UNSEEN)
    differing = [text for text, found in zip(texts, unseen, strict=True) if found == can_be_seen(text)]
    # Characters that one of both knows and the other, of another version of Unicode, does not.
    assert all(unicodedata.category(text) == "Cn" for text in differing)


@pytest.mark.parametrize(("source", "header"), [("reviews", ""), ("ratings", CSV), ("movielens", INTER)])
@pytest.mark.parametrize("blank", [1, 3, 20])
def test_max_rows_counts_no_blank_lines(tmp_path: Path, source: Format, header: str, blank: int) -> None:
    """Of six reviews, with blank lines before each, the first four; a CSV's first four lines hold one."""
    lines = {
        "reviews": [line(user_id=f"u{i}") for i in range(6)],
        "ratings": [f"u{i},p,5,1500\n" for i in range(6)],
        "movielens": [f"u{i}\tp\t5\t1500\n" for i in range(6)],
    }[source]
    path = tmp_path / "file"
    path.write_text(header + "".join("\n" * blank + one for one in lines))
    assert read_reviews(path, source, max_rows=4)["user_id"].to_list() == ["u0", "u1", "u2", "u3"]
    assert len(read_reviews(path, source, max_rows=7)) == 6


@pytest.mark.parametrize("dates", [49, 50, 51])
@pytest.mark.parametrize("size", [100, 101])
def test_middle_is_a_date_in_milliseconds_where_the_median_is(dates: int, size: int) -> None:
    """By sorting: of `size` times, `dates` in the range and the others 0. The middle two of 100 are the 50th and 51st.

    50 dates of 100 leave the mean of 0 and a date, which is half a date: the shortcut must not be taken.
    """
    stamps = [FIRST] * dates + [0] * (size - dates)
    random.Random(7).shuffle(stamps)
    ordered = sorted(stamps)
    median = (ordered[(size - 1) // 2] + ordered[size // 2]) / 2
    assert (FIRST <= middle_of(pl.Series(stamps)) < LAST) == (FIRST <= median < LAST)
    assert median >= FIRST or middle_of(pl.Series(stamps)) == int(median)
