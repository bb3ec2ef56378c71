"""Item categories for the category hit ratio (paper, Figure 2): one label per item, from one level of the catalogue.

The paper does not define category. Here it is the label at the broadest level of the catalogue's categories that has
at least five labels with at least 1 % of the items each.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

CLASSES, SHARE = 5, 0.01


class Labels(NamedTuple):
    """label: one per item, "" if unknown. level: 1 is the broadest. classes: number of distinct labels."""

    label: list[str]
    level: int
    classes: int


def at_level(category: str | None, level: int) -> str:
    """Return the label at a level (1 is the broadest), or the narrowest label if there are fewer levels.

    Levels are separated by " > ". If a level has several labels, separated by ", ", the first is used.
    """
    levels = (category or "").split(" > ")
    return levels[min(level, len(levels)) - 1].split(", ")[0]


def label_items(categories: Sequence[str | None]) -> Labels:
    """Label each item at the broadest level with `CLASSES` labels of `SHARE` each, or at the narrowest if none has."""
    deepest = max((len((category or "").split(" > ")) for category in categories), default=1)
    for level in range(1, deepest + 1):
        label = [at_level(category, level) for category in categories]
        counts = Counter(name for name in label if name)
        if sum(count >= SHARE * len(label) for count in counts.values()) >= CLASSES:
            break
    return Labels(label, level, len(counts))
