"""Which texts anybody can see: ids and titles of nothing else would be told from each other by no reader."""

import unicodedata
from typing import Any

FILLERS = "\u115f\u1160\u2800\u3164\uffa0\U0001d159"  # letters and symbols of no shape
UNSEEN = rf"^[\s\pC\pM\pZ{FILLERS}]*$"  # of a whole text; what `is_visible` says of one character


def is_visible(character: str) -> bool:
    """Whether a character can be seen by itself: a letter, number, punctuation or symbol, fillers excepted; no mark."""
    return unicodedata.category(character)[0] in "LNPS" and character not in FILLERS


def can_be_seen(text: str) -> bool:
    """Whether a text has a character that can be seen."""
    return any(map(is_visible, text))


def has_unseen(texts: Any) -> bool:
    """Whether some text of a `polars.Series` has nothing that can be seen: blanks of whatever alphabet, zero width.

    Such a text comes before all that begin with a printable character of ASCII, or after them: only those few are
    searched, since a search of all ids takes six times as long as two comparisons.
    """
    suspect = texts.filter((texts < "!") | (texts > "~"))
    return bool(suspect.str.contains(UNSEEN).any())
