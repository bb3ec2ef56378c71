"""A small shop in the raw format of Amazon Reviews 2023, with a rule to learn and the faults of real files.

The rule: sagas have ten parts, and who buys part 3 mostly buys part 4 next. It can be read off titles ("Frost Saga 3:
Ashen Gate" -> "Frost Saga 4: ...") and off ids alike (TOY0012 -> TOY0013).
"""

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

NAMES = ["Ember &amp; Ash", "Frost", "Gale", "Harbour", "Iris", "Jade"]
FIRST = ["Ashen", "Broken", "Crimson", "Distant", "Endless", "Fallen", "Golden", "Hollow", "Iron", "Jagged"]
SECOND = ["Gate", "Harp", "Island", "Throne", "River", "Mirror"]
PARTS = 10  # of a saga
START = 1_600_000_000_000  # ms
HOUR = 3_600_000


class ToyShop(NamedTuple):
    """The two files, and what the 10-core of the shop is: sizes, and titles in the order of item numbers."""

    ratings: Path
    metadata: Path
    users: int
    items: int
    interactions: int
    titles: list[str]


def write_toy_shop(folder: Path, users: int = 60, items: int = 40, seed: int = 0) -> ToyShop:
    """Write `Toys.jsonl.gz` and `meta_Toys.jsonl.gz`; the same arguments give the same bytes.

    Besides the shop's core there are: exact repeats and later repeats of reviews, a popular item without a title, a
    popular one without metadata, visitors with three reviews, metadata without reviews, and entities, a tag and a
    newline in titles.
    """
    generator = np.random.default_rng(seed)
    bought: Counter[int] = Counter()
    reviews: list[dict[str, Any]] = []
    for user in range(users):
        basket = walk(generator, items, bought)
        start = START + int(generator.integers(0, 2000)) * HOUR
        reviews += [review(f"USER{user:03d}", f"TOY{j:04d}", start + n * HOUR) for n, j in enumerate(basket)]
        if user < 15:
            reviews.append(review(f"USER{user:03d}", "UNTITLED", start + HOUR // 2))
            reviews.append(review(f"USER{user:03d}", "UNLISTED", start + HOUR // 3))
    if min(bought[j] for j in range(items)) < 10:
        raise ValueError(f"{users} users are too few for each of {items} items to have 10 reviews")
    core = sum(bought.values())
    repeats = [dict(r) for r in reviews[::9]] + [dict(r, timestamp=r["timestamp"] + 500 * HOUR) for r in reviews[::14]]
    visits = [review(f"VISITOR{v}", f"TOY{(v + j) % items:04d}", START + j) for v in range(8) for j in range(3)]
    folder.mkdir(parents=True, exist_ok=True)
    every = reviews + repeats + visits
    shuffled = [every[i] for i in generator.permutation(len(every))]
    ratings = write_lines(folder / "Toys.jsonl.gz", shuffled)
    metadata = write_lines(folder / "meta_Toys.jsonl.gz", [*map(toy, range(items)), *oddities()])
    return ToyShop(ratings, metadata, users, items, core, [title(j).replace("&amp;", "&") for j in range(items)])


def walk(generator: np.random.Generator, items: int, bought: Counter[int]) -> list[int]:
    """12 to 18 different items: mostly the next part, now and then a jump to an item that sold least so far."""
    basket: list[int] = []
    for _ in range(int(generator.integers(12, 19))):
        step = basket[-1] + 1 if basket else items
        if step >= items or step in basket or generator.random() < 0.15:
            order = generator.permutation(items)
            step = int(min((j for j in order if j not in basket), key=lambda j: bought[int(j)]))
        basket.append(step)
        bought[step] += 1
    return basket


def title(item: int) -> str:
    """For example "Frost Saga 3: Ashen Gate"; no two items share one."""
    saga, part = divmod(item, PARTS)
    name = NAMES[saga % len(NAMES)]
    return f"{name} Saga {part + 1}: {FIRST[(part * 3 + saga) % len(FIRST)]} {SECOND[(part + saga) % len(SECOND)]}"


def toy(item: int) -> dict[str, Any]:
    """Metadata of one item; item 3's title is marked up, item 7's broken over two lines, item 5 has no categories."""
    text = {3: f"<b>{title(3)}</b>", 7: title(7).replace(": ", ":\n\t")}.get(item, title(item))
    saga = NAMES[item // PARTS % len(NAMES)]
    return {
        "main_category": "Toys",
        "title": text,
        "categories": [] if item == 5 else ["Toys", f"{saga} Saga"],
        "price": "from 12.99" if item % 2 else None,
        "details": {},
        "parent_asin": f"TOY{item:04d}",
    }


def oddities() -> list[dict[str, Any]]:
    """An item without a title, and one that nobody reviewed."""
    return [
        {"main_category": "Toys", "title": None, "categories": [], "parent_asin": "UNTITLED"},
        {"main_category": "Toys", "title": "Never Bought", "categories": ["Toys"], "parent_asin": "UNBOUGHT"},
    ]


def review(user: str, item: str, timestamp: int) -> dict[str, Any]:
    """A review as published; the title and the text are of the review, not of the item."""
    return {"rating": 5.0, "title": None, "text": None, "asin": item, "parent_asin": item, "user_id": user} | {
        "timestamp": timestamp
    }


def write_lines(path: Path, values: list[dict[str, Any]]) -> Path:
    """Write gzipped JSON lines without a time stamp in the header."""
    text = "".join(json.dumps(value) + "\n" for value in values)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
    return path
