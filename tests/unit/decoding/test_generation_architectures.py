"""Beam search with each tested architecture says what transformers' own generate says, by eager attention."""

from typing import Any

import pytest
import torch
from transformers import GenerationConfig

from random_models import ARCHITECTURES, maker, random_model
from softrec.decoding.generation import GenerationSettings, decode, generate
from softrec.llm.language_model import LanguageModel

# Up to 9 tokens, and 12 more: within the window of 24 of some models, which a prompt with four beams exceeds.
PROMPTS = [[1, 20, 30, 40, 50, 60, 70, 80, 90], [1, 20, 30], [1, 20, 80, 90, 33], [1, 44]]


@pytest.mark.parametrize("kind", ARCHITECTURES)
@pytest.mark.parametrize("kernels", ["eager", "fused"])
def test_equals_plain_beam_search(kind: str, kernels: Any, llm: LanguageModel) -> None:
    """With and without a common start of the prompts, and with texts that end at different steps."""
    ours, plain = maker(kind, llm.tokenizer, kernels)(), random_model(kind)
    ours.causal.generation_config.eos_token_id = ends = list(range(100, 130))
    config = GenerationConfig(
        num_beams=4, do_sample=False, max_new_tokens=12, length_penalty=0.0, eos_token_id=[2, *ends], pad_token_id=0
    )
    expected = []
    for prompt in PROMPTS:
        ids = torch.tensor([prompt])
        output = plain.generate(ids, attention_mask=torch.ones_like(ids), generation_config=config)
        expected.append(decode(ours, output[0, len(prompt) :].tolist()))
    settings = GenerationSettings(4, 12, 4, length_penalty=0.0)
    assert generate(ours, PROMPTS, settings) == expected
    assert generate(ours, PROMPTS[:3], settings) == expected[:3]
    assert len({answer.text for answer in expected}) > 1
