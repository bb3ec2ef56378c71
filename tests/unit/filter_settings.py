"""The paper's settings of the filter, with a core that a test can fill."""

import dataclasses
from typing import Any

from softrec.data import filtering

PAPER = filtering.FilterSettings(
    format="ratings",
    item_key="parent_asin",
    max_rows=None,
    since=None,
    until=None,
    untitled="before",
    title_words=None,
    long_titles="cut",
    duplicates="earliest",
    core="iterative",
    k=10,
    expected=None,
)


def settings(**changes: Any) -> filtering.FilterSettings:
    """The paper's settings at k = 2, with changes."""
    return dataclasses.replace(PAPER, **({"k": 2} | changes))
