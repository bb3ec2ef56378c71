"""Small random language models of each tested architecture, built from transformers' configuration classes."""

from collections.abc import Callable
from typing import Any

import torch
from transformers import AutoModelForCausalLM
from transformers.models.auto import CONFIG_MAPPING

from softrec.llm.kernels import Kernels, install
from softrec.llm.language_model import LanguageModel, load_backbone

SIZES = {
    "vocab_size": 400,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
# What is peculiar to each: heads whose widths do not sum to the hidden size, tied output layers, caps that bite, and
# a window that is shorter than a prompt with all of its beams.
ALTERNATING = ["sliding_attention", "full_attention", "sliding_attention"]
GEMMA = {"head_dim": 16, "query_pre_attn_scalar": 20, "sliding_window": 24, "layer_types": ALTERNATING}
OWN: dict[str, dict[str, Any]] = {
    "gemma": {"head_dim": 16},
    "gemma2": {**GEMMA, "attn_logit_softcapping": 1.0, "final_logit_softcapping": 4.0},
    "gemma3_text": GEMMA,
    "llama": {"tie_word_embeddings": True},
    "mistral": {"head_dim": 16, "sliding_window": 24},
    "olmo2": {},
    "qwen2": {"tie_word_embeddings": True},
    "qwen3": {"head_dim": 16},
    "smollm3": {"no_rope_layers": [1, 0, 1]},
}
ARCHITECTURES = sorted(OWN)


def config_of(kind: str, **changed: Any) -> Any:
    """A small configuration of a `model_type`."""
    return CONFIG_MAPPING[kind](**{**SIZES, **OWN[kind], **changed})


def random_model(kind: str, attention: str = "eager", **changed: Any) -> Any:
    """A model of transformers with seeded weights, biases and norms included, that computes attention by itself.

    Weights are large (a deviation of 0.2), so that attention is not uniform and caps and biases change results.
    """
    config = config_of(kind, **changed)
    with torch.random.fork_rng():
        torch.manual_seed(7)
        model = AutoModelForCausalLM.from_config(config, attn_implementation=attention).eval()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.normal_(0, 0.2) if parameter.ndim > 1 else parameter.add_(0.3 * torch.randn_like(parameter))
    return model


def maker(
    kind: str, tokenizer: Any, kernels: Kernels = "eager", backbone: str = "bigrec"
) -> Callable[[], LanguageModel]:
    """A maker of equal language models of an architecture as `load` makes them, with kernels installed."""

    def make() -> LanguageModel:
        model = random_model(kind)
        install(model, kernels)
        return LanguageModel(model, tokenizer, load_backbone(backbone))

    return make
