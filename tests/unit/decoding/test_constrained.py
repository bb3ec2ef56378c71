"""Decoding constrained to titles, against the log-likelihoods of all titles."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from datasets import Dataset

from common.errors import SoftrecError
from softrec.decoding.answering import Answering, Titled, answering
from softrec.decoding.finished_texts import GenerationCheckpoint
from softrec.decoding.generation import Beam, GenerationSettings, generate, generate_beams
from softrec.decoding.recommender import Recommender, RecommenderSettings, wrap
from softrec.llm.language_model import LanguageModel
from softrec.llm.prompts import Words, quoted
from softrec.splits.samples import Items

# One is the start of another, two differ by a blank at the end, one is in quotes of its own; items 1 and 2 share one.
TITLES = [
    "Ember 1", "Ember 1 2", "Ember 12", "Frost 2", "Frost 2 ", '"Frost 2"', 'Gale "3"', "Gale", "Harbour 4: Frost",
    "Harbour", "Harbour 4",
]  # fmt: skip
ITEMS = Items(["", "Ember 1", *TITLES], np.array([-1, 0, *range(len(TITLES))]), TITLES)
PROMPTS = [[1, 20, 30, 40, 50, 60], [1, 20, 25, 35], [1, 20, 70, 80, 90, 33], [1, 20, 44]]
WORDS = Words("films", "film", "seen")


def recommender(llm: LanguageModel, beams: int, length_penalty: float = 1.0, batch_size: int = 3) -> Recommender:
    """A recommender of the titles, constrained and with all texts."""
    generation = GenerationSettings(beams, 24, batch_size, length_penalty)
    settings = RecommenderSettings("bigrec", "fp32", WORDS, 400, generation, constrained="trie", texts="all")
    return wrap(llm, ITEMS, settings)


def likelihoods(llm: LanguageModel, prompt: Sequence[int], length_penalty: float) -> dict[str, float]:
    """The score of every title: the sum of its tokens' log-likelihoods, over its length to the power of the penalty.

    One forward pass of prompt and title, without cache, beams or masks.
    """
    encoder, found = recommender(llm, 1).encoder, {}
    for title in TITLES:
        label = encoder.response(title)
        with torch.inference_mode():
            logits = llm.causal(torch.tensor([[*prompt, *label]])).logits[0].double().log_softmax(-1)
        places = range(len(prompt) - 1, len(prompt) + len(label) - 1)
        total = sum(float(logits[place, token]) for place, token in zip(places, label, strict=True))
        found[title] = total / len(label) ** length_penalty
    return found


@pytest.mark.parametrize("length_penalty", [1.0, 0.0, 2.0])
def test_with_enough_beams_all_titles_are_found_in_the_order_of_their_scores(
    llm: LanguageModel, length_penalty: float
) -> None:
    """Eleven titles and sixteen beams: eleven texts, with the scores of brute force; five beams lack five texts."""
    how = answering(recommender(llm, 16, length_penalty))
    for prompt, beams in zip(PROMPTS, how.ask(llm, PROMPTS, "test"), strict=True):
        expected = likelihoods(llm, prompt, length_penalty)
        assert [beam.text for beam in beams] == [quoted(t) for t in sorted(expected, key=lambda t: -expected[t])]
        np.testing.assert_allclose([beam.score for beam in beams], sorted(expected.values(), reverse=True), atol=1e-4)
        assert all(beam.finished for beam in beams)


@pytest.mark.parametrize("beams", [1, 2, 4])
def test_every_text_is_a_title_whatever_the_batch(llm: LanguageModel, beams: int) -> None:
    """With few beams the best title may be missed, but scores are those of brute force, and batches change nothing."""
    found = [answering(recommender(llm, beams, 1.0, size)).ask(llm, PROMPTS, "test") for size in (1, 2, 4)]
    for prompt, own in zip(PROMPTS, found[0], strict=True):
        expected = likelihoods(llm, prompt, 1.0)
        assert 1 <= len(own) <= beams
        assert len({beam.text for beam in own}) == len(own)
        for beam in own:
            assert beam.score == pytest.approx(expected[beam.text[1:-1]], abs=1e-4)
    for other in found[1:]:
        assert [[beam.text for beam in own] for own in other] == [[beam.text for beam in own] for own in found[0]]


def test_titles_keep_their_own_quotes_and_blanks(llm: LanguageModel) -> None:
    """Constrained texts are unquoted once; free texts lose all quotes and blanks at their ends, as always."""
    said = [[Beam(quoted(title), True, -1.0)] for title in TITLES]
    assert [own.titles for own in answering(recommender(llm, 2)).titled(said)] == [[title] for title in TITLES]
    free = Answering(GenerationSettings(2, 24, 3))
    assert free.titled(said[5:6])[0].titles == ["Frost 2"]


def test_the_embedding_of_a_constrained_text_is_that_of_its_title(llm: LanguageModel) -> None:
    """Two rows of three titles or fewer: (2, 3, D), with the best title's embedding in the places left."""
    how = answering(recommender(llm, 3))
    said = [[Beam(quoted(t), True, s) for t, s in (("Frost 2 ", -1.0), ('"Frost 2"', -2.0))], [Beam('"Gale"', True, 0)]]
    z = how.embed(llm, how.titled(said))
    bare = Answering(GenerationSettings(3, 24, 3), every_beam=False)
    expected = [bare.embed(llm, [own])[0] for own in map(titled, ("Frost 2 ", '"Frost 2"', "Frost 2 ", "Gale"))]
    np.testing.assert_allclose(z[0], expected[:3], atol=1e-6)
    np.testing.assert_allclose(z[1], [expected[3]] * 3, atol=1e-6)


def titled(title: str) -> Titled:
    """One title of a row."""
    return Titled([title], [0.0])


def test_beams_without_a_title_are_left_out_unless_there_is_no_other() -> None:
    """Of `""`, a title and blanks the title is left; of two empty ones the best."""
    how = Answering(GenerationSettings(3, 24, 3), every_beam=True)
    said = [
        [Beam('""', True, -0.1), Beam('"Gale"', True, -0.2), Beam("  ", False, -0.3)],
        [Beam("", True, -0.4), Beam('""', True, -0.5)],
        [Beam('"Gale"', True, -0.6), Beam("Gale", True, -0.7)],  # equal titles stay: their weights add up
    ]
    assert how.titled(said) == [(["Gale"], [-0.2]), ([""], [-0.4]), (["Gale", "Gale"], [-0.6, -0.7])]


def test_all_beams_of_a_free_search(llm: LanguageModel) -> None:
    """Best first; the first is what `generate` returns, so the paper's texts are as before."""
    settings = GenerationSettings(4, 12, 3)
    found = generate_beams(llm, PROMPTS, settings, most=4)
    assert all(len(own) == 4 for own in found)
    for own in found:
        assert [beam.score for beam in own] == sorted((beam.score for beam in own), reverse=True)
    assert generate(llm, PROMPTS, settings) == [own[0][:2] for own in found]


def test_self_distilled_data_and_d_t_stay_free(llm: LanguageModel) -> None:
    """`Recommender.generate` ignores the constraint, which is about validation and test rows."""
    how = recommender(llm, 2)
    rows = Dataset.from_dict({"history": [[1], [2, 3]]})
    texts, prompts = how.generate(rows, "test"), how.prompts(rows)
    assert texts == generate(llm, prompts, how.generation)
    assert not {text.text for text in texts} & set(map(quoted, TITLES))
    assert {own[0].text for own in answering(how).ask(llm, prompts, "test")} <= set(map(quoted, TITLES))


def test_a_killed_search_resumes_with_all_of_its_texts(llm: LanguageModel, tmp_path: Path) -> None:
    """A batch that was kept is read with the texts and scores of all beams; the others are generated."""
    how = answering(recommender(llm, 4, batch_size=2))
    expected = how.ask(llm, PROMPTS, "test")
    kept = GenerationCheckpoint(tmp_path / "answers.parquet", "k" * 64)
    assert how.ask(llm, PROMPTS, "test", kept) == expected
    [file] = kept.paths()
    first = next(line for line in file.read_text().splitlines() if line)
    file.write_text(first + "\n")
    again = GenerationCheckpoint(tmp_path / "answers.parquet", "k" * 64)
    assert how.ask(llm, PROMPTS, "test", again) == expected
    assert len(file.read_text().split()) > len(first.split())


def test_a_limit_below_the_longest_title_is_refused_before_anything_is_generated(llm: LanguageModel) -> None:
    """When the trie is built."""
    how = recommender(llm, 2)
    with pytest.raises(SoftrecError, match=r"the longest title, .* a generated text may have 4"):
        answering(replace(how, generation=GenerationSettings(2, 4, 3)))
