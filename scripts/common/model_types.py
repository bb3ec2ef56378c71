"""Architectures of language models whose numbers are tested, by the `model_type` of config.json.

Branches, beam search, fused kernels and log-likelihoods are written for decoders of one kind: `model` and `lm_head`,
rotary positions, causal attention. For each type below, tests compare all of them with transformers' own results on a
random model. Another type might load and give wrong numbers (Granite, for one, divides its logits), so it is refused.
"""

from collections.abc import Mapping
from typing import Any

PROVEN = ("gemma", "gemma2", "gemma3_text", "llama", "mistral", "olmo2", "qwen2", "qwen3", "smollm3")
# The linear layers of each of their decoder layers; a test compares them with the models.
LINEAR = (
    "self_attn.q_proj",
    "self_attn.k_proj",
    "self_attn.v_proj",
    "self_attn.o_proj",
    "mlp.gate_proj",
    "mlp.up_proj",
    "mlp.down_proj",
)
REMEDY = f"use a model of the type {', '.join(PROVEN[:-1])} or {PROVEN[-1]}"


def problem(config: Mapping[str, Any]) -> str | None:
    """Return why the model of a config.json is refused, as a predicate of the file, or None."""
    kind = config.get("model_type")
    if kind not in PROVEN:
        return f"has the model_type {kind!r:.60}, which is not tested"
    if config.get("use_bidirectional_attention"):
        return "sets use_bidirectional_attention: the model encodes texts and generates none"
    return None
