"""Switches that change results: by how much, on SmolLM2-135M as it comes and real prompts."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import movies
import smollm2
from harness import Measured, Row

TITLE = "What switches change: SmolLM2-135M, prompts of MovieLens-100K"
SIDES = ["ours"]
PAIRS = 1
TEXTS, LABELS = 32, 16
SEARCH = {"beams": 4, "max_new_tokens": 16, "batch_size": TEXTS}
DROPOUT = 0.05


def prepare(folder: Path) -> None:
    """The model and real prompts."""
    smollm2.folder()
    movies.make()


def ours(folder: Path) -> Iterator[dict[str, float] | None]:
    """Texts and gradients with a switch one way and the other."""
    precise, rounded = (movies.recommender(smollm2.folder(), precision, **SEARCH) for precision in ("fp32", "bf16"))
    prompts = movies.prompts(precise, TEXTS)
    yield None
    by = {
        name: texts(found, prompts, **changed)
        for name, found, changed in (
            ("fp32", precise, {}),
            ("bf16", rounded, {}),
            ("fp32 in small batches", precise, {"batch_size": 4}),
            ("bf16 in small batches", rounded, {"batch_size": 4}),
            ("greedy", precise, {"beams": 1}),
        )
    }
    same = {
        "bf16": alike(by["fp32"], by["bf16"]),
        "batch_size_fp32": alike(by["fp32"], by["fp32 in small batches"]),
        "batch_size_bf16": alike(by["bf16"], by["bf16 in small batches"]),
        "beams": alike(by["fp32"], by["greedy"]),
    }
    yield {**same, **gradients(precise, prompts[:LABELS])}


def texts(found: Any, prompts: list[list[int]], **changed: int) -> list[str]:
    """What the model says."""
    from softrec.decoding.generation import generate

    return [answer.text for answer in generate(found.llm, prompts, replace(found.generation, **changed))]


def alike(a: Sequence[str], b: Sequence[str]) -> int:
    """How many texts are the same."""
    return sum(one == other for one, other in zip(a, b, strict=True))


def gradients(found: Any, prompts: list[list[int]]) -> dict[str, float]:
    """How far the gradient of L_SOFT at tau = 1/2 moves, as a share of its length."""
    import torch

    from softrec.llm.branches import Row as Prompt
    from softrec.llm.branches import collate
    from softrec.llm.language_model import LoraSettings, attach_lora
    from softrec.llm.log_likelihood import ResponseLikelihood
    from softrec.splits import samples
    from softrec.tuning import losses

    labels = found.labels(samples.load_rows(movies.SAMPLE, found.items.count).select(range(2 * LABELS)))
    # A title that says more than the other, as self-distilled ones do, stands in for yhat.
    kinds = {"y": labels[:LABELS], "yhat": [a[:-1] + b for a, b in zip(labels[LABELS:], labels[:LABELS], strict=True)]}
    llm = attach_lora(found.llm, LoraSettings(8, 16, DROPOUT, ["q_proj", "v_proj"]), 1)
    llm.model.train()
    module = ResponseLikelihood(llm.model, llm.backbone)
    trained = [p for p in module.parameters() if p.requires_grad]
    torch.manual_seed(0)
    for parameter in trained:  # B is zero at the start, and A has no gradient then
        parameter.data.add_(torch.randn_like(parameter), alpha=0.02)

    def gradient(seed: int, share: bool = True, size: int = 8, reduction: losses.Reduction = "mean") -> Any:
        torch.manual_seed(seed)
        n = {k: losses.denominator(sum(map(len, v)), reduction) for k, v in kinds.items()}
        for start in range(0, LABELS, size):
            rows = [Prompt(prompts[i], [(k, kinds[k][i]) for k in kinds]) for i in range(start, start + size)]
            likelihood = module(collate(rows, llm.pad_id, share)).view(-1, 2)
            losses.soft(likelihood[:, 0], likelihood[:, 1], n["y"], n["yhat"], 0.5).backward()
        whole = torch.cat([p.grad.flatten() for p in trained])
        module.zero_grad()
        return whole / whole.norm()

    drawn = gradient(1)
    return {
        "dropout_drawn_anew": float((gradient(2) - drawn).norm()),
        "share_prompt": float((gradient(1, share=False) - drawn).norm()),
        "micro_batch_size": float((gradient(1, size=4) - drawn).norm()),
        "loss_reduction": float((gradient(1, reduction="sum") - drawn).norm()),
    }


def check(folder: Path, sides: list[str]) -> str:
    """Nothing is to be the same."""
    return ""


def rows(measured: Measured) -> list[Row]:
    """One line a switch."""
    (found,) = measured["ours"]
    counts = {
        "bf16, not fp32": "bf16",
        "batches of 4, fp32": "batch_size_fp32",
        "batches of 4, bf16": "batch_size_bf16",
        "greedy, not 4 beams": "beams",
    }
    shares = {
        "dropout drawn anew": "dropout_drawn_anew",
        "prompt not shared": "share_prompt",
        "micro batch 4, not 8": "micro_batch_size",
        "loss: sum, not mean": "loss_reduction",
    }
    return [Row(name, note=f"{found[key]:.0f} of {TEXTS} texts are the same") for name, key in counts.items()] + [
        Row(name, note=f"the gradient's direction moves by {found[key]:.3f} of its length")
        for name, key in shares.items()
    ]
