"""Grounding by the texts of all beams: ranks by brute force over all distances."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from common.errors import SoftrecError
from softrec.evaluation import grounding as module
from softrec.evaluation.beam_grounding import BeamTexts, grounding_by, log_weights, read_texts, texts_of
from softrec.evaluation.device_grounding import device_grounding_by
from softrec.evaluation.grounding import GroundingSettings
from softrec.io.arrays import write_array
from softrec.io.tables import types, write_table
from softrec.splits.seen_items import SeenItems
from softrec.use.top_titles import nearest_titles

SEEN = SeenItems(np.array([1, 1, 2]), np.array([2, 5, 1]))  # user 1 had item 2, then item 5; user 2 had item 1
LEAST = GroundingSettings("seen", 3, "least")
TITLES, ROWS, BEAMS, WIDTH = 97, 50, 4, 33
ON_CPU = torch.device("cpu")


def softmin(temperature: float) -> GroundingSettings:
    """Settings of the soft minimum."""
    return GroundingSettings("seen", 3, "softmin", temperature)


def by_torch(*catalogue: Any) -> Any:
    """Grounding by torch, on the CPU."""
    return device_grounding_by(*catalogue, ON_CPU)


def made() -> tuple[np.ndarray, BeamTexts, dict[str, list]]:
    """Titles, every third one a copy of the title before; rows of 1 to 4 texts, some of which are equal.

    Texts that are left out are nearer to the target than all others: a rank that reads them is wrong.
    """
    rng = np.random.default_rng(1)
    titles = (rng.normal(size=(TITLES, WIDTH)) + 30).astype(np.float32)
    titles[2::3] = titles[1::3]
    target = rng.integers(0, TITLES, ROWS)
    z = titles[target][:, None] + 5 * rng.normal(size=(ROWS, BEAMS, WIDTH)).astype(np.float32)
    z[::5, 1] = z[::5, 0]
    scores = [rng.normal(-1, 1, rng.integers(1, BEAMS + 1)).tolist() for _ in range(ROWS)]
    for row, own in enumerate(scores):
        z[row, len(own) :] = titles[target[row]]
    rows = {"user": [1, 2] * 25, "position": [2, 0] * 25, "history": [[2]] * ROWS, "target": (target + 1).tolist()}
    return titles, BeamTexts(z, log_weights(scores, BEAMS)), rows


def distances(titles: np.ndarray, texts: BeamTexts, temperature: float | None) -> np.ndarray:
    """(R, T) distances in plain Python and float64, from the definition: weights, exponentials, one logarithm."""
    z, titles = texts.z.astype(np.float64), titles.astype(np.float64)
    found = np.empty((len(z), len(titles)))
    for row in range(len(z)):
        kept = [b for b in range(z.shape[1]) if texts.log_weight[row, b] > -math.inf]
        each = np.array([np.sqrt(((z[row, b] - titles) ** 2).sum(1)) for b in kept])
        if temperature is None:
            found[row] = each.min(0)
        else:
            weight = np.exp(texts.log_weight[row, kept])
            found[row] = -temperature * np.log((weight[:, None] * np.exp(-each / temperature)).sum(0))
    return found


def by_hand(cost: np.ndarray, target: np.ndarray, order: np.ndarray) -> np.ndarray:
    """(R, 3) rank, candidates and ties by sets; copies of a title, at the same distance but for rounding, are equal."""
    found = []
    for row, (own, title) in enumerate(zip(cost, target, strict=True)):
        gone = {1, 4} if row % 2 == 0 else set()
        left = sorted(set(range(len(own))) - gone | {int(title)})
        equal = [t for t in left if abs(own[t] - own[title]) < 1e-9 and t != title]
        nearer = sum(own[t] < own[title] for t in left if t not in equal)
        found.append((nearer + sum(order[t] < order[title] for t in equal), len(left), len(equal)))
    return np.array(found)


@pytest.mark.parametrize("kind", [grounding_by, by_torch])
@pytest.mark.parametrize("settings", [LEAST, softmin(0.05), softmin(1.0), softmin(40.0)])
@pytest.mark.parametrize(("titles_at_once", "rows_at_once"), [(1024, 1024), (7, 12), (96, 1)])
def test_ranks_are_those_of_brute_force(
    monkeypatch: pytest.MonkeyPatch, kind: Any, settings: GroundingSettings, titles_at_once: int, rows_at_once: int
) -> None:
    """However many titles and texts are compared at once, by numpy and by torch."""
    monkeypatch.setattr(module, "TITLES_AT_ONCE", titles_at_once)
    monkeypatch.setattr(module, "ROWS_AT_ONCE", rows_at_once)
    titles, texts, rows = made()
    ranker = kind(titles, np.arange(-1, TITLES), SEEN, settings)
    expected = by_hand(distances(titles, texts, settings.temperature), np.array(rows["target"]) - 1, order(ranker))
    assert expected[:, 2].sum() > 20
    assert len(set(expected[:, 0])) > 10
    np.testing.assert_array_equal(np.stack(ranker.rank(texts, rows), axis=1), expected)


def order(ranker: Any) -> np.ndarray:
    """The permutation that breaks ties."""
    return ranker.candidates.order


def test_a_soft_minimum_by_hand() -> None:
    """Two texts at 0 and 3 on a line, of weights 3/4 and 1/4; T = 2.

    Title 1 is at 1 and 2: -2 ln(3/4 e^-0.5 + 1/4 e^-1) = -2 ln(0.54687) = 1.20711. The title at 0 is at 0 and 3, the
    title at 3 at 3 and 0; the least distance of both is 0.
    """
    titles = np.array([[0.0], [1.0], [3.0]], np.float32)
    texts = BeamTexts(np.array([[[0.0], [3.0]]], np.float32), log_weights([[math.log(3), 0.0]], 2))
    np.testing.assert_allclose(np.exp(texts.log_weight), [[0.75, 0.25]])
    soft = grounding_by(titles, np.arange(-1, 3), SEEN, softmin(2.0))
    cost = soft.exact(texts[0], np.arange(3))
    assert cost[1] == pytest.approx(1.2071, abs=1e-4)
    assert cost[0] == pytest.approx(-2 * math.log(0.75 + 0.25 * math.exp(-1.5)))
    assert cost[2] == pytest.approx(-2 * math.log(0.75 * math.exp(-1.5) + 0.25))
    least = grounding_by(titles, np.arange(-1, 3), SEEN, LEAST)
    assert least.distance(least.exact(texts[0], np.arange(3))).tolist() == [0.0, 1.0, 0.0]


def test_temperature_to_zero_is_the_least_and_to_infinity_the_mean() -> None:
    """At T = 1e-9 the distances are the least ones, and so are the ranks; at T = 1e6 they are weighted means."""
    titles, texts, rows = made()
    catalogue = titles, np.arange(-1, TITLES), SEEN
    cold, least = grounding_by(*catalogue, softmin(1e-9)), grounding_by(*catalogue, LEAST)
    np.testing.assert_array_equal(cold.rank(texts, rows), least.rank(texts, rows))
    every, warm = np.arange(TITLES), grounding_by(*catalogue, softmin(1e6))
    for row in range(ROWS):
        nearest = least.distance(least.exact(texts[row], every))
        np.testing.assert_allclose(cold.distance(cold.exact(texts[row], every)), nearest, rtol=0, atol=1e-7)
        each = np.sqrt(((texts.z[row, :, None] - titles.astype(np.float64)) ** 2).sum(-1))
        np.testing.assert_allclose(warm.exact(texts[row], every), np.exp(texts.log_weight[row]) @ each, atol=1e-4)


def test_one_text_is_the_first() -> None:
    """With one text in each row, the least and the soft minimum are the distance to it."""
    titles, texts, rows = made()
    catalogue = titles, np.arange(-1, TITLES), SEEN
    expected = grounding_by(*catalogue, GroundingSettings("seen", 3)).rank(texts.z[:, 0], rows)
    alone = BeamTexts(texts.z[:, :1], log_weights([[-2.5]] * ROWS, 1))
    for settings in (LEAST, softmin(1.0)):
        np.testing.assert_array_equal(grounding_by(*catalogue, settings).rank(alone, rows), expected)


def test_equal_texts_add_their_weights() -> None:
    """A row with a text twice, of weights 0.2 and 0.3, is a row with it once, of weight 0.5."""
    titles, texts, _ = made()
    a, b = texts.z[1, 0], texts.z[2, 0]
    twice = BeamTexts(np.stack([a, b, a]), np.log([0.2, 0.5, 0.3]))
    once = BeamTexts(np.stack([a, b]), np.log([0.5, 0.5]))
    for settings in (LEAST, softmin(1.5)):
        ranker = grounding_by(titles, np.arange(-1, TITLES), SEEN, settings)
        cost = [ranker.exact(row, np.arange(TITLES)) for row in (twice, once)]
        np.testing.assert_allclose(*cost, rtol=1e-14)


@pytest.mark.parametrize("settings", [LEAST, softmin(0.7)])
def test_exact_costs_do_not_depend_on_what_is_computed_with_them(settings: GroundingSettings) -> None:
    """Of one title, of many and of pairs they are the same to the bit: a target is always tied with itself."""
    titles, texts, _ = made()
    ranker = grounding_by(titles, np.arange(-1, TITLES), SEEN, settings)
    pairs = ranker.exact(texts, np.arange(ROWS))
    for row in range(ROWS):
        many = ranker.exact(texts[row], np.arange(TITLES))
        assert ranker.exact(texts[row], np.array([row]))[0] == many[row] == pairs[row]
        np.testing.assert_array_equal(many[1::3][:32], many[2::3])


@pytest.mark.parametrize("settings", [LEAST, softmin(0.7)])
def test_the_title_at_place_r_has_rank_r(settings: GroundingSettings) -> None:
    """Lists of the first titles follow the same order as ranks, with ascending distances."""
    titles, texts, rows = made()
    ranker = grounding_by(titles, np.arange(-1, TITLES), SEEN, settings)
    target = np.array(rows["target"]) - 1
    excluded = [np.setdiff1d([1, 4] if row % 2 == 0 else [], own).astype(int) for row, own in enumerate(target)]
    tops = nearest_titles(ranker, texts, excluded, 90)
    for top, title, rank in zip(tops, target, ranker.rank(texts, rows).rank, strict=True):
        assert (np.diff(top.value) >= 0).all()
        assert rank >= 90 or top.title[rank] == title


def test_weights_that_differ_by_more_than_a_number_can_are_kept() -> None:
    """Exp(-2000) is 0 in float64; its logarithm is not minus infinity, so the text is still there."""
    weight = log_weights([[-1.0, -2001.0], [-3.0]], 3)
    np.testing.assert_array_equal(weight[:, 0], [0.0, 0.0])
    np.testing.assert_array_equal(weight[:, 1:], [[-2000.0, -np.inf], [-np.inf, -np.inf]])


def test_an_embedding_that_is_not_finite_is_an_error() -> None:
    """It is named by its row."""
    titles, texts, rows = made()
    texts.z[37, 2, 5] = np.nan
    with pytest.raises(SoftrecError, match="the embedding of a text of row 37 is not finite"):
        grounding_by(titles, np.arange(-1, TITLES), SEEN, LEAST).rank(texts, rows)


def test_texts_are_read_with_their_scores(tmp_path: Path) -> None:
    """Embeddings and scores of one run fit each other; those of others are refused."""
    z, first = np.ones((2, 3, 5), np.float32), GroundingSettings("seen", 3)
    write_array(tmp_path / "z.npy", z)
    place = tmp_path / "p.parquet"
    write_table(place, {"scores": [[-0.5, -1.0], [-2.0]]}, types("scores"))
    found = read_texts(tmp_path / "z.npy", [place], 2, 5, LEAST)
    np.testing.assert_array_equal(found.log_weight, log_weights([[-0.5, -1.0], [-2.0]], 3))
    write_table(place, {"scores": [[-0.5, -1.0, -1.5, -2.0], [-2.0]]}, types("scores"))
    with pytest.raises(SoftrecError, match="does not have the scores of 1 to 3 texts for each of the 2 rows"):
        read_texts(tmp_path / "z.npy", [place], 2, 5, LEAST)
    with pytest.raises(SoftrecError, match="the distance is 'least', and 0 files of predictions are given"):
        read_texts(tmp_path / "z.npy", None, 2, 5, LEAST)
    with pytest.raises(SoftrecError, match="the distance is 'first', and 1 files of predictions are given"):
        read_texts(tmp_path / "z.npy", [place], 2, 5, first)
    with pytest.raises(SoftrecError, match="holds 2 x 3 x 5 numbers of type float32, not 2 x 5"):
        read_texts(tmp_path / "z.npy", None, 2, 5, first)
    with pytest.raises(SoftrecError, match="the distance is 'first', and texts are all"):
        texts_of(z, [[-0.5], [-0.5]], first)


@pytest.mark.parametrize(("distance", "temperature"), [("softmin", None), ("softmin", 0.0), ("least", 1.0)])
def test_a_temperature_is_given_exactly_for_the_soft_minimum(distance: Any, temperature: float | None) -> None:
    """Otherwise a setting would be ignored, or a logarithm be divided by zero."""
    with pytest.raises(SoftrecError, match=f"the temperature of the distance '{distance}' is {temperature}"):
        GroundingSettings("seen", 3, distance, temperature)
