"""Sizes of a language model by its config.json: parameters, and the matrices that LoRA may adapt."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

TIED = (
    "gemma",
    "gemma2",
    "gemma3_text",
    "smollm3",
)  # types whose output layer is the embedding unless config.json says no
HEAD_NORMS = ("qwen3", "gemma3_text")  # types that normalise each head's queries and keys
FOUR_NORMS = ("gemma2", "gemma3_text")  # types with norms after attention and MLP as well


class Shape(NamedTuple):
    """A decoder: its `model_type`, sizes, and what has biases or is tied."""

    kind: str
    width: int
    layers: int
    heads: int
    shared: int
    head: int
    inner: int
    vocabulary: int
    tied: bool
    biased: tuple[str, ...]

    @property
    def matrices(self) -> dict[str, tuple[int, int]]:
        """Inputs and outputs of the linear layers of a decoder layer, by name."""
        queries, keys = self.heads * self.head, self.shared * self.head
        return {
            "self_attn.q_proj": (self.width, queries),
            "self_attn.k_proj": (self.width, keys),
            "self_attn.v_proj": (self.width, keys),
            "self_attn.o_proj": (queries, self.width),
            "mlp.gate_proj": (self.width, self.inner),
            "mlp.up_proj": (self.width, self.inner),
            "mlp.down_proj": (self.inner, self.width),
        }

    @property
    def parameters(self) -> int:
        """Number of parameters; a tied output layer is counted once, as in transformers."""
        found = self.matrices
        layer = sum(n * m for n, m in found.values()) + sum(found[name][1] for name in self.biased)
        layer += self.width * (4 if self.kind in FOUR_NORMS else 2)
        if self.kind in HEAD_NORMS:
            layer += 2 * self.head
        if self.kind == "olmo2":
            layer += (self.heads + self.shared) * self.head
        return self.layers * layer + self.width + self.width * self.vocabulary * (1 if self.tied else 2)

    def adapted(self, targets: list[str] | str) -> int:
        """Return inputs plus outputs of all adapted matrices: LoRA of rank r has r times as many parameters."""
        every = [
            (f"model.layers.{i}.{name}", sum(size)) for i in range(self.layers) for name, size in self.matrices.items()
        ]
        if targets == ["all-linear"]:
            return sum(size for _, size in every)
        if isinstance(targets, str):
            return sum(size for name, size in every if re.fullmatch(targets, name))
        return sum(size for name, size in every if any(f".{name}".endswith(f".{target}") for target in targets))


def shape_in(folder: Path) -> Shape | None:
    """Read the shape of the model in a folder; None unless its config.json states all sizes."""
    try:
        return shape_of(json.loads((folder / "config.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError, TypeError, KeyError, AttributeError, ZeroDivisionError):
        return None  # whoever loads the model reports it


def shape_of(config: Mapping[str, Any]) -> Shape:
    """Read the shape in a config.json. Raises `KeyError` or `TypeError` if it lacks a size."""
    kind, heads, width = config["model_type"], config["num_attention_heads"], config["hidden_size"]
    attention: tuple[str, ...] = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
    biased = attention if kind == "qwen2" else ()
    if kind != "qwen2" and config.get("attention_bias"):
        biased = (*attention, "self_attn.o_proj")
    if config.get("mlp_bias"):
        biased += ("mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")
    tied = config.get("tie_word_embeddings")
    return Shape(
        kind,
        width,
        config["num_hidden_layers"],
        heads,
        config.get("num_key_value_heads") or heads,
        config.get("head_dim") or width // heads,
        config["intermediate_size"],
        config["vocab_size"],
        kind in TIED if tied is None else bool(tied),
        biased,
    )
