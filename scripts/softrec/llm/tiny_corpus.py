"""What the demo's base model reads: text made from the catalogue alone, in which no user has any part."""

import re
from collections.abc import Sequence

import numpy as np

from softrec.llm.prompts import Words, quoted, render

LIST = 8  # titles in one list
PROMPTS = 0.25  # share of lists that stand in a whole prompt
HEADED = 0.7  # share of the other lists that begin with their shelf's label


def facts(titles: Sequence[str], categories: Sequence[str | None]) -> list[str]:
    """One line per item: the bare title and what it is. The state at a bare title's end then foretells its category."""
    return [f"{title}: {category}" if category else title for title, category in zip(titles, categories, strict=True)]


def labels(title: str, category: str | None) -> list[str]:
    """What a title can be filed under: each label of its category, and the year in brackets at its end."""
    return [*re.split(", | > ", category or ""), *re.findall(r"\((\d{4})\)$", title)]


def shelves(
    titles: Sequence[str], categories: Sequence[str | None], rng: np.random.Generator
) -> list[tuple[str, list[str]]]:
    """(label, quoted titles): every title stands on one shelf, drawn from its labels; "" is a label too."""
    by_label: dict[str, list[str]] = {}
    for title, category in zip(titles, categories, strict=True):
        known = labels(title, category)
        by_label.setdefault(known[rng.integers(len(known))], []).append(quoted(title))
    return list(by_label.items())


def lists(shelves: Sequence[tuple[str, list[str]]], words: Words, rng: np.random.Generator) -> list[str]:
    """Every title once, in lists of titles from one shelf in random order: in a prompt, after a label, or bare.

    So the model has read the prompt's own words and knows that titles of a kind or of a year go together, as a
    pre-trained LLM does.
    """
    texts = []
    for label, shelf in shelves:
        shuffled = [shelf[i] for i in rng.permutation(len(shelf))]
        for start in range(0, len(shuffled), LIST):
            *history, last = shuffled[start : start + LIST]
            if rng.random() < PROMPTS:
                texts.append(render(history, words) + last)
            else:
                head = f"{label}: " if label and rng.random() < HEADED else ""
                texts.append(head + ", ".join([*history, last]))
    return texts


def documents(
    titles: Sequence[str], categories: Sequence[str | None], words: Words, rng: np.random.Generator
) -> list[str]:
    """One pass: every fact, and every title once more in a list."""
    return facts(titles, categories) + lists(shelves(titles, categories, rng), words, rng)


def tokenizer_texts(titles: Sequence[str], categories: Sequence[str | None], words: Words) -> list[str]:
    """What the tokeniser counts: each title as history of a prompt, so that both become few tokens, and the facts."""
    return [render([quoted(title)] * 2, words) for title in titles] + facts(titles, categories)
