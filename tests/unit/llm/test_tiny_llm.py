"""The demo's base model: its tokeniser encodes anything, its pre-training learns and is repeatable."""

import itertools
import math
import re
from dataclasses import replace

import pytest
import torch

from common.errors import SoftrecError
from softrec.core import seeds
from softrec.llm import tiny_llm
from softrec.llm.language_model import LanguageModel
from softrec.llm.prompts import Words, quoted, render
from softrec.llm.tiny_corpus import facts, labels, lists, shelves, tokenizer_texts
from softrec.llm.tiny_llm import TinySettings, blocks, pretrain, train_tokenizer

SAGAS = ("Ember", "Frost", "Gale", "Harbour")
TITLES = [f"{saga} {part}" for saga in SAGAS for part in range(1, 6)]
CATEGORIES = [title.split()[0].lower() for title in TITLES]
SETTINGS = TinySettings(300, 32, 1, 2, 128, 20, 8, 32, 2e-2, 7, Words("films", "film", "seen"))


def test_facts_say_what_is_known_of_each_item() -> None:
    """A title with its category; without one the bare title."""
    assert facts(["Ember 1", "Frost 2"], [None, "ice"]) == ["Ember 1", "Frost 2: ice"]


@pytest.mark.parametrize(
    ("title", "category", "expected"),
    [
        ("Ember 1 (1994)", "fire > saga", ["fire", "saga", "1994"]),
        ("Frost (1990) 2", "ice, cold", ["ice", "cold"]),
        ("Gale", None, [""]),
    ],
)
def test_labels_are_categories_and_the_year_at_the_end(title: str, category: str | None, expected: list[str]) -> None:
    """Labels are parted by ", " or by " > "; a year elsewhere in the title is none; nothing known is a label too."""
    assert labels(title, category) == expected


def test_every_title_stands_on_one_shelf_of_its_own_labels() -> None:
    """With one label each A and C share "ice". B has two labels: either shelf is met in 20 draws."""
    one = shelves(["A", "B", "C"], ["ice", "fire", "ice"], seeds.stream(1, "documents", 0))
    assert one == [("ice", ['"A"', '"C"']), ("fire", ['"B"'])]
    drawn = {shelves(["B"], ["fire, saga"], seeds.stream(1, "documents", i))[0][0] for i in range(20)}
    assert drawn == {"fire", "saga"}


def test_lists_have_every_title_once_with_others_of_its_shelf() -> None:
    """20 titles on 4 shelves of 5 are 4 lists: in a prompt, after the shelf's label, or bare; the stream decides."""
    shelved = shelves(TITLES, CATEGORIES, seeds.stream(1, "documents", 0))
    kinds = set()
    for epoch in range(20):
        texts = lists(shelved, SETTINGS.words, seeds.stream(1, "documents", epoch))
        assert texts == lists(shelved, SETTINGS.words, seeds.stream(1, "documents", epoch))
        assert len(texts) == 4
        for text, (label, shelf) in zip(texts, shelved, strict=True):
            assert sorted(re.findall('"[^"]+"', text)) == sorted(shelf)
            kinds.add("prompt" if "### Response:\n" in text else "headed" if text.startswith(f"{label}: ") else "bare")
    assert kinds == {"prompt", "headed", "bare"}


@pytest.mark.parametrize("text", ["", " ", "Ember 1", "Amélie – 東京 🎬", "a\n\tb  c", "\u200d\x00\x7f", "ﷺ" * 3])
def test_any_text_can_be_encoded(llm: LanguageModel, text: str) -> None:
    """Byte-level: letters that no title has, blanks, control characters and emoji come back as they were."""
    ids = llm.tokenizer.encode(text, add_special_tokens=False)
    assert llm.tokenizer.decode(ids, clean_up_tokenization_spaces=False) == text


def test_a_prompt_is_a_few_tokens() -> None:
    """Titles and the template's parts are whole tokens where the vocabulary has room.

    BOS apart, a prompt of three titles is preamble, quote, 3 titles with 2 separators between, quote, and "###
    Response:": 9 tokens.
    """
    settings = replace(SETTINGS, vocabulary=2000)
    tokenizer = train_tokenizer(tokenizer_texts(TITLES, CATEGORIES, settings.words), settings)
    prompt = render([quoted(title) for title in TITLES[:3]], settings.words)
    ids = tokenizer.encode(prompt, add_special_tokens=False)
    assert len(ids) == 9
    assert tokenizer.decode(ids, clean_up_tokenization_spaces=False) == prompt
    assert len({tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id}) == 3


def test_blocks_hold_every_document_between_bos_and_eos() -> None:
    """Two titles: a pass is two facts and a list of both. Cut at EOS, the first three texts of the stream are those."""
    tokenizer = train_tokenizer(["A 1", "B 2"], SETTINGS)
    stream = blocks(tokenizer, ["A 1", "B 2"], [None, "x"], replace(SETTINGS, batch_size=2, block=8))
    batches = list(itertools.islice(stream, 40))
    assert {tuple(batch.shape) for batch in batches} == {(2, 8)}
    text = tokenizer.decode(torch.cat([batch.flatten() for batch in batches]))
    first, second, third, fourth, *_ = text.split("</s>")
    assert all(part.startswith("<s>") for part in (first, second, third, fourth))
    passes = sorted(part.removeprefix("<s>") for part in (first, second, third, fourth))
    assert {"A 1", "B 2: x"} <= set(passes)
    assert sum(part.endswith('"A 1"') for part in passes) == sum(part.endswith('"B 2"') for part in passes) == 1


def loss_of(model: torch.nn.Module, tokenizer: object) -> float:
    """Mean loss of the quoted titles under a model."""
    with torch.no_grad():
        losses = []
        for title in TITLES:
            ids = torch.tensor([[tokenizer.bos_token_id, *tokenizer.encode(f'"{title}"', add_special_tokens=False)]])
            losses.append(model(input_ids=ids, labels=ids).loss.item())
    return sum(losses) / len(losses)


def test_pretraining_learns_the_catalogue_and_repeats_bit_for_bit() -> None:
    """A few steps on 20 titles bring the loss from about ln V (a uniform guess) to well below; twice is the same.

    The global generator is set to another state before the second run: weights come from their own stream.
    """
    torch.set_num_threads(1)
    torch.manual_seed(1)
    model, tokenizer = pretrain(TITLES, CATEGORIES, SETTINGS)
    torch.manual_seed(2)
    again, _ = pretrain(TITLES, CATEGORIES, SETTINGS)
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, again.get_parameter(name)), name
    untrained = tiny_llm.new_model(tokenizer, SETTINGS).eval()
    start = loss_of(untrained, tokenizer)
    assert start == pytest.approx(math.log(len(tokenizer)), abs=0.3)
    assert loss_of(model, tokenizer) < 0.7 * start
    assert not model.training


def test_a_loss_that_is_not_finite_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence gives the loss and the key to change."""
    original = tiny_llm.new_model

    def broken(*args: object) -> torch.nn.Module:
        model = original(*args)
        torch.nn.init.constant_(model.model.norm.weight, math.nan)
        return model

    monkeypatch.setattr(tiny_llm, "new_model", broken)
    with pytest.raises(SoftrecError, match="pre-training loss is nan") as caught:
        pretrain(TITLES, CATEGORIES, SETTINGS)
    assert caught.value.remedy is not None
    assert "learning_rate" in caught.value.remedy
