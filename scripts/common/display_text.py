"""Words of somebody else, as they may be shown: a terminal obeys some characters, and would show another text."""

import re

# Control characters but tab and line break; what turns the direction of writing; halves of a character.
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def plain(text: str) -> str:
    """The text with each character that a terminal would obey written as Python writes it, such as `\\x1b`."""
    return OBEYED.sub(lambda found: repr(found[0])[1:-1], text)
