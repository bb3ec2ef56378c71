"""Generation over shared prompts says what transformers' own generate says."""

from collections.abc import Callable

import pytest
import torch
from transformers import GenerationConfig

from softrec.decoding.generation import GenerationSettings, common_start, decode, generate, prefill
from softrec.llm.language_model import LanguageModel

PROMPTS = [[1, 20, 30, 40, 50, 60], [1, 25, 35], [1, 70, 80, 90, 33], [1, 44]]


def by_transformers(llm: LanguageModel, prompts: list[list[int]], settings: GenerationSettings) -> list[str]:
    """Each prompt alone, unpadded, through `model.generate`."""
    config = GenerationConfig(
        num_beams=settings.beams,
        do_sample=False,
        max_new_tokens=settings.max_new_tokens,
        length_penalty=settings.length_penalty,
        eos_token_id=llm.ends,
        pad_token_id=0,
    )
    answers = []
    for prompt in prompts:
        ids = torch.tensor([prompt])
        output = llm.causal.generate(ids, attention_mask=torch.ones_like(ids), generation_config=config)
        answers.append(decode(llm, output[0, len(prompt) :].tolist()))
    return answers


@pytest.mark.parametrize("beams", [1, 2, 4])
@pytest.mark.parametrize("length_penalty", [1.0, 0.0, -0.5, 2.0])
def test_equals_plain_beam_search(llm: LanguageModel, beams: int, length_penalty: float) -> None:
    """The same text as from `model.generate`, whatever the batch, with and without a common start of the prompts."""
    longer = [[1, 20, 30, *prompt] for prompt in PROMPTS]
    for prompts in (PROMPTS, longer):
        settings = GenerationSettings(beams, 12, 3, length_penalty)
        expected = by_transformers(llm, prompts, settings)
        for batch_size in (1, 3):
            assert generate(llm, prompts, GenerationSettings(beams, 12, batch_size, length_penalty)) == expected


def test_equals_plain_beam_search_where_texts_end(new_llm: Callable[[], LanguageModel]) -> None:
    """The same where rows end at different steps, and so leave the batch one after another.

    60 of 400 tokens end a text. Scores are log-likelihoods, of which a long text has more to lose, so texts end early.
    """
    llm = new_llm()
    llm.causal.generation_config.eos_token_id = list(range(100, 160))
    prompts = [[1, 20, 30, number] for number in range(40, 60)]
    settings = GenerationSettings(4, 12, 8, length_penalty=0.0)
    expected = by_transformers(llm, prompts, settings)
    lengths = {len(llm.tokenizer.encode(answer.text)) for answer in expected if answer.finished}
    assert len(lengths) > 1
    assert generate(llm, prompts, settings) == expected


def test_prompts_are_run_as_without_padding_and_without_a_common_start(llm: LanguageModel) -> None:
    """The state of a prompt's last token is the model's own, whether its start was run with it or before it."""
    with llm.inference():
        start = prefill(llm, [PROMPTS[0][:3]])
        rests = [[40, 50, 60], [7]]
        found = prefill(llm, rests, start.cache)
        for row, rest in enumerate(rests):
            ids = torch.tensor([PROMPTS[0][:3] + rest])
            expected = llm.causal.model(input_ids=ids).last_hidden_state[0, -1]
            torch.testing.assert_close(found.last[row], expected, atol=1e-6, rtol=0)
    assert found.length.tolist() == [6, 4]
    assert found.visible.sum(1).tolist() == [6, 4]


def test_common_start_leaves_each_prompt_a_token() -> None:
    """What all share, but never a whole prompt; nothing of no prompts."""
    assert common_start([[1, 2, 3, 4], [1, 2, 5], [1, 2, 3, 9]]) == [1, 2]
    assert common_start([[1, 2], [1, 2, 3]]) == [1]
    assert common_start([[1, 2, 3]]) == [1, 2]
    assert common_start([[1, 2], [2, 2]]) == []
    assert common_start([]) == []


def test_decode_stops_at_the_end_of_the_text(llm: LanguageModel) -> None:
    """What follows EOS is dropped; without EOS the text is unfinished; EOS alone is an empty, finished text."""
    eos = llm.tokenizer.eos_token_id
    word = llm.tokenizer.encode("Ember", add_special_tokens=False)
    assert decode(llm, [*word, eos, *word]) == ("Ember", True)
    assert decode(llm, word) == ("Ember", False)
    assert decode(llm, [eos, eos]) == ("", True)
