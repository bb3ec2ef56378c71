"""Categories of items for the category hit ratio (paper, Figure 2): one label an item, at one level of the catalogue.

The paper does not say what a category is. Here it is the label at the first level of the catalogue's categories that
tells items apart: at least five labels with at least 1 % of the items each.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

CLASSES, SHARE = 5, 0.01


class Labels(NamedTuple):
    """label: one per item, "" where nothing is known. level: 1 for the broadest. classes: how many labels there are."""

    label: list[str]
    level: int
    classes: int


def at_level(category: str | None, level: int) -> str:
    """The label at a level, 1 being the broadest; the narrowest there is where there are fewer.

    Levels are parted by " > "; of labels of one level, parted by ", ", the first counts.
    """
    levels = (category or "").split(" > ")
    return levels[min(level, len(levels)) - 1].split(", ")[0]


def label_items(categories: Sequence[str | None]) -> Labels:
    """One label per item, at the first level that tells them apart; at the narrowest if none does."""
    deepest = max((len((category or "").split(" > ")) for category in categories), default=1)
    for level in range(1, deepest + 1):
        label = [at_level(category, level) for category in categories]
        counts = Counter(name for name in label if name)
        if sum(count >= SHARE * len(label) for count in counts.values()) >= CLASSES:
            break
    return Labels(label, level, len(counts))
