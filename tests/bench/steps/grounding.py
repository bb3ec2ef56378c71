"""Grounding of 1,000 texts among 61,528 titles of 3,072 dimensions, the catalogue of the paper's largest data set.

The embeddings are generated as those of language models are: a large common part, three dimensions that dominate,
clusters, and 200 titles that equal others exactly.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from harness import Measured, MismatchError, Row, amount, median, versus
from softrec.splits import seen_items

TITLE = "grounding, 1,000 texts x 61,528 titles x 3,072 dimensions"
SIDES = ["ours", "cdist", "product"]
PAIRS = 3

TITLES, TEXTS, WIDTH, CLUSTERS, COPIES, BLOCK = 61_528, 1_000, 3_072, 2_000, 200, 4_096
DIRECT = 128  # texts whose distances are computed by differences as well
MOVED = 200  # ranks of 61,528 that float32 may move the peer's by, where distances are dense
TIE_SEED = 42
INPUTS = f"inputs: {4 * (TITLES + TEXTS) * WIDTH / 2**20:,.0f} MiB"


def prepare(folder: Path) -> None:
    """Write titles.npy and texts.npy, float32, and target.npy.

    A text lies between its target and another title, nearer to that one: ranks are spread over the whole catalogue.
    The last COPIES titles equal the first; a tenth of the texts have one of those as target.
    """
    rng = np.random.default_rng(42)
    common = rng.normal(0, 2, WIDTH).astype(np.float32)
    common[[7, 1_000, 2_500]] = [300, -200, 150]
    centres = rng.standard_normal((CLUSTERS, WIDTH), np.float32)
    titles = np.lib.format.open_memmap(folder / "titles.npy", "w+", np.float32, (TITLES, WIDTH))
    for start in range(0, TITLES, BLOCK):
        block = titles[start : start + BLOCK]
        block[:] = common + centres[rng.integers(0, CLUSTERS, len(block))]
        block += 0.5 * rng.standard_normal(block.shape, np.float32)
    titles[-COPIES:] = titles[:COPIES]
    target = rng.integers(0, TITLES, TEXTS)
    target[::10] = rng.integers(0, COPIES, len(target[::10]))
    weight = 10 ** rng.uniform(-3, 0, (TEXTS, 1)).astype(np.float32)
    np.save(folder / "texts.npy", weight * titles[target] + (1 - weight) * titles[rng.integers(0, TITLES, TEXTS)])
    np.save(folder / "target.npy", target)


def ours(folder: Path) -> Iterator[None]:
    """What scripts/ground_predictions.py does once its files are read; without a mask, as the peer has none."""
    from softrec.evaluation import grounding
    from softrec.io import arrays

    titles = arrays.read_array(folder / "titles.npy", "float32", (TITLES, WIDTH))
    texts = arrays.read_array(folder / "texts.npy", "float32", (TEXTS, WIDTH))
    target = arrays.read_array(folder / "target.npy", "int64", (TEXTS,))
    seen = seen_items.SeenItems(np.array([0]), np.array([1]))
    rows = {"user": [0] * TEXTS, "position": [0] * TEXTS, "history": [[]] * TEXTS, "target": (target + 1).tolist()}
    yield
    ranker = grounding.Grounding(titles, np.arange(-1, TITLES), seen, grounding.GroundingSettings("none", TIE_SEED))
    ranks = ranker.rank(texts, rows)
    yield
    np.save(folder / "ours.npy", ranks.rank)


def cdist(folder: Path) -> Iterator[None]:
    """The way of BIGRec's evaluation: all distances in float32, sorted, and sorted again."""
    import torch

    titles, texts = (torch.from_numpy(np.load(folder / f"{name}.npy")) for name in ("titles", "texts"))
    target = np.load(folder / "target.npy")
    yield
    ranks = torch.cdist(texts, titles, p=2).argsort(dim=-1).argsort(dim=-1)
    rank = ranks[torch.arange(TEXTS), torch.from_numpy(target)]
    yield
    np.save(folder / "cdist.npy", rank.numpy())


def product(folder: Path) -> Iterator[None]:
    """The floor: a float64 product of these shapes, and nothing else."""
    texts = np.load(folder / "texts.npy").astype(np.float64)
    titles = np.load(folder / "titles.npy", mmap_mode="r")[:BLOCK].astype(np.float64)
    yield
    for start in range(0, TITLES, BLOCK):
        texts @ titles[: TITLES - start].T
    yield


def check(folder: Path, sides: list[str]) -> str:
    """Hold our ranks against brute force, in float64 without blocks of our code; count what the peer moves."""
    rank, target = np.load(folder / "ours.npy"), np.load(folder / "target.npy")
    for name, texts, expected in (("expansion", TEXTS, expanded(folder)), ("differences", DIRECT, direct(folder))):
        if wrong := int((rank[:texts] != expected + earlier(target[:texts])).sum()):
            raise MismatchError(f"{wrong} of {texts} ranks are not those of brute force by {name}")
    moved = np.abs(rank - np.load(folder / "cdist.npy"))
    if moved.max() > MOVED:
        raise MismatchError(f"a rank of the peer is {moved.max()} from ours: it does not rank by the same distance")
    return (
        f"our {TEXTS:,} ranks are those of brute force (float64 expansion; of {DIRECT} differences too); the peer's "
        f"float32 moves {np.count_nonzero(moved)}, by at most {moved.max()}; median rank {np.median(rank):,.0f}"
    )


def equal() -> np.ndarray:
    """(TITLES,) the number of the title that equals each: itself, if there is no other."""
    number = np.arange(TITLES)
    return np.concatenate([number[-COPIES:], number[COPIES:-COPIES], number[:COPIES]])


def earlier(target: np.ndarray) -> np.ndarray:
    """Per text: does the title that equals the target come before it in the order that breaks ties?"""
    from softrec.core import seeds

    order = seeds.stream(TIE_SEED, "ties").permutation(TITLES)
    return order[equal()[target]] < order[target]


def expanded(folder: Path) -> np.ndarray:
    """(TEXTS,) how many titles are nearer, by || z_i ||^2 - 2 z z_i in float64 about the first title."""
    titles, target = np.load(folder / "titles.npy", mmap_mode="r"), np.load(folder / "target.npy")
    texts = np.load(folder / "texts.npy") - titles[0].astype(np.float64)
    cost = np.empty((TEXTS, TITLES))
    for start in range(0, TITLES, BLOCK):
        block = titles[start : start + BLOCK] - titles[0].astype(np.float64)
        cost[:, start : start + BLOCK] = (block**2).sum(axis=1) - 2 * texts @ block.T
    return nearer(cost, target)


def direct(folder: Path) -> np.ndarray:
    """(DIRECT,) the same by sum (z - z_i)^2, one text at a time."""
    titles, target = np.load(folder / "titles.npy", mmap_mode="r"), np.load(folder / "target.npy")
    texts = np.load(folder / "texts.npy")[:DIRECT].astype(np.float64)
    cost = np.empty((DIRECT, TITLES))
    for start in range(0, TITLES, BLOCK):
        block = titles[start : start + BLOCK].astype(np.float64)
        for row, text in enumerate(texts):
            difference = block - text
            cost[row, start : start + BLOCK] = np.einsum("nd,nd->n", difference, difference)
    return nearer(cost, target[:DIRECT])


def nearer(cost: np.ndarray, target: np.ndarray) -> np.ndarray:
    """How many titles cost less than the target, without the one that equals it."""
    texts = np.arange(len(target))
    own = cost[texts, target]
    cost[texts, equal()[target]] = np.inf
    return (cost < own[:, None]).sum(axis=1)


def rows(measured: Measured) -> list[Row]:
    """Time and memory beside the peer."""
    floor = amount(median(measured, "product", "seconds"), "seconds")
    return [
        *versus(measured, "cdist", name="cdist, two argsorts", at_most=1.0, floor=floor),
        *versus(measured, "cdist", name="its CPU time", of="cpu"),
        *versus(measured, "cdist", name="its peak memory", of="peak", at_most=0.5, note=INPUTS),
    ]
