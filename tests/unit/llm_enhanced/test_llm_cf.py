"""LLM-CF: decisions that are known, and SASRec with the same loss where the feature has no weight."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import datasets
import numpy as np
import pytest
import torch
from torch import Tensor

from circle_of_items import ITEMS, SETTINGS, cycle, trainer
from common.errors import SoftrecError
from softrec.io.checkpoints import Checkpoint
from softrec.llm.language_model import LanguageModel
from softrec.llm.prompts import Words
from softrec.llm_enhanced import chains_of_thought
from softrec.llm_enhanced.decisions import Examples, Texts
from softrec.llm_enhanced.llm_cf import THOUGHT, InContextSettings, LlmCf, LlmCfEncoder, reconstruction, stack_texts
from softrec.sequential.encoder import Encoder
from softrec.sequential.sampled_softmax import SampledSoftmax
from softrec.sequential.windows import Windows
from softrec.splits.samples import Items
from softrec.splits.seen_items import SeenItems

WORDS = Words("films", "film", "seen")
COT = chains_of_thought.CotSettings(WORDS, "fp32", None, 5, 400, 8, 4)
TITLES = ["", *(f"Film {i}" for i in range(1, 7))]
CATALOGUE = Items(TITLES, np.array([-1, *range(6)]), TITLES[1:])
ALONE = np.arange(-1, 6)  # six items of six titles
IN_CONTEXT = InContextSettings(0.1, 0.0)
NEGATIVES = 8


def rows_of(count: int) -> datasets.Dataset:
    """User r + 1 has had items 1 and 2, and then took item 3."""
    columns = {"user": range(1, count + 1), "position": [2] * count, "history": [[1, 2]] * count, "target": [3] * count}
    return datasets.Dataset.from_dict(columns)


def seen(count: int) -> SeenItems:
    """Items 1 and 2 of each user."""
    return SeenItems(np.repeat(np.arange(1, count + 1), 2), np.tile([1, 2], count))


def test_half_of_the_decisions_are_for_the_target_and_half_against_an_unseen_item() -> None:
    """Of 40 rows 20 keep target 3; the others get one of 4, 5 and 6, never 1 or 2 (had) nor 3 (taken)."""
    decisions = chains_of_thought.draw_decisions(rows_of(40), ALONE, seen(40), COT)
    assert decisions.row.tolist() == list(range(40))
    assert decisions.label.sum() == 20
    assert set(decisions.item[decisions.label == chains_of_thought.TAKEN].tolist()) == {3}
    assert set(decisions.item[decisions.label == chains_of_thought.REFUSED].tolist()) == {4, 5, 6}
    again = chains_of_thought.draw_decisions(rows_of(40), ALONE, seen(40), COT)
    assert all(np.array_equal(a, b) for a, b in zip(decisions, again, strict=True))


def test_no_item_of_a_title_that_was_had_or_taken_is_refused() -> None:
    """Item 4 has the title of item 1 (had), item 6 that of item 3 (taken): item 5 is left, in every decision."""
    decisions = chains_of_thought.draw_decisions(rows_of(40), np.array([-1, 0, 1, 2, 0, 3, 2]), seen(40), COT)
    assert set(decisions.item[decisions.label == chains_of_thought.REFUSED].tolist()) == {5}
    with pytest.raises(SoftrecError, match="has seen every item"):
        chains_of_thought.draw_decisions(rows_of(40), np.array([-1, 0, 1, 2, 0, 1, 2]), seen(40), COT)


def test_fewer_rows_are_drawn_where_fewer_are_asked_for() -> None:
    """7 of 40: distinct, ascending, 4 taken and 3 refused (every second of 7 from the first on)."""
    decisions = chains_of_thought.draw_decisions(rows_of(40), ALONE, seen(40), replace(COT, rows=7))
    assert sorted(set(decisions.row.tolist())) == decisions.row.tolist()
    assert (len(decisions.row), decisions.label.sum()) == (7, 4)


def test_a_user_who_has_had_everything_can_refuse_nothing() -> None:
    """Three items, all of them had or taken."""
    with pytest.raises(SoftrecError, match="has seen every item"):
        chains_of_thought.draw_decisions(rows_of(2), ALONE[:4], seen(2), COT)


def test_the_prompt_says_what_is_known() -> None:
    """History, item and decision stand in it, after one worked example, and the LLM goes on from "Reasoning:"."""
    text = chains_of_thought.render(["A", "B"], "C", chains_of_thought.REFUSED, WORDS)
    assert text.endswith('History: "A", "B"\nFilm: "C"\nDecision: not seen\nReasoning:')
    assert text.count("Reasoning:") == 2
    assert "Decision: seen\n" in text


def test_old_history_goes_first_and_too_small_a_limit_is_an_error(llm: LanguageModel) -> None:
    """With room for one title less, the prompt is that of the newest title alone; with no room at all, a sentence."""
    decisions = chains_of_thought.Decisions(np.array([0]), np.array([1]), np.array([3]))
    (whole,) = chains_of_thought.encode(decisions, rows_of(1), CATALOGUE, llm.tokenizer, replace(COT, max_tokens=5000))
    limited = replace(COT, max_tokens=len(whole) - 1 + COT.max_new_tokens)
    (short,) = chains_of_thought.encode(decisions, rows_of(1), CATALOGUE, llm.tokenizer, limited)
    text = llm.tokenizer.decode(short, skip_special_tokens=True)
    assert '"Film 2"\nFilm: "Film 3"' in text
    assert "Film 1" not in text
    with pytest.raises(SoftrecError, match="even without any history; 2 are allowed"):
        chains_of_thought.encode(decisions, rows_of(1), CATALOGUE, llm.tokenizer, replace(COT, max_tokens=10))


def texts() -> Texts:
    """Ten decisions about the circle of `test_fit`."""
    rng = np.random.default_rng(1)
    titles = rng.normal(size=(ITEMS + 1, 6)).astype(np.float32)
    titles[0] = 0
    windows = cycle(10)
    label, item = np.arange(10) % 2, windows.target
    thought = rng.normal(size=(10, 6)).astype(np.float32)
    return Texts(titles, Examples(windows.item, windows.length, item, label, np.arange(10)), thought)


def enriched(windows: Windows) -> Windows:
    """Row r has the examples r % 10, none, (r + 1) % 10 and none."""
    row = np.arange(len(windows.target))
    columns = np.stack([row % 10 + 1, row * 0, (row + 1) % 10 + 1, row * 0], axis=1)
    return windows._replace(item=np.concatenate([windows.item, columns], axis=1))


def test_without_weight_it_is_sasrec_with_the_same_loss_bit_for_bit(tmp_path: Path) -> None:
    """The weights that SASRec has too are the same after training; with weight 0.1 they are others."""
    plain = trainer(method=SampledSoftmax(NEGATIVES))
    plain.fit(Checkpoint(tmp_path / "plain", "key"))
    equal = []
    for weight in (0.0, 0.1):
        one = trainer(method=LlmCf(replace(IN_CONTEXT, weight=weight), texts(), NEGATIVES, SETTINGS.seed))
        one.train, one.valid = enriched(one.train), enriched(one.valid)
        one.fit(Checkpoint(tmp_path / str(weight), "key"))
        state = one.model.state_dict()
        equal.append(all(torch.equal(state[key], value) for key, value in plain.model.state_dict().items()))
    assert equal == [True, False]


def new_model(**how: float) -> LlmCfEncoder:
    """An untrained network in evaluation mode."""
    torch.manual_seed(0)
    return LlmCfEncoder(ITEMS, SETTINGS, texts(), replace(IN_CONTEXT, **how).weight, 3).eval()


def test_examples_that_are_not_there_change_nothing() -> None:
    """The feature of a query without examples depends on the query alone: scrambled example data leave it."""
    model, windows = new_model(), cycle(6)
    item = torch.from_numpy(np.concatenate([windows.item, np.zeros((6, 4), np.int64)], axis=1))
    length = torch.from_numpy(windows.length)
    with torch.no_grad():
        before = model(item, length)
        model.told, model.label = model.told + 1, 1 - model.label
        assert torch.equal(model(item, length), before)


def test_the_query_never_sees_its_own_item_and_examples_count() -> None:
    """13 tokens for 4 examples; the feature moves when a chain of thought does."""
    model, windows = new_model(), enriched(cycle(6))
    window, length = torch.from_numpy(windows.item), torch.from_numpy(windows.length)
    read: list[tuple[Tensor, Tensor]] = []
    model.decoder.register_forward_hook(lambda _, given, __: read.append(given))
    with torch.no_grad():
        before = model(window, length)
        [(tokens, real)] = read
        assert tokens.shape == (6, 13, SETTINGS.dim)
        assert real[0].tolist() == [True] * 3 + [False] * 3 + [True] * 3 + [False] * 3 + [True]
        model.told[:, THOUGHT] += 1
        assert (model(window, length) - before).abs().max() > 1e-6


def test_reconstruction_by_hand() -> None:
    """Two examples of one row, one of them none: the cosine of (3, 4) with (4, 3) is 24/25, so the loss is 1/25."""
    told = torch.zeros(2, 3, 2)
    told[1, THOUGHT] = torch.tensor([4.0, 3.0])
    model = SimpleNamespace(reconstruct=lambda hidden: hidden, told=told)
    hidden = torch.tensor([[[3.0, 4.0], [9.0, 9.0]]])
    loss = reconstruction(model, hidden, torch.tensor([[1, 0]]))  # type: ignore[arg-type]
    assert loss.item() == pytest.approx(1 / 25)


def mixture_as_it_reads(model: LlmCfEncoder, state: Tensor, window: Tensor, length: Tensor, item: Tensor) -> Tensor:
    """M = Linear[state; W mean(titles); item; W title], with every title of every history gathered: (B, L, W)."""
    mean = model.titles[window].sum(dim=1) / length[:, None]
    parts = [state, model.text(mean), model.item(item), model.text(model.titles[item])]
    return model.mixture(torch.cat(parts, dim=1))


def vector_as_it_reads(model: LlmCfEncoder, window: Tensor, length: Tensor) -> Tensor:
    """The user's vector (B, D) with each place of the batch computed on its own, from the texts as they are given."""
    known, thought = texts().examples, torch.from_numpy(texts().thoughts).double()
    history, example = window[:, : SETTINGS.length], window[:, SETTINGS.length :]
    state = Encoder.forward(model, history, length)
    rows = []
    for row in range(len(window)):
        tokens, real = [], []
        for number in (example[row] - 1).tolist():
            past, count, item = (
                torch.from_numpy(column[[number]]) for column in (known.window, known.length, known.item)
            )
            mixture = mixture_as_it_reads(model, Encoder.forward(model, past, count), past, count, item)[0]
            tokens += [mixture, model.text(thought[number]), model.decision.weight[int(known.label[number])]]
            real += [number >= 0] * 3
        one = slice(row, row + 1)
        query = mixture_as_it_reads(model, state[one], history[one], length[one], torch.zeros_like(length[one]))
        hidden = model.decoder(torch.stack([*tokens, query[0]])[None], torch.tensor([[*real, True]]), slice(None))
        rows.append(state[row] + model.weight * hidden[0, -1])
    return torch.stack(rows)


def test_the_vector_and_its_gradients_are_those_of_the_formula_as_it_reads() -> None:
    """Vectors, and the gradients of a random weighing of them, are those of the plain formula.

    The module computes some parts once per batch, sums others while reading, and leaves some out. Every weight has a
    gradient but those that only score items or reconstruct thoughts.
    """
    model, windows = new_model().double(), enriched(cycle(6))
    model.titles, model.told = model.titles.double(), model.told.double()
    window, length = torch.from_numpy(windows.item), torch.from_numpy(windows.length)
    weighing, names = torch.randn(6, SETTINGS.dim).double(), [name for name, _ in model.named_parameters()]
    found, wanted = model(window, length), vector_as_it_reads(model, window, length)
    assert torch.allclose(found, wanted, rtol=1e-12, atol=1e-12)
    ours, theirs = (
        torch.autograd.grad((vector * weighing).sum(), list(model.parameters()), allow_unused=True)
        for vector in (found, wanted)
    )
    unused = {name for name, gradient in zip(names, ours, strict=True) if gradient is None}
    assert unused == {"output.weight", "output.bias", "reconstruct.weight", "reconstruct.bias"}
    for name, one, other in zip(names, ours, theirs, strict=True):
        assert name in unused or torch.allclose(one.to_dense(), other.to_dense(), rtol=1e-9, atol=1e-12), name


def test_what_is_told_of_an_example_is_the_mean_of_its_history_its_item_and_its_thought() -> None:
    """Titles e1, e2 and e3. A decision about item 3 after items 1 and 2: (1/2, 1/2, 0), e3, and the thought."""
    titles, thought = np.vstack([np.zeros(3), np.eye(3)]).astype(np.float32), np.array([[0, 0.6, 0.8]], np.float32)
    known = Examples(np.array([[1, 2, 0]]), np.array([2]), np.array([3]), np.array([1]), np.array([5]))
    assert stack_texts(Texts(titles, known, thought)).tolist() == [[[0.5, 0.5, 0], [0, 0, 1], thought[0].tolist()]]
