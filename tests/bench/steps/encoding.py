"""Encoding of a catalogue's titles by SmolLM2-135M, in float32.

The titles are generated. Their lengths in words, log-normal with a median of six, and the share of items that have
another's title, 3 %, are those of the 16,859 video games of Amazon's reviews of 2018.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import smollm2
from harness import Measured, MismatchError, Row, median, versus

TITLE = "encoding of 768 titles, SmolLM2-135M, float32, 64 titles at once"
SIDES = ["ours", "padded"]
PAIRS = 3

ITEMS, COPIES, AT_ONCE = 768, 24, 64
TOLERANCE = 1e-4
WORDS = """The Last Legend of Super Pro Racing Ultimate Edition Controller Wireless Nintendo PlayStation Xbox Game Pack
Adventure World Star Wars Case Charger Battery Kingdom Dragon Quest Final Fantasy Collector's Limited Gaming Headset
with for and Black Deluxe Soccer Football NBA Dark Souls Chronicles Battle Island Mystery Night Shadow PC DVD Mac
Lego Batman Mario Kart Sonic Heroes Return City Tycoon Simulator Farming Hidden Object Cable Adapter USB Memory Card
Protective Silicone Skin Cover Stand Holder"""


def prepare(folder: Path) -> None:
    """Write titles.json, a title for each item; have the model at hand."""
    rng = np.random.default_rng(42)
    lengths = np.clip(np.exp(rng.normal(np.log(6), 0.58, ITEMS)).round().astype(int), 1, 60)
    titles = [" ".join(rng.choice(WORDS.split(), length)) for length in lengths]
    for copy, original in rng.choice(ITEMS, (COPIES, 2), replace=False):
        titles[copy] = titles[original]
    (folder / "titles.json").write_text(json.dumps(titles))
    smollm2.folder()


def ours(folder: Path) -> Iterator[dict[str, int] | None]:
    """What scripts/encode_titles.py does."""
    from softrec.llm import embeddings, language_model

    titles = json.loads((folder / "titles.json").read_text())
    llm = language_model.load(smollm2.folder(), "bigrec", "fp32")
    positions = counted(llm.causal.model)
    yield
    z = embeddings.embed(llm, titles, AT_ONCE)
    yield {"positions": sum(positions)}
    np.save(folder / "ours.npy", z)


def padded(folder: Path) -> Iterator[dict[str, int] | None]:
    """One title a row in the catalogue's order, padded to the longest of the batch, without the head over words."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    titles = json.loads((folder / "titles.json").read_text())
    tokenizer = AutoTokenizer.from_pretrained(smollm2.folder(), padding_side="right")
    model = AutoModel.from_pretrained(smollm2.folder(), dtype=torch.float32).eval()
    positions, parts = counted(model), []
    yield
    with torch.inference_mode():
        for start in range(0, ITEMS, AT_ONCE):
            texts = [tokenizer.bos_token + title for title in titles[start : start + AT_ONCE]]
            batch = tokenizer(texts, add_special_tokens=False, padding=True, return_tensors="pt")
            hidden = model(**batch).last_hidden_state
            parts.append(hidden[torch.arange(len(texts)), batch["attention_mask"].sum(1) - 1])
    z = torch.cat(parts).numpy()
    yield {"positions": sum(positions)}
    np.save(folder / "padded.npy", z)


def counted(model: Any) -> list[int]:
    """A list that grows, by each batch, by the positions that the model is run on."""
    found: list[int] = []
    model.register_forward_pre_hook(lambda _, __, given: found.append(given["input_ids"].numel()), with_kwargs=True)
    return found


def check(folder: Path, sides: list[str]) -> str:
    """Hold the embeddings of the two sides against each other."""
    z, other = np.load(folder / "ours.npy"), np.load(folder / "padded.npy")
    apart = (np.linalg.norm(z - other, axis=1) / np.linalg.norm(other, axis=1)).max()
    if apart > TOLERANCE:
        raise MismatchError(f"an embedding is {apart:.1e} of its length from the peer's, more than {TOLERANCE:.0e}")
    return f"{len(z)} embeddings, apart by at most {apart:.0e} of their length"


def rows(measured: Measured) -> list[Row]:
    """Time beside the peer, and the positions that each runs."""
    run = {side: int(median(measured, side, "positions")) for side in SIDES}
    note = f"positions run, padding included: {run['ours']:,} beside {run['padded']:,}"
    return [
        *versus(measured, "padded", name="padded to the longest", at_least=2, note=note),
        *versus(measured, "padded", name="its CPU time", of="cpu"),
    ]
