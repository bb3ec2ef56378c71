"""Models of random weights in the shape of real ones, and where they are."""

from types import SimpleNamespace
from typing import Any

import torch

from softrec.llm.kernels import Kernels, install
from softrec.llm.language_model import LanguageModel, load_backbone

LLAMA_3B = {
    "vocab_size": 128256,
    "hidden_size": 3072,
    "intermediate_size": 8192,
    "num_hidden_layers": 28,
    "num_attention_heads": 24,
    "num_key_value_heads": 8,
    "head_dim": 128,
}
TINY = {**LLAMA_3B, "vocab_size": 1000, "hidden_size": 96, "intermediate_size": 128, "num_hidden_layers": 2}
TINY |= {"num_attention_heads": 6, "num_key_value_heads": 2, "head_dim": 16}
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def model(shape: dict[str, Any], kernels: Kernels) -> LanguageModel:
    """A model of random weights in bf16, without a tokeniser, made on the device."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(**shape, tie_word_embeddings=True, max_position_embeddings=4096)
    config._attn_implementation = "sdpa"
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    torch.manual_seed(1)
    try:
        with DEVICE:
            made = LlamaForCausalLM(config).eval()
    finally:
        torch.set_default_dtype(before)
    install(made, kernels)
    made.generation_config.eos_token_id = 2
    tokenizer = SimpleNamespace(pad_token_id=0, eos_token_id=2, decode=lambda ids, **_: " ".join(map(str, ids)))
    return LanguageModel(made, tokenizer, load_backbone("bigrec"))
