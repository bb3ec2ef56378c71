"""A prompt and its own responses fit into the model's context together: old history goes, a label never does."""

import copy
import re

import numpy as np
import pytest
from datasets import Dataset

from common.errors import SoftrecError
from softrec.decoding.generation import GenerationSettings
from softrec.decoding.recommender import Recommender, RecommenderSettings, wrap
from softrec.llm.backbones import llara
from softrec.llm.language_model import LanguageModel
from softrec.llm.prompts import Words, check_context
from softrec.splits.samples import Items

TITLES = ["Ember 1", "Frost 2", "Gale 3", "Harbour 4"]
ITEMS = Items(["", *TITLES], np.arange(-1, len(TITLES)), TITLES)
TRAIN = Dataset.from_dict({"history": [[1, 2, 3], [1, 2, 3], [3]], "target": [4, 4, 4]})
CONTEXT = 512  # of the tiny model


def recommender(llm: LanguageModel, backbone: str = "bigrec") -> Recommender:
    """A recommender whose prompts alone may fill the context but for the 8 tokens that it generates."""
    settings = RecommenderSettings(
        backbone, "fp32", Words("films", "film", "seen"), CONTEXT, GenerationSettings(2, 8, 4)
    )
    return wrap(llm, ITEMS, settings)


def label(tokens: int) -> list[int]:
    """A response of so many tokens."""
    return [80] * (tokens - 1) + [2]


def test_each_row_is_held_against_its_own_responses() -> None:
    """Of 6 + 2 and 2 + 6 tokens neither needs more than 8; the longest prompt and the longest label would need 12."""
    check_context([[0] * 6, [0] * 2], [2, 6], context=8)
    with pytest.raises(
        SoftrecError, match="row 1 needs 8 tokens, 2 for its prompt and 6 for its longest response"
    ) as e:
        check_context([[0] * 6, [0] * 2], [1, 6], context=7)
    assert "context is 7" in e.value.what


def test_a_row_with_a_long_label_loses_its_oldest_titles(
    llm: LanguageModel, capsys: pytest.CaptureFixture[str]
) -> None:
    """Row 0 has a label of 2 tokens and keeps three titles.

    Row 1 has a label that leaves room for all tokens of its prompt but one, so the oldest title goes; its other
    response, a short one, changes nothing.
    """
    asked = recommender(llm)
    whole = asked.prompts(TRAIN)
    assert whole[0] == whole[1]
    responses = {"y": [label(2), label(CONTEXT - len(whole[1]) + 1), label(2)], "yhat": [label(2)] * 3}
    found = asked.prompts(TRAIN, responses)
    assert found[0] == whole[0]
    assert found[2] == whole[2]
    assert found[1] == asked.prompts(Dataset.from_dict({"history": [[2, 3]], "target": [4]}))[0]
    assert len(found[1]) + len(responses["y"][1]) <= CONTEXT
    assert "1 of 3 prompts lost their oldest history" in capsys.readouterr().err


def test_a_label_that_leaves_no_room_is_refused(llm: LanguageModel) -> None:
    """Row 2 would need its prompt without any history and a label of the whole context; the key to mend it is named."""
    with pytest.raises(SoftrecError) as caught:
        recommender(llm).prompts(TRAIN, {"y": [label(2), label(2), label(CONTEXT)]})
    assert re.match(rf"row 2 needs \d+ tokens, \d+ for its prompt and {CONTEXT} for its longest", caught.value.what)
    assert "filter.title_words" in str(caught.value)


def test_of_llara_titles_and_placeholders_go_together(llm: LanguageModel) -> None:
    """With room for two items of three, the newest two stand in the prompt, each title with its own item behind it."""
    tokenizer = copy.deepcopy(llm.tokenizer)
    llara.prepare(tokenizer)
    asked = recommender(LanguageModel(llm.model, tokenizer, llara), "llara")
    whole = asked.prompts(TRAIN)[1]
    found = asked.prompts(TRAIN, {"y": [label(2), label(CONTEXT - len(whole) + 1), label(2)]})[1]
    start = llara.rows_of_embedding(llm.causal)
    assert [i - start for i in whole if i >= start] == [1, 2, 3]
    assert [i - start for i in found if i >= start] == [2, 3]
    text = tokenizer.decode([i for i in found if i < start])
    assert [title for title in TITLES if title in text] == ["Frost 2", "Gale 3"]
