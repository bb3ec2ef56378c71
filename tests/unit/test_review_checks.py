"""Two checks of all reviews of a data set that take a shortcut: what they answer is what the long way answers."""

import random
import re

import polars as pl
import pytest
from softrec.streams import has_blanks
from softrec.times import FIRST, LAST, middle_of


@pytest.mark.parametrize("text", ["", " ", "\t", "\x0b", "\x85", "\xa0", "\u2003", "\u3000\u2028", " \xa0\t"])
def test_empty_and_blank_texts_are_found_among_others(text: str) -> None:
    """Whatever the alphabet: Unicode's White_Space, which `\\s` stands for."""
    assert has_blanks(pl.Series(["B0001", text, "~z"]))
    assert re.fullmatch(r"\s*", text)


@pytest.mark.parametrize("text", ["!", "~", "~ ", " a", "\x7f", "\xa0b", "é", "\u3000字", "\x01", "\u200b"])
def test_texts_with_anything_to_see_are_not_blank(text: str) -> None:
    """A text that begins with a blank is no blank one; a zero-width space and control characters are no blanks."""
    assert not has_blanks(pl.Series(["B0001", text]))


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
