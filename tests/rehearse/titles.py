"""Made-up titles of realistic length, as they stand in JSON: entities, accents and escapes included."""

from itertools import pairwise

import numpy as np

from rehearse.shapes import Shape

SYLLABLES = [a + b for a in ("b", "br", "c", "d", "f", "gr", "h", "l", "m", "n", "p", "s", "st", "t", "v") for b in
             ("a", "e", "i", "o", "u", "ar", "en", "il", "on")]  # fmt: skip
WORDS = 6000
SMALL = ["the", "of", "and", "a", "in", "for", "to", "with", "-", "2", "3"]
MARKED = ["&amp;", "Caf\\u00e9", '\\"Big\\"', "Book", "(Season", "1)", "Edition", "II", "&#39;n&#39;", "na\\u00efve"]
SHARED = 0.015  # share of the core's items that take another's title: so twice as many share one


def vocabulary(chance: np.random.Generator) -> list[str]:
    """Words from the most frequent to the rarest: the small ones, then made-up ones among a few with marks."""
    parts = [chance.integers(0, len(SYLLABLES), WORDS) for _ in range(3)]
    longer = chance.random(WORDS) < 0.5
    made = ["".join(SYLLABLES[p[i]] for p in parts[: 2 + longer[i]]).capitalize() for i in range(WORDS)]
    return [*SMALL, *made[:40], *MARKED, *made[40:]]


def titles(chance: np.random.Generator, shape: Shape, count: int) -> list[str]:
    """`count` titles; the first `shape.items` of them, or all if they are fewer, are the core's: some share one."""
    words = vocabulary(chance)
    own = shape.title
    length = np.exp(np.log(own.median) + own.spread * chance.standard_normal(count))
    length = np.clip(np.round(length), 1, own.most).astype(np.int64)
    edges = np.concatenate([[0], np.cumsum(length)])
    drawn = (len(words) * chance.random(int(edges[-1])) ** 2.5).astype(np.int64).tolist()
    found = [" ".join([words[i] for i in drawn[a:b]]) for a, b in pairwise(edges.tolist())]
    core = min(shape.items, count)
    order = chance.permutation(core)[: 2 * round(SHARED * core)].tolist()
    for taker, giver in zip(order[::2], order[1::2], strict=True):
        found[taker] = found[giver]
    return found
