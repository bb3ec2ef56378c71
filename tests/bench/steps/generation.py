"""Beam search, four beams: ours beside transformers' `generate`, as the authors' code calls it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import movies
import smollm2
from harness import Measured, MismatchError, Row, versus

TITLE = "Beam search: SmolLM2-135M in fp32, 4 beams, 16 prompts, 16 new tokens"
SIDES = ["ours", "transformers"]
PAIRS = 3
ROWS, BEAMS, TOKENS, BATCH = 16, 4, 16, 16


def prepare(folder: Path) -> None:
    """The model and real prompts."""
    smollm2.folder()
    movies.make()


def ready() -> tuple[Any, list[list[int]]]:
    """The model in memory and the prompts."""
    found = movies.recommender(smollm2.folder(), "fp32", beams=BEAMS, max_new_tokens=TOKENS, batch_size=BATCH)
    return found, movies.prompts(found, ROWS)


def ours(folder: Path) -> Iterator[None]:
    """`softrec.decoding.generation.generate`."""
    from softrec.decoding.generation import generate

    found, prompts = ready()
    yield
    answers = generate(found.llm, prompts, found.generation)
    yield
    (folder / "ours.json").write_text(json.dumps([answer.text for answer in answers]))


def transformers(folder: Path) -> Iterator[None]:
    """`generate` on batches in the order of the rows, padded on the left."""
    import torch
    from transformers import GenerationConfig

    found, prompts = ready()
    tokenizer, model = found.llm.tokenizer, found.llm.causal
    tokenizer.pad_token_id, tokenizer.padding_side = found.llm.pad_id, "left"
    config = GenerationConfig(
        num_beams=BEAMS,
        do_sample=False,
        max_new_tokens=TOKENS,
        eos_token_id=found.llm.ends,
        pad_token_id=found.llm.pad_id,
    )
    yield
    texts = []
    with torch.inference_mode():
        for start in range(0, ROWS, BATCH):
            batch = tokenizer.pad({"input_ids": prompts[start : start + BATCH]}, return_tensors="pt")
            output = model.generate(**batch, generation_config=config)
            texts += tokenizer.batch_decode(output[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)
    yield
    (folder / "transformers.json").write_text(json.dumps(texts))


def check(folder: Path, sides: list[str]) -> str:
    """Every text must be the same."""
    found = [json.loads((folder / f"{side}.json").read_text()) for side in sides]
    for row, texts in enumerate(zip(*found, strict=True)):
        if len(set(texts)) > 1:
            raise MismatchError(f"row {row}: {texts}")
    return f"{ROWS} of {ROWS} texts, {len(set(found[0]))} of them distinct"


def rows(measured: Measured) -> list[Row]:
    """Time."""
    return versus(measured, "transformers", at_least=1.5)
