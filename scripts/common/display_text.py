"""Escaping of external text for display: a terminal executes control characters and would show another text."""

import re

# Control characters except tab and line feed, bidirectional controls, line separators, and lone surrogates.
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def plain(text: str) -> str:
    r"""Replace each character that a terminal would execute by its Python escape, such as `\x1b`."""
    return OBEYED.sub(lambda found: repr(found[0])[1:-1], text)
