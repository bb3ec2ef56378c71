"""What preference strategies share: random negative titles, and a schedule of the learning rate over all updates."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from common.errors import SoftrecError
from softrec.core import seeds
from softrec.decoding.recommender import Recommender
from softrec.splits.samples import Items
from softrec.splits.seen_items import SeenItems
from softrec.tuning.schedule import Constant, EpochFacts
from softrec.tuning.settings import TuningSettings
from softrec.tuning.strategy import NewObjective, Strategy, TuningRun

if TYPE_CHECKING:
    import datasets

CHOSEN = "chosen"


@dataclass(frozen=True)
class Updates:
    """The learning rate over all updates of a run.

    Attributes:
        schedule: after the warm-up a cosine decay to zero, or constant.
        warmup: share of all updates in which the rate rises (0.05).
    """

    schedule: Literal["cosine", "constant"]
    warmup: float

    def applied(self, tuning: TuningSettings, rows: int) -> TuningSettings:
        """Return the settings of the tuning run on `rows` training rows, with its learning rate schedule in updates.

        The warm-up is rounded up, as in transformers' Trainer.
        """
        loop = tuning.loop
        updates = loop.epochs * -(-rows // loop.global_batch_size)
        fall = updates if self.schedule == "cosine" else None
        optimiser = replace(tuning.optimiser, warmup_steps=math.ceil(updates * self.warmup), cosine_steps=fall)
        return replace(tuning, optimiser=optimiser)


@dataclass(frozen=True)
class MeanOverRows:
    """The part of an objective that preference losses share: all responses in every epoch, and the mean over rows.

    Attributes:
        titles: the kinds of response, the true title first, then its negatives.
    """

    titles: tuple[str, ...]

    def kinds(self, facts: EpochFacts) -> tuple[str, ...]:
        """Return all kinds of response, in every epoch."""
        return self.titles

    def denominators(self, tokens: Mapping[str, int], rows: int) -> dict[str, float]:
        """Return the number of rows of the global batch."""
        return {"rows": float(rows)}


def negative_titles(rows: "datasets.Dataset", items: Items, seen: SeenItems, n: int, seed: int) -> list[list[str]]:
    """Draw `n` different negative titles per row, uniformly from titles that the user has not seen.

    Left out are the titles of the target and of every item that the user has interacted with before it. Later
    interactions are not left out: the negatives would leak which items the user chooses later.

    Raises:
        SoftrecError: the catalogue has too few titles.
    """
    rng = seeds.stream(seed, "sdpo negatives")
    drawn = []
    for row, (user, position, history, target) in enumerate(
        zip(rows["user"], rows["position"], rows["history"], rows["target"], strict=True)
    ):
        free = np.ones(len(items.distinct), dtype=bool)
        free[items.title_id[[*seen.before(user, position).tolist(), *history, target]]] = False
        candidates = np.flatnonzero(free)
        if len(candidates) < n:
            raise SoftrecError(
                f"row {row} leaves {len(candidates)} titles to draw {n} negatives from",
                remedy="lower sdpo.negatives, or take a larger catalogue",
            )
        drawn.append([items.distinct[i] for i in rng.choice(candidates, n, replace=False)])
    return drawn


def preference_responses(
    recommender: Recommender, rows: "datasets.Dataset", negatives: Sequence[Sequence[str]]
) -> dict[str, Any]:
    """Return token ids of the rows' responses by kind: "chosen" (true titles), "rejected 1", "rejected 2", ..."""
    columns = zip(*negatives, strict=True)
    rejected = {
        f"rejected {j}": [recommender.encoder.response(title) for title in column]
        for j, column in enumerate(columns, start=1)
    }
    return {CHOSEN: recommender.labels(rows), **rejected}


def against_random_titles(run: TuningRun, negatives: int, updates: Updates, new_objective: NewObjective) -> Strategy:
    """Return the strategy that prefers the true title of each row to `negatives` random ones; its loss has no tau."""
    titles = run.recommender.items
    drawn = negative_titles(run.train, titles, run.seen_items(), negatives, run.settings.loop.seed)
    settings = updates.applied(run.settings, len(run.train))
    responses = preference_responses(run.recommender, run.train, drawn)
    return Strategy(responses, lambda: Constant(None), settings, new_objective)
