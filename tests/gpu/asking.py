"""The other tables of `speed.py`: beam search, embeddings, grounding, each beside what a user would take."""

import time
from typing import Any

import numpy as np
import torch

from measuring import measured
from shapes import DEVICE, model
from softrec.decoding.generation import GenerationSettings, generate
from softrec.evaluation.device_grounding import DeviceGrounding
from softrec.evaluation.grounding import Grounding, GroundingSettings
from softrec.llm.embeddings import last_states
from softrec.splits.seen_items import SeenItems

BEAMS, STEPS = 4, 24


def answering(shape: dict[str, Any], tiny: bool) -> None:
    """Beam search for 64 prompts of 220 tokens, of which 77 are common, by ours and by transformers' `generate`."""
    from transformers import GenerationConfig

    rows, length, common = (6, 30, 8) if tiny else (64, 220, 77)
    print(f"\n### {rows} prompts of {length} tokens, {BEAMS} beams, {STEPS} tokens at most\n")
    rng = np.random.default_rng(5)
    start = rng.integers(3, shape["vocab_size"], common).tolist()
    prompts = [[*start, *rng.integers(3, shape["vocab_size"], length - common).tolist()] for _ in range(rows)]
    texts = {}
    for kernels in ("eager", "fused"):
        llm = model(shape, kernels)
        settings = GenerationSettings(BEAMS, STEPS, rows)
        found = measured(DEVICE, lambda llm=llm, how=settings: generate(llm, prompts, how), warm=1, timed=3)
        texts[kernels] = [answer.text for answer in found.value]
        print(f"ours, {kernels}: {found.milliseconds / 1e3:.3f} s, {found.peak:.1f} GB", flush=True)
    llm = model(shape, "eager")
    how = GenerationConfig(num_beams=BEAMS, do_sample=False, max_new_tokens=STEPS, eos_token_id=2, pad_token_id=0)
    ids = torch.tensor(prompts, device=DEVICE)

    def peer() -> torch.Tensor:
        with torch.inference_mode():
            return llm.causal.generate(ids, attention_mask=torch.ones_like(ids), generation_config=how)

    theirs = measured(DEVICE, peer, warm=1, timed=3)
    said = [" ".join(str(t) for t in row[length:].tolist() if t not in (0, 2)) for row in theirs.value]
    for kernels, ours in texts.items():
        same = sum(a == b for a, b in zip(ours, said, strict=True))
        print(f"{kernels}: {same} of {rows} texts equal those of `generate` (bf16 rounds near ties either way)")
    print(
        f"transformers' generate: {theirs.milliseconds / 1e3:.3f} s, {theirs.peak:.1f} GB; foreseen 1.7 s, ours 0.55 s"
    )


def embedding(shape: dict[str, Any], tiny: bool) -> None:
    """Titles of 16 tokens, 64 or 512 at once."""
    titles = 100 if tiny else 5000
    print(f"\n### Embedding {titles:,} titles of 16 tokens\n")
    rng = np.random.default_rng(6)
    tokens = rng.integers(3, shape["vocab_size"], (titles, 16)).tolist()
    llm = model(shape, "fused")
    for size in (64, 512):
        with llm.inference():
            begun = time.perf_counter()
            for start in range(0, titles, size):
                last_states(llm, tokens[start : start + size])
        print(f"{size} at once: {time.perf_counter() - begun:.2f} s; foreseen 1.1 s", flush=True)


def grounding(shape: dict[str, Any], tiny: bool) -> None:
    """Texts against a catalogue of Kindle's size: (61,528, 3,072) titles, 756 MB; by numpy and on the device."""
    texts, count, width = (50, 3000, 64) if tiny else (1000, 61528, 3072)
    print(f"\n### Grounding {texts:,} texts among {count:,} titles of width {width:,}\n")
    rng = np.random.default_rng(7)
    titles = rng.standard_normal((count, width), dtype=np.float32) + 3
    target = rng.integers(0, count, texts)
    z = titles[target] + rng.standard_normal((texts, width), dtype=np.float32)
    rows = {"user": [1] * texts, "position": [1] * texts, "history": [[2]] * texts, "target": (target + 1).tolist()}
    seen = SeenItems(np.array([1]), np.array([2]))
    catalogue = (titles, np.arange(-1, count), seen, GroundingSettings("seen", 3))
    found = {}
    for name, ranker in (("numpy", Grounding(*catalogue)), ("device", DeviceGrounding(*catalogue, DEVICE))):
        one = measured(DEVICE, lambda ranker=ranker: ranker.rank(z, rows), warm=1, timed=3)
        found[name] = one.value
        print(f"{name}: {one.milliseconds / 1e3:.3f} s", flush=True)
    same = all(np.array_equal(a, b) for a, b in zip(found["numpy"], found["device"], strict=True))
    print(f"ranks equal: {same}; foreseen 1 to 1.5 s on 16 cores, 0.1 s on an H100")
    if not same:
        raise SystemExit("the ranks differ")
