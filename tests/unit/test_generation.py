"""Generation with a shared, prefilled prompt says what transformers' own generate says."""

import torch
from softrec.generation import GenerationSettings, decode, generate, pad_left
from softrec.language_model import LanguageModel
from transformers import GenerationConfig

PROMPTS = [[1, 20, 30, 40, 50, 60], [1, 25, 35], [1, 70, 80, 90, 33], [1, 44]]


def test_left_padding() -> None:
    """The shorter prompt gets its padding on the left."""
    ids, mask = pad_left([[1, 2, 3], [4]], pad_id=0)
    assert ids.tolist() == [[1, 2, 3], [0, 0, 4]]
    assert mask.tolist() == [[1, 1, 1], [0, 0, 1]]


def test_equals_plain_beam_search(llm: LanguageModel) -> None:
    """Each prompt alone, unpadded, through `model.generate` without a prefilled cache, gives the same text."""
    config = GenerationConfig(
        num_beams=4, do_sample=False, max_new_tokens=12, eos_token_id=llm.tokenizer.eos_token_id, pad_token_id=0
    )
    expected = []
    for prompt in PROMPTS:
        ids = torch.tensor([prompt])
        output = llm.causal.generate(ids, attention_mask=torch.ones_like(ids), generation_config=config)
        expected.append(decode(llm, output[0, len(prompt) :].tolist()))
    for batch_size in (1, 3):
        assert generate(llm, PROMPTS, GenerationSettings(4, 12, batch_size)) == expected


def test_decode_stops_at_the_end_of_the_text(llm: LanguageModel) -> None:
    """What follows EOS is dropped; without EOS the text is unfinished; EOS alone is an empty, finished text."""
    eos = llm.tokenizer.eos_token_id
    word = llm.tokenizer.encode("Ember", add_special_tokens=False)
    assert decode(llm, [*word, eos, *word]) == ("Ember", True)
    assert decode(llm, word) == ("Ember", False)
    assert decode(llm, [eos, eos]) == ("", True)
