"""What differs between architectures of language models: scaled embeddings and capped logits (Gemma).

`common.model_types` lists the architectures that are tested.
"""

from typing import Any

import torch


def logits(model: Any, hidden: torch.Tensor) -> torch.Tensor:
    """Compute the (..., V) logits of (..., H) last hidden states as transformers' own forward pass does.

    Gemma 2 bounds them by a cap c: c tanh(x / c). V is up to 262,144 (Gemma 3).
    """
    found = model.lm_head(hidden)
    cap = getattr(model.config, "final_logit_softcapping", None)
    return found if cap is None else torch.tanh(found / cap) * cap


def embedding_scale(model: Any) -> float:
    """Return the factor of a model's token embeddings: the square root of the hidden size in Gemma, else 1."""
    return float(getattr(model.get_input_embeddings(), "scalar_embed_scale", 1.0))


def caps_attention(config: Any) -> bool:
    """Whether attention scores are capped (Gemma 2), which torch's own attention kernels cannot do."""
    return getattr(config, "attn_logit_softcapping", None) is not None
