"""The prompt, its tokens, and what is dropped when it is too long."""

import pytest

from common.errors import SoftrecError
from softrec.llm.embeddings import embed
from softrec.llm.language_model import LanguageModel
from softrec.llm.prompts import Encoder, Words, extract_title, quoted, render

WORDS = Words("films", "film", "seen")


def encoder(llm: LanguageModel, limit: int) -> Encoder:
    """An encoder of quoted titles."""
    return Encoder(llm.tokenizer, WORDS, quoted, limit)


def test_the_prompt_to_the_letter() -> None:
    """The blanks that SOFT's authors train with: one after the preamble, a line of one after the history."""
    assert render(['"Ember 1"', '"Frost 2"'], WORDS).split("\n") == [
        "Below is an instruction that describes a task, paired with an input that provides further context. "
        "Write a response that appropriately completes the request. ",
        "",
        "### Instruction:",
        "Given a list of films the user has seen before, please recommend a new film that the user likes to the user.",
        "",
        "### Input:",
        'The user has seen the following films before: "Ember 1", "Frost 2"',
        " ",
        "",
        "### Response:",
        "",
    ]


def test_the_prompt_names_history_in_order() -> None:
    """Titles are quoted, joined by comma and blank, oldest first, and the response follows on a line of its own."""
    prompt = render(['"Ember 1"', '"Frost 2"'], WORDS)
    assert 'The user has seen the following films before: "Ember 1", "Frost 2"\n' in prompt
    assert "recommend a new film that the user likes" in prompt
    assert prompt.endswith("### Response:\n")


@pytest.mark.parametrize("text", ['"Ember 1"', ' "Ember 1" \n', "Ember 1", '"Ember 1'])
def test_the_title_that_a_text_says(text: str) -> None:
    """Quotes, blanks and newlines around a title are no part of it."""
    assert extract_title(text) == "Ember 1"


def test_label_is_quoted_and_ended(llm: LanguageModel) -> None:
    """The response's tokens decode to the quoted title, and EOS ends it."""
    tokens = encoder(llm, 500).response("Gale 4")
    assert tokens[-1] == llm.tokenizer.eos_token_id
    assert llm.tokenizer.decode(tokens[:-1]) == '"Gale 4"'


@pytest.mark.parametrize("title", ["{eos} Mug", "{eos}", "Mug {bos}{pad}", "a {eos}{eos} b"])
def test_a_title_that_spells_control_tokens_is_text(llm: LanguageModel, title: str) -> None:
    """EOS is the last token alone, and the title reads back whole; so in prompts, self-distilled data, embeddings."""
    names = {"eos": llm.tokenizer.eos_token, "bos": llm.tokenizer.bos_token, "pad": llm.tokenizer.pad_token}
    text = title.format(**names)
    tokens = encoder(llm, 500).response(text)
    special = set(llm.tokenizer.all_special_ids)
    assert [place for place, token in enumerate(tokens) if token in special] == [len(tokens) - 1]
    assert llm.tokenizer.decode(tokens[:-1]) == f'"{text}"'
    assert encoder(llm, 500).raw_response(text)[:-1] == llm.tokenizer.encode(text, split_special_tokens=True)
    prompt, _ = encoder(llm, 500).prompt([text])
    assert not special & set(prompt[1:])
    assert not (embed(llm, [text], 1) == embed(llm, [""], 1)).all()


def test_oldest_history_goes_first(llm: LanguageModel) -> None:
    """With room for one title less than there is, the first title goes and the rest stays in order."""
    titles = ["Ember 1", "Frost 2", "Gale 3"]
    whole, kept = encoder(llm, 500).prompt(titles)
    assert kept == 3
    shorter, kept = encoder(llm, len(whole) - 1).prompt(titles)
    assert kept == 2
    assert shorter == encoder(llm, 500).prompt(titles[1:])[0]


def test_a_prompt_that_fits_not_even_empty_is_refused(llm: LanguageModel) -> None:
    """Ten tokens hold no template; the sentence names the key."""
    with pytest.raises(SoftrecError, match="even without any history"):
        encoder(llm, 10).prompt(["Ember 1"])


def test_less_room_than_the_limit_counts(llm: LanguageModel) -> None:
    """The longer of the two limits does not matter. Without room for any title the prompt has none, and is given."""
    titles = ["Ember 1", "Frost 2"]
    whole, _ = encoder(llm, 500).prompt(titles)
    assert encoder(llm, 500).prompt(titles, len(whole)) == (whole, 2)
    assert encoder(llm, 500).prompt(titles, len(whole) - 1)[1] == 1
    assert encoder(llm, len(whole) - 1).prompt(titles, 500)[1] == 1
    assert encoder(llm, 500).prompt(titles, 3) == encoder(llm, 500).prompt([])


def test_prompts_are_tokenised_in_one_batch(llm: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same ids as one by one, of long and short histories and of none; only what is cut is tokenised again.

    The limit is a token short of the longest prompt, so that one of the three loses its oldest title.
    """
    histories = [["Ember 1", "Frost 2", "Gale 3"], ["Frost 2"], []]
    longest = len(encoder(llm, 500).prompt(histories[0])[0])
    expected = [encoder(llm, longest - 1).prompt(titles) for titles in histories]
    made, sizes = encoder(llm, longest - 1), []
    batch = made.batch
    monkeypatch.setattr(made, "batch", lambda texts: sizes.append(len(texts)) or batch(texts))
    assert made.prompts(histories) == expected
    assert [kept for _, kept in expected] == [2, 1, 0]
    assert sizes == [3, 1]
