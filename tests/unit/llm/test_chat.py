"""Chat templates: tokens around a prompt, derived by hand for three styles; the end of a reply; what is refused."""

from typing import Any

import numpy as np
import pytest
import torch
from datasets import Dataset
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from common.errors import SoftrecError
from random_models import random_model
from softrec.decoding.generation import GenerationSettings, generate
from softrec.decoding.recommender import Recommender, RecommenderSettings, wrap
from softrec.llm.backbones import llara
from softrec.llm.chat import read_chat_template
from softrec.llm.kernels import install
from softrec.llm.language_model import LanguageModel, LoraSettings, attach_lora, load_backbone
from softrec.llm.prompts import Words, render
from softrec.splits.samples import Items

TITLES = ["Ember 1", "Frost <|im_end|> 2", "Gale 3", "Harbour 4"]
ITEMS = Items(["", *TITLES], np.arange(-1, len(TITLES)), TITLES)
WORDS = Words("films", "film", "seen")
TURN = "{% for m in messages %}"
CHATML = (
    "{% if messages[0]['role'] != 'system' %}<|im_start|>system\nBe good.<|im_end|>\n{% endif %}" + TURN
    + "<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    + "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)  # fmt: skip
LLAMA = (
    "{{ bos_token }}{% if not date_string is defined %}{% set date_string = strftime_now('%d %b %Y') %}{% endif %}"
    "<|start_header_id|>system<|end_header_id|>\n\nToday: {{ date_string }}<|eot_id|>" + TURN
    + "<|start_header_id|>{{ m['role'] }}<|end_header_id|>\n\n{{ m['content'] | trim }}<|eot_id|>{% endfor %}"
    + "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)  # fmt: skip
GEMMA = (
    "{{ bos_token }}" + TURN + "<start_of_turn>{{ 'model' if m['role'] == 'assistant' else m['role'] }}\n"
    "{{ m['content'] | trim }}<end_of_turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)  # fmt: skip
# For each style: the template, the text before and after the message, whether it strips, and what ends a reply.
STYLES = {
    "chatml": (
        CHATML,
        "<|im_start|>system\nBe good.<|im_end|>\n<|im_start|>user\n",
        "<|im_end|>\n<|im_start|>assistant\n",
        False,
        "<|im_end|>",
    ),
    "llama": (
        LLAMA,
        "<s><|start_header_id|>system<|end_header_id|>\n\nToday: 26 Jul 2024<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\n",
        "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
        True,
        "<|eot_id|>",
    ),
    "gemma": (
        GEMMA,
        "<s><start_of_turn>user\n",
        "<end_of_turn>\n<start_of_turn>model\n",
        True,
        "<end_of_turn>",
    ),
}
SPECIAL = ["<|im_start|>", "<|im_end|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<start_of_turn>"]
each = pytest.mark.parametrize("style", sorted(STYLES))


def tokenizer_of(template: str | None, merges: tuple[tuple[str, str], ...] = ()) -> Any:
    """A tokeniser of bytes, with such merges: a token is a letter (Ġ is a blank, Ċ a line break) or a special token."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: i for i, letter in enumerate(["<pad>", "<s>", "</s>", *letters])}
    vocabulary |= {a + b: len(vocabulary) + i for i, (a, b) in enumerate(merges)}
    own = Tokenizer(models.BPE(vocab=vocabulary, merges=list(merges)))
    own.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    own.decoder = decoders.ByteLevel()
    made = PreTrainedTokenizerFast(tokenizer_object=own, bos_token="<s>", eos_token="</s>", pad_token="<pad>")
    made.add_special_tokens({"additional_special_tokens": [*SPECIAL, "<end_of_turn>"]})
    made.chat_template = template
    return made


def recommender(tokenizer: Any, backbone: str = "bigrec", most: int = 500, chat: bool = True) -> Recommender:
    """A random Qwen2 with this tokeniser, as a recommender with the chat template."""
    own = load_backbone(backbone)
    own.prepare(tokenizer)
    model = random_model("qwen2")
    install(model, "eager")
    settings = RecommenderSettings(
        backbone, "fp32", WORDS, most, GenerationSettings(2, 8, 4), "eager", chat_template=chat
    )
    return wrap(LanguageModel(model, tokenizer, own), ITEMS, settings)


def rows(*history: int) -> Dataset:
    """One row with such a history."""
    return Dataset.from_dict({"history": [list(history)], "target": [4]})


def written(tokenizer: Any, ids: list[int]) -> str:
    """The tokens' own texts, joined, with blanks and line breaks as such."""
    return "".join(tokenizer.convert_ids_to_tokens(ids)).replace("Ġ", " ").replace("Ċ", "\n")


@each
def test_the_template_stands_around_the_prompt(style: str) -> None:
    """The texts above, written out by hand, around the prompt; one BOS if the template has one, none besides."""
    template, before, after, strips, _ = STYLES[style]
    tokenizer = tokenizer_of(template)
    ids = recommender(tokenizer).prompts(rows(1, 3))[0]
    prompt = render(['"Ember 1"', '"Gale 3"'], WORDS)
    assert prompt.endswith("### Response:\n")
    assert written(tokenizer, ids) == before + (prompt.strip() if strips else prompt) + after
    assert ids.count(tokenizer.bos_token_id) == before.count("<s>")


@each
def test_tokens_are_those_of_the_tokenisers_own_function(style: str) -> None:
    """Merges across the borders of the message ("ĊB", ":Ċ") included, which separate encoding would miss."""
    tokenizer = tokenizer_of(STYLES[style][0], (("Ċ", "B"), (":", "Ċ")))
    message = [{"role": "user", "content": render(['"Ember 1"'], WORDS)}]
    options = {"date_string": "26 Jul 2024"}
    whole = tokenizer.apply_chat_template(message, add_generation_prompt=True, tokenize=True, **options)
    expected = list(whole["input_ids"] if hasattr(whole, "keys") else whole)
    assert recommender(tokenizer).prompts(rows(1))[0] == expected
    assert tokenizer.convert_tokens_to_ids("ĊB") in expected


@each
def test_a_reply_ends_as_the_template_ends_it(style: str) -> None:
    """A label's last token is the end of the turn, at which generation stops, as at EOS."""
    tokenizer = tokenizer_of(STYLES[style][0])
    asked = recommender(tokenizer)
    end = tokenizer.convert_tokens_to_ids(STYLES[style][-1])
    assert asked.labels(rows(1))[0] == [*tokenizer('"Harbour 4"')["input_ids"], end]
    assert asked.encoder.raw_response("x")[-1] == end
    assert asked.llm.ends == sorted({2, end})
    tuned = attach_lora(asked.llm, LoraSettings(4, 8, 0.0, ["q_proj"]), 1)
    assert tuned.ends == asked.llm.ends
    head = asked.llm.causal.lm_head
    head.weight.requires_grad_(requires_grad=False)
    state = asked.llm.causal.model(input_ids=torch.tensor([[1, 5]])).last_hidden_state[0, -1].detach()
    head.weight[end] = 100 * state  # now the most likely token after [1, 5]
    assert generate(asked.llm, [[1, 5]], GenerationSettings(1, 8, 1))[0] == ("", True)


def test_a_title_cannot_end_the_turn() -> None:
    """The text of a special token in a title is encoded as letters: the template's own are 3, in each place."""
    tokenizer = tokenizer_of(CHATML)
    ids = recommender(tokenizer).prompts(rows(2))[0]
    assert ids.count(tokenizer.convert_tokens_to_ids("<|im_end|>")) == 2
    assert "Frost <|im_end|> 2" in written(tokenizer, ids)


@each
def test_a_long_history_loses_titles_and_nothing_else(style: str) -> None:
    """With room for one title less, the oldest goes; the template stays whole, and so does the response."""
    template, before, after, *_ = STYLES[style]
    tokenizer = tokenizer_of(template)
    whole = recommender(tokenizer).prompts(rows(1, 3))[0]
    short = recommender(tokenizer, most=len(whole) - 1 + 8).prompts(rows(1, 3))[0]
    text = written(tokenizer, short)
    assert text.startswith(before)
    assert text.endswith(after)
    assert '"Gale 3"' in text
    assert "Ember" not in text
    assert short == recommender(tokenizer).prompts(rows(3))[0]


@each
def test_llaras_items_stand_in_the_template(style: str) -> None:
    """Each title is followed by its item, V + id, between the template's texts."""
    template, before, after, *_ = STYLES[style]
    tokenizer = tokenizer_of(template)
    asked = recommender(tokenizer, "llara")
    ids = asked.prompts(rows(1, 3))[0]
    start = llara.rows_of_embedding(asked.llm.causal)
    assert [i - start for i in ids if i >= start] == [1, 3]
    text = written(tokenizer, [i for i in ids if i < start])
    assert text.startswith(before)
    assert text.endswith(after)


def test_without_the_switch_nothing_changes() -> None:
    """BOS, the prompt, and EOS after a label, although the tokeniser has a template."""
    tokenizer = tokenizer_of(CHATML)
    asked = recommender(tokenizer, chat=False)
    assert written(tokenizer, asked.prompts(rows(1))[0]) == "<s>" + render(['"Ember 1"'], WORDS)
    assert asked.labels(rows(1))[0][-1] == tokenizer.eos_token_id
    assert asked.llm.ends == [2]


@pytest.mark.parametrize(
    ("template", "words"),
    [
        (None, "has no chat template"),
        ("{{ raise_exception('no') }}", r"cannot be rendered \(TemplateError: no\)"),
        ("{% for", "cannot be rendered"),
        ("{{ messages[0]['content'] | upper }}<|im_end|>", "writes a message 0 times"),
        ("{{ messages[0]['content'] }}{{ messages[0]['content'] }}<|im_end|>", "writes a message 2 times"),
        (CHATML.replace("m['content']", "m['content'] | replace('or', 'and')"), "changes the text of a message"),
        (CHATML.replace("m['content']", "strftime_now('%d') ~ m['content']"), "today's date"),
        (CHATML.replace("<|im_end|>\n{% endfor", "END{% endfor"), "ends a reply by 'END', not by a special token"),
    ],
)
def test_a_template_that_cannot_be_used_is_refused(template: str | None, words: str) -> None:
    """In one sentence, with the key that asked for it."""
    with pytest.raises(SoftrecError, match=words) as caught:
        read_chat_template(tokenizer_of(template))
    assert "llms.<name>.chat_template" in caught.value.remedy
