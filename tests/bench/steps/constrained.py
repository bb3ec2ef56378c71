"""Beam search constrained to the titles of MovieLens-100K beside free search, and the trie of a large catalogue."""

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import movies
import smollm2
from harness import Measured, MismatchError, Row, amount, median, versus

TITLE = "Constrained beam search: SmolLM2-135M in fp32, 4 beams, 16 prompts, ML-100K's titles"
SIDES = ["trie", "free", "build"]
PAIRS = 2
ROWS, BEAMS, BATCH, TOKENS = 16, 4, 16, 48
TITLES, WORDS = 61_528, 9  # of the catalogue whose trie is built: about 20 tokens a title


def prepare(folder: Path) -> None:
    """The model and real prompts."""
    smollm2.folder()
    movies.make()


def asked(folder: Path, side: str) -> Iterator[dict[str, float] | None]:
    """`generate_beams`, with or without a trie that is built before.

    The CPU time of the search alone, after prefill, are divided by its steps: one extension of the beams of one row.
    """
    from softrec.decoding import beam_search, generation
    from softrec.decoding.generation import generate_beams
    from softrec.decoding.title_trie import catalogue_trie

    found = movies.recommender(smollm2.folder(), "fp32", beams=BEAMS, max_new_tokens=TOKENS, batch_size=BATCH)
    prompts, steps, spent = movies.prompts(found, ROWS), [], []
    step, search = beam_search.BeamSearch.step, generation.search

    def counted(self: Any, *given: Any) -> Any:
        steps.append(len(self.row))
        return step(self, *given)

    def timed(*given: Any) -> Any:
        start = time.process_time()
        texts = search(*given)
        spent.append(time.process_time() - start)
        return texts

    beam_search.BeamSearch.step, generation.search = counted, timed  # type: ignore[method-assign, assignment]
    titles = found.items.distinct
    trie = catalogue_trie(titles, found.encoder, found.llm.ends, TOKENS) if side == "trie" else None
    yield None
    answers = generate_beams(found.llm, prompts, found.generation, trie=trie, most=BEAMS)
    yield {"steps": sum(steps), "search": sum(spent)}
    texts = [[beam.text for beam in own] for own in answers]
    (folder / f"{side}.json").write_text(json.dumps({"texts": texts, "titles": titles}))


def trie(folder: Path) -> Iterator[dict[str, float] | None]:
    """Only titles."""
    yield from asked(folder, "trie")


def free(folder: Path) -> Iterator[dict[str, float] | None]:
    """Any text of as many tokens."""
    yield from asked(folder, "free")


def build(folder: Path) -> Iterator[dict[str, float] | None]:
    """The trie of a catalogue of the size of the paper's largest, of titles made of the movies' words."""
    from softrec.decoding.title_trie import catalogue_trie

    found = movies.recommender(smollm2.folder(), "fp32", beams=BEAMS, max_new_tokens=TOKENS, batch_size=BATCH)
    words, draw = sorted({word for title in found.items.distinct for word in title.split()}), random.Random(1)
    titles = list({" ".join(draw.choices(words, k=WORDS)): 0 for _ in range(TITLES)})
    yield None
    made = catalogue_trie(titles, found.encoder, found.llm.ends, 400)
    yield {"edges": len(made.key), "bytes": made.key.nbytes + made.first.nbytes + made.of_node.nbytes}


def check(folder: Path, sides: list[str]) -> str:
    """Every constrained text is a title, and no row has one twice."""
    found = json.loads((folder / "trie.json").read_text())
    known = {f'"{title}"' for title in found["titles"]}
    for row, texts in enumerate(found["texts"]):
        if not set(texts) <= known or len(set(texts)) != len(texts):
            raise MismatchError(f"row {row}: {texts}")
    return f"{sum(map(len, found['texts']))} texts of {ROWS} rows are titles"


def rows(measured: Measured) -> list[Row]:
    """Time, time per decoding step, and the trie."""
    per_step = {
        side: [{**run, "cpu": run["search"] / run["steps"]} for run in measured[side]]
        for side in ("trie", "free")
        if measured.get(side)
    }
    made = measured["build"][0]
    size = f"{made['edges']:,.0f} edges, {made['bytes'] / 1e6:.1f} MB"
    return [
        *versus(measured, "free", ours="trie", name="free search, CPU time", of="cpu"),
        *versus(per_step, "free", ours="trie", name="a step of a row, CPU", of="cpu", at_most=1.2),
        Row(f"a trie of {TITLES:,} titles", amount(median(measured, "build", "cpu"), "cpu"), note=size),
    ]
