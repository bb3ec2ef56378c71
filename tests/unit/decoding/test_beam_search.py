"""Beam search on log-likelihoods that can be added up by hand."""

import math

import torch

from softrec.decoding.beam_search import BeamSearch

END, A, B, C = 0, 1, 2, 3
CPU = torch.device("cpu")


def logits(*rows: list[float]) -> torch.Tensor:
    """(1, W, 4) log-probabilities of END, A, B, C after each beam; they need not be normalised to be added up."""
    return torch.tensor([rows]).log()


def bests(search: BeamSearch) -> dict[int, list[int]]:
    """The token ids of the best text of each finished row."""
    return {row: texts[0].tokens for row, texts in search.texts.items()}


def test_two_beams_by_hand() -> None:
    """Step 1: A 0.5, B 0.3 stay; END 0.1 is not among the first two and is lost.

    Step 2 after A: END 0.6, A 0.2; after B: END 0.1, C 0.7. Candidates: A END 0.30, B C 0.21, A A 0.10, ... The
    finished one has the score ln(0.30) / 2; the running ones are B C and A A. Step 3 after B C: END 0.9: 0.189, score
    ln(0.189) / 3 = -0.555, better than ln(0.30) / 2 = -0.602. Both beams have a finished text then, and what runs, at
    most 0.1 x 0.5 = 0.05 with ln(0.05) / 3 = -0.999, is below both: the row is done and its best text is B C END.
    """
    search = BeamSearch(1, 2, 10, 1.0, [END], CPU)
    assert search.step(logits([0.1, 0.5, 0.3, 0.1])).tolist() == [[0, 0]]
    assert search.tokens.tolist() == [[[A], [B]]]
    assert not search.found().any()
    assert search.step(logits([0.6, 0.2, 0.1, 0.1], [0.1, 0.1, 0.1, 0.7])).tolist() == [[1, 0]]
    assert search.tokens.tolist() == [[[B, C], [A, A]]]
    assert search.finished[0, 0].tolist() == [A, END]
    assert math.isclose(search.finished_score[0, 0], math.log(0.3) / 2, rel_tol=1e-6)
    assert search.drop_done().tolist() == [0]
    search.step(logits([0.9, 0.04, 0.03, 0.03], [0.2, 0.5, 0.2, 0.1]))
    assert search.drop_done().tolist() == []
    assert bests(search) == {0: [B, C, END]}


def test_length_penalty_zero_compares_log_likelihoods() -> None:
    """The same steps: ln 0.30 is above ln 0.189, so A END wins."""
    search = BeamSearch(1, 2, 10, 0.0, [END], CPU)
    search.step(logits([0.1, 0.5, 0.3, 0.1]))
    search.step(logits([0.6, 0.2, 0.1, 0.1], [0.1, 0.1, 0.1, 0.7]))
    search.step(logits([0.9, 0.04, 0.03, 0.03], [0.2, 0.5, 0.2, 0.1]))
    search.drop_done()
    assert bests(search) == {0: [A, END]}


def test_the_limit_ends_what_runs() -> None:
    """With room for one token the likeliest one is the text, whether it ends or not."""
    search = BeamSearch(1, 2, 1, 1.0, [END], CPU)
    search.step(logits([0.1, 0.5, 0.3, 0.1]))
    search.drop_done()
    assert bests(search) == {0: [A]}


def test_rows_that_are_done_leave() -> None:
    """Greedy: the first row ends at once, the second goes on under its number."""
    search = BeamSearch(2, 1, 5, 1.0, [END], CPU)
    search.step(torch.tensor([[[0.9, 0.05, 0.03, 0.02]], [[0.1, 0.7, 0.1, 0.1]]]).log())
    assert search.drop_done().tolist() == [1]
    assert (search.row.tolist(), search.tokens.tolist()) == ([1], [[[A]]])
    search.step(logits([0.8, 0.1, 0.05, 0.05]))
    search.drop_done()
    assert bests(search) == {0: [END], 1: [A, END]}
