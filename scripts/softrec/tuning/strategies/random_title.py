"""A control of SOFT: a random title of the target's category in the place of each self-distilled title."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from common.errors import SoftrecError
from softrec.core import seeds
from softrec.io.tables import read_table
from softrec.splits.categories import label_items
from softrec.splits.samples import Items
from softrec.tuning.curriculum import SelfAdaptiveOptions, self_adaptive
from softrec.tuning.strategy import Strategy, TuningRun


@dataclass(frozen=True)
class Options(SelfAdaptiveOptions):
    """Hyperparameters of SOFT."""


def random_titles(targets: Iterable[int], items: Items, label: list[str], seed: int) -> list[str]:
    """Draw for each row a title of its target's category, uniformly, and never the target's own title.

    A title is of each category that one of its items has. Where the target has no category, or its category has no
    other title, the title is drawn from all other titles. Each row has a random stream of its own.

    Args:
        targets: the rows' target items.
        items: the catalogue.
        label: the category of each of the N items, "" if unknown (`softrec.splits.categories`).
        seed: the training seed.

    Raises:
        SoftrecError: the catalogue has a single title.
    """
    titles: dict[str, set[int]] = {}
    for name, title in zip(label, items.title_id[1:].tolist(), strict=True):
        titles.setdefault(name, set()).add(title)
    pools = {name: np.array(sorted(of)) for name, of in titles.items() if name and len(of) > 1}
    every, drawn = np.arange(len(items.distinct)), []  # pools hold at most one number per item: 0.5 MB for 61,528
    if len(every) < 2:
        raise SoftrecError("the catalogue has a single title: there is no other to draw", remedy="take more items")
    for row, target in enumerate(targets):
        pool, own = pools.get(label[target - 1], every), int(items.title_id[target])
        # One of the others: a number from the target's place on stands for the title after it.
        number = int(seeds.stream(seed, "random title", row).integers(len(pool) - 1))
        drawn.append(items.distinct[pool[number + (number >= np.searchsorted(pool, own))]])
    return drawn


def prepare(options: Options, run: TuningRun) -> Strategy:
    """Return the strategy: SOFT with random titles in the place of self-distilled ones, the same in every epoch."""
    model = run.recommender
    labels = label_items(read_table(run.file("catalogue"), ["category"])["category"].to_pylist())
    drawn = random_titles(run.train["target"], model.items, labels.label, run.settings.loop.seed)
    return self_adaptive(options, run, [model.encoder.response(title) for title in drawn])
