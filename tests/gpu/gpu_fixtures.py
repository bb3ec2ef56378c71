"""What the tests on a GPU share: the device, and a model of SmolLM2-135M's shape with few layers."""

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from softrec.llm.language_model import LanguageModel

DEVICE = torch.device(os.environ.get("SOFTREC_TEST_DEVICE", "cuda"))


@pytest.fixture(scope="session")
def device() -> torch.device:
    """A GPU; in a rehearsal the CPU."""
    return DEVICE


@pytest.fixture(scope="session")
def smol(new_llm: Callable[[], LanguageModel]) -> Callable[..., LanguageModel]:
    """A maker of equal models of SmolLM2-135M's shape, four layers of it, with random weights, on a device."""
    from transformers import LlamaConfig, LlamaForCausalLM

    heads = {"num_attention_heads": 9, "num_key_value_heads": 3}
    shape: dict[str, Any] = {"hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 4, **heads}
    config = LlamaConfig(vocab_size=49152, tie_word_embeddings=True, max_position_embeddings=2048, **shape)

    def make(device: torch.device, dtype: torch.dtype = torch.float32) -> LanguageModel:
        with torch.random.fork_rng():
            torch.manual_seed(11)
            model = LlamaForCausalLM(config)
        model.generation_config.eos_token_id = 2
        return replace(new_llm(), model=model.to(device, dtype).eval())

    return make
