"""Check for visible characters: ids and titles without any cannot be told apart by a reader."""

import unicodedata
from typing import Any

FILLERS = "\u115f\u1160\u2800\u3164\uffa0\U0001d159"  # letters and symbols without a glyph
UNSEEN = rf"^[\s\pC\pM\pZ{FILLERS}]*$"  # a whole text of characters that are not `is_visible`


def is_visible(character: str) -> bool:
    """Whether a character is visible on its own: a letter, number, punctuation or symbol except fillers, not a mark."""
    return unicodedata.category(character)[0] in "LNPS" and character not in FILLERS


def can_be_seen(text: str) -> bool:
    """Whether a text has a visible character."""
    return any(map(is_visible, text))


def has_unseen(texts: Any) -> bool:
    """Whether some text of a `polars.Series` has no visible character (Unicode blanks, zero-width characters).

    Such texts sort before or after all texts that begin with a printable ASCII character. Only texts in these ranges
    are searched: searching all ids takes six times as long as two comparisons.
    """
    suspect = texts.filter((texts < "!") | (texts > "~"))
    return bool(suspect.str.contains(UNSEEN).any())
