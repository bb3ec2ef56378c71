"""Pre-training text of the demo's base model, made from the catalogue only, without user data."""

import re
from collections.abc import Sequence

import numpy as np

from softrec.llm.prompts import Words, quoted, render

LIST = 8  # titles in one list
PROMPTS = 0.25  # share of lists that are formatted as a whole prompt
HEADED = 0.7  # share of the other lists that begin with their label


def facts(titles: Sequence[str], categories: Sequence[str | None]) -> list[str]:
    """Make one line per item, `title: category`, so that the hidden state after a title encodes its category."""
    return [f"{title}: {category}" if category else title for title, category in zip(titles, categories, strict=True)]


def labels(title: str, category: str | None) -> list[str]:
    """Return the labels of a title: each label of its category, and the year in brackets at its end."""
    return [*re.split(", | > ", category or ""), *re.findall(r"\((\d{4})\)$", title)]


def shelves(
    titles: Sequence[str], categories: Sequence[str | None], rng: np.random.Generator
) -> list[tuple[str, list[str]]]:
    """Group quoted titles by label: each title is in one group, for a label drawn from its labels ("" is one too)."""
    by_label: dict[str, list[str]] = {}
    for title, category in zip(titles, categories, strict=True):
        known = labels(title, category)
        by_label.setdefault(known[rng.integers(len(known))], []).append(quoted(title))
    return list(by_label.items())


def lists(shelves: Sequence[tuple[str, list[str]]], words: Words, rng: np.random.Generator) -> list[str]:
    """Put each title once in a list of titles of its group, in random order: in a prompt, after a label, or bare.

    From these the model learns the prompt's wording, and that titles of a genre or year belong together, as a
    pre-trained LLM knows.
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
    """Make the documents of one pass: each line of `facts`, and each title once more in a list."""
    return facts(titles, categories) + lists(shelves(titles, categories, rng), words, rng)


def tokenizer_texts(titles: Sequence[str], categories: Sequence[str | None], words: Words) -> list[str]:
    """Make the training text of the tokeniser: each title in a prompt, so that both need few tokens, and the facts."""
    return [render([quoted(title)] * 2, words) for title in titles] + facts(titles, categories)
