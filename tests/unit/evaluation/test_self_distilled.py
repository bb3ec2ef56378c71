"""What self-distilled titles hit on training rows, and what a category is."""

import numpy as np
import pytest

from softrec.evaluation.self_distilled import describe
from softrec.splits.categories import Labels, at_level, label_items
from softrec.splits.samples import Items


@pytest.mark.parametrize(
    ("category", "level", "expected"),
    [
        ("Games > PC > Puzzle", 1, "Games"),
        ("Games > PC > Puzzle", 3, "Puzzle"),
        ("Games > PC", 3, "PC"),
        ("Action, Drama", 1, "Action"),
        (None, 2, ""),
    ],
)
def test_the_label_at_a_level(category: str | None, level: int, expected: str) -> None:
    """The narrowest where there are fewer levels; the first of labels side by side; nothing is nothing."""
    assert at_level(category, level) == expected


def test_the_first_level_that_tells_items_apart_counts() -> None:
    """All are games, so level 1 has one label; level 2 has five with a fifth each."""
    found = label_items([f"Games > {name} > x{i}" for i, name in enumerate("ABCDE" * 4)])
    assert (found.level, found.classes) == (2, 5)
    assert found.label[:3] == ["A", "B", "C"]


def test_labels_of_less_than_a_hundredth_do_not_count() -> None:
    """Four labels with nearly all items and one with 1 of 200: the next level is taken, here the last."""
    names = [*("ABCD" * 50)[:199], "E"]
    assert label_items([f"{name} > {name}{i % 10}" for i, name in enumerate(names)]).level == 2


def test_hit_ratios_by_hand() -> None:
    """Items 1 to 4 of titles 0, 1, 0, 2 and labels f, f, g, none. Said 3, 1, 4, 1 for targets 1, 2, 3, 4.

    HR@1: item 3 has the title of target 1, no other hits: 1/4. HC is over targets 1, 2 and 3, which have a label: 3 is
    g and not f, 1 is f like 2, 4 has none: 1/3. By chance (2/3)^2 + (1/3)^2 = 5/9.
    """
    items = Items(["", "A", "B", "A", "C"], np.array([-1, 0, 1, 0, 2]), ["A", "B", "C"])
    found = describe([3, 1, 4, 1], [1, 2, 3, 4], items, Labels(["f", "f", "g", ""], 1, 2))
    assert (found["rows"], found["HR@1"], found["rows_with_category"]) == (4, 0.25, 3)
    assert found["HC"] == pytest.approx(1 / 3)
    assert found["chance"] == pytest.approx(5 / 9)


def test_without_categories_there_is_no_category_hit_ratio() -> None:
    """Not zero: not measured."""
    items = Items(["", "A"], np.array([-1, 0]), ["A"])
    found = describe([1], [1], items, Labels([""], 1, 0))
    assert (found["HC"], found["chance"], found["HR@1"]) == (None, None, 1.0)
