"""Recommendations for histories: the same prompt, decoding and grounding as for test rows (paper, section 2.2)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from common.display_text import plain
from common.errors import SoftrecError
from softrec.decoding.answering import answering
from softrec.decoding.recommender import RecommenderSettings, open_recommender
from softrec.evaluation.beam_grounding import grounding_by, texts_of
from softrec.evaluation.grounding import GroundingSettings
from softrec.llm.prompts import extract_title
from softrec.splits import samples
from softrec.splits.seen_items import SeenItems
from softrec.use.histories import Names
from softrec.use.top_titles import Top, nearest_titles


@dataclass(frozen=True)
class RecommendSettings:
    """Settings of recommendations.

    Attributes:
        recommender: prompts and generation.
        grounding: the mask, and the seed of ties.
        window: maximum number of items in a prompt's history; the oldest are left out.
        k: number of titles to recommend.
    """

    recommender: RecommenderSettings
    grounding: GroundingSettings
    window: int
    k: int

    def __post_init__(self) -> None:
        """Raise `SoftrecError` unless both numbers are positive."""
        for name in ("window", "k"):
            if getattr(self, name) < 1:
                what = f"{name} is {getattr(self, name)}"
                raise SoftrecError(what, where="--settings", remedy="give at least 1")


class Recommendation(NamedTuple):
    """Recommendation for one history.

    Attributes:
        history: item ids, oldest first, all that were given.
        text: the generated text.
        finished: whether the model ended it.
        top: the nearest titles.
    """

    history: list[int]
    text: str
    finished: bool
    top: Top


def recommend(
    llm: Path,
    adapter: Path,
    items: samples.Items,
    title_embeddings: Path,
    histories: Sequence[Sequence[int]],
    settings: RecommendSettings,
) -> list[Recommendation]:
    """Generate a title for each history and find the K titles nearest to it.

    The mask "seen" excludes the whole history, "window" those items of it that are in the prompt, "none" nothing.

    Raises `SoftrecError` if the model cannot be loaded or K exceeds the number of titles that are left.
    """
    import datasets

    prompted = [list(history[-settings.window :]) for history in histories]
    recommender = open_recommender(llm, items, settings.recommender, adapter)
    how, prompts = answering(recommender), recommender.prompts(datasets.Dataset.from_dict({"history": prompted}))
    answers = how.ask(recommender.llm, prompts, "recommend")
    titled = how.titled(answers)
    z = how.embed(recommender.llm, titled)
    titles = samples.load_title_embeddings(title_embeddings, items)
    if titles.shape[1] != z.shape[-1]:
        what = (
            f"{title_embeddings} has embeddings of width {titles.shape[1]}, but the base model's width is {z.shape[-1]}"
        )
        raise SoftrecError(what, remedy="give the title embeddings of this base model")
    grounding = grounding_by(titles, items.title_id, as_users(histories), settings.grounding)
    excluded = [
        np.unique(grounding.candidates.excluded(user, len(history), prompt))
        for user, (history, prompt) in enumerate(zip(histories, prompted, strict=True), start=1)
    ]
    texts = texts_of(z, [own.scores for own in titled], settings.grounding)
    top = nearest_titles(grounding, texts, excluded, settings.k)
    rows = zip(histories, answers, top, strict=True)
    return [Recommendation(list(history), *beams[0][:2], own) for history, beams, own in rows]


def as_users(histories: Sequence[Sequence[int]]) -> SeenItems:
    """Return the histories as the interactions of the users 1, 2, ..."""
    user = np.repeat(np.arange(1, len(histories) + 1), [len(history) for history in histories])
    return SeenItems(user, np.concatenate([np.asarray(history, np.int64) for history in histories]))


def as_records(found: Sequence[Recommendation], names: Names, title_id: np.ndarray) -> list[dict[str, Any]]:
    """Return recommendations as JSON objects. The items of a title are all items that share it, by the source's ids."""
    of_title: dict[int, list[str]] = {}
    for item, title in enumerate(title_id[1:].tolist(), start=1):
        of_title.setdefault(title, []).append(names.source_id[item])
    first = {title: names.title[names.of_id[ids[0]]] for title, ids in of_title.items()}
    return [
        {
            "history": [names.source_id[item] for item in own.history],
            "text": own.text,
            "title": extract_title(own.text),
            "finished": own.finished,
            "top": [
                {"rank": rank, "items": of_title[title], "title": first[title], "distance": distance}
                for rank, (title, distance) in enumerate(zip(*map(np.ndarray.tolist, own.top), strict=True), start=1)
            ],
        }
        for own in found
    ]


def as_lines(records: Sequence[dict[str, Any]]) -> str:
    """Format recommendations as JSON lines."""
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def as_text(record: dict[str, Any]) -> str:
    """Format one recommendation for people: the generated title, and a line for each of the K titles."""
    said = record["title"] or "(nothing)"
    lines = [f"generated: {said}" + ("" if record["finished"] else "  (cut off at the limit of tokens)"), ""]
    ids = [", ".join(own["items"]) for own in record["top"]]
    width = max(len("item"), *map(len, ids))
    lines.append(f"rank  distance  {'item':{width}}  title")
    for own, names in zip(record["top"], ids, strict=True):
        lines.append(f"{own['rank']:4d}  {own['distance']:8.4f}  {names:{width}}  {own['title']}")
    return plain("\n".join(lines))
