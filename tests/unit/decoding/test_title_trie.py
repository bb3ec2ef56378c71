"""The trie of titles against sets of prefixes."""

import random

import numpy as np
import pytest
import torch

from common.errors import SoftrecError
from softrec.decoding.title_trie import TitleTrie, TrieWalk, catalogue_trie
from softrec.llm.language_model import LanguageModel
from softrec.llm.prompts import Encoder, Words, quoted

END, VOCABULARY = 0, 12
CPU = torch.device("cpu")


def encoder(llm: LanguageModel) -> Encoder:
    """BIGRec's encoder of responses."""
    return Encoder(llm.tokenizer, Words("films", "film", "seen"), llm.backbone.item_text, 400)


def made() -> list[list[int]]:
    """300 sequences of 1 to 6 tokens and END; some are the start of another, some are there twice."""
    draw = random.Random(5)
    found = [[draw.randint(1, VOCABULARY - 1) for _ in range(draw.randint(1, 6))] for _ in range(280)]
    return [[*own, END] for own in [*found, *found[:10], *(own[:-1] or own for own in found[10:20])]]


def test_edges_by_hand() -> None:
    """Titles 1, 1 2 and 3: the root leads to 1 and 3; node 1 to END and 2; node 2, that is 3, to END; node 4 to END."""
    trie = TitleTrie([[1, 2, END], [3, END], [1, END]], ["a", "b", "c"])
    edges = [(int(key) >> 32, int(key) & 0xFFFFFFFF) for key in trie.key]
    assert edges == [(0, 1), (0, 3), (1, END), (1, 2), (2, END), (4, END)]
    assert trie.first.tolist() == [0, 2, 4, 5, 5, 6, 6, 6, 6]
    assert trie.of_node.tolist() == [-1, -1, -1, 2, -1, 1, 0, -1]


def test_what_leads_on_is_what_a_title_has_next() -> None:
    """After each start of a title, and of a sequence that is none: by sets."""
    sequences = made()
    trie = TitleTrie(sequences, [str(i) for i in range(len(sequences))])
    starts = sorted({tuple(own[:n]) for own in sequences for n in range(len(own) + 1)})
    assert len(trie.key) == len(starts) - 1
    walks = [*starts, (1, END, 1), (END,), (99, 1)]
    for start in walks:
        walk, one = TrieWalk(trie, 1, CPU), torch.zeros(1, dtype=torch.long)
        for token in start:
            walk.step(one, one[None], torch.tensor([[token]]))
        expected = {own[len(start)] for own in sequences if tuple(own[: len(start)]) == start and len(own) > len(start)}
        assert set(torch.nonzero(walk.allowed(VOCABULARY)[0, 0])[:, 0].tolist()) == expected


def test_rows_and_beams_walk_by_themselves() -> None:
    """Two rows of two beams; one row leaves, and both beams of the other follow its second one."""
    trie = TitleTrie([[1, 2, END], [3, 4, END], [5, END]], ["a", "b", "c"])
    walk = TrieWalk(trie, 2, CPU)
    assert walk.allowed(6).sum(-1).tolist() == [[3], [3]]
    walk.step(torch.tensor([0, 1]), torch.zeros(2, 2, dtype=torch.long), torch.tensor([[1, 3], [5, 3]]))
    found = [[torch.nonzero(beam)[:, 0].tolist() for beam in row] for row in walk.allowed(6)]
    assert found == [[[2], [4]], [[END], [4]]]
    walk.step(torch.tensor([1]), torch.tensor([[1, 1]]), torch.tensor([[4, 2]]))
    assert walk.allowed(6).tolist() == [[[True] + [False] * 5, [False] * 6]]


def test_a_sequence_is_its_title_again() -> None:
    """Of equal sequences the first title stands for both; what is not a whole title has none."""
    sequences = made()
    trie = TitleTrie(sequences, [str(i) for i in range(len(sequences))])
    first = {tuple(own): str(i) for i, own in reversed(list(enumerate(sequences)))}
    assert [trie.title(own) for own in sequences] == [first[tuple(own)] for own in sequences]
    for wrong in (sequences[0][:-1], [*sequences[0], 1], [99], []):
        with pytest.raises(KeyError):
            trie.title(wrong)


def test_the_memory_is_that_of_the_documentation() -> None:
    """Eight bytes of keys and of `first`, four of `of_node`, per edge: 25 MB for 61,528 titles of 20 tokens."""
    rng = np.random.default_rng(3)
    sequences = [[*own, END] for own in rng.integers(1, 50_000, (500, 19)).tolist()]
    trie = TitleTrie(sequences, [""] * 500)
    spent = trie.key.nbytes + trie.first.nbytes + trie.of_node.nbytes
    assert spent / len(trie.key) == pytest.approx(20, rel=0.01)
    assert 61_528 * 20 * 20 < 25e6


def test_titles_are_encoded_as_the_model_is_tuned_on_them(llm: LanguageModel) -> None:
    """The path of a title is its label, `Encoder.response`: quotes, blanks at its ends, EOS."""
    titles, how = ["Ember 1", "Ember 1 2", 'Frost "2"', '"Gale"', "Harbour 4 ", " Harbour 4"], encoder(llm)
    trie = catalogue_trie(titles, how, llm.ends, 40)
    assert [trie.title(how.response(title)) for title in titles] == titles
    tokenizer = llm.tokenizer
    other = [*tokenizer.encode(quoted("Ember 1")[:3], add_special_tokens=False)]
    other += [*tokenizer.encode(quoted("Ember 1")[3:], add_special_tokens=False), tokenizer.eos_token_id]
    assert tokenizer.decode(other) == tokenizer.decode(how.response("Ember 1"))
    assert other != how.response("Ember 1")  # the same text by other tokens: it has no path
    with pytest.raises(KeyError):
        trie.title(other)


def test_a_title_longer_than_a_text_is_refused(llm: LanguageModel) -> None:
    """The message names the title, its tokens and the limit; a limit of just as many tokens is enough."""
    how = encoder(llm)
    titles = ["Ember 1", "Frost 2 Gale 3 Harbour 4"]
    tokens = len(how.response(titles[1]))
    catalogue_trie(titles, how, llm.ends, tokens)
    message = (
        f"the longest title, 'Frost 2 Gale 3 Harbour 4', has {tokens} tokens with its quotes and EOS, but a generated "
        f"text may have {tokens - 1}"
    )
    with pytest.raises(SoftrecError, match=message):
        catalogue_trie(titles, how, llm.ends, tokens - 1)


def test_a_title_with_a_token_that_ends_a_text_is_refused(llm: LanguageModel) -> None:
    """A generation configuration may name an ordinary token as an end: the text would stop within the title."""
    how = encoder(llm)
    ends = [how.eos, how.response("Ember 1")[1]]
    with pytest.raises(SoftrecError, match="the title 'Ember 1' has a token that ends a text"):
        catalogue_trie(["Frost 2", "Ember 1"], how, ends, 40)
