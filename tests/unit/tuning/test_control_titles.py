"""Controls of SOFT with other titles in the place of self-distilled ones: random and grounded ones."""

import json
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import datasets
import numpy as np
import pytest

from common.errors import SoftrecError
from softrec.decoding.generation import GenerationSettings
from softrec.decoding.recommender import Recommender, RecommenderSettings, wrap
from softrec.evaluation.grounding import GroundingSettings
from softrec.io.tables import types, write_table
from softrec.llm.language_model import LanguageModel
from softrec.llm.prompts import Words
from softrec.splits.samples import Items
from softrec.tuning.curriculum import SelfAdaptive
from softrec.tuning.strategies import grounded_title, random_title, soft
from softrec.tuning.strategies.random_title import random_titles
from softrec.tuning.strategy import StrategyFiles, TuningRun

# Six items with five titles: items 2 and 5 share "B".
ITEMS = Items(["", "A", "B", "C", "D", "B", "E"], np.array([-1, 0, 1, 2, 3, 1, 4]), ["A", "B", "C", "D", "E"])
LABEL = ["Action", "Action", "Action", "Drama", "Drama", ""]  # D's category also has B; E has none


def test_titles_are_those_of_the_targets_category() -> None:
    """Action is {A, B, C} and Drama {B, D}: of A's others B and C each half of 400 times (deviation 10), of D's B."""
    drawn = random_titles([1] * 400 + [4] * 9, ITEMS, LABEL, seed=1)
    counted = Counter(drawn[:400])
    assert set(counted) == {"B", "C"}
    assert abs(counted["B"] - 200) < 60
    assert drawn[400:] == ["B"] * 9


def test_a_target_without_others_in_its_category_takes_any_other_title() -> None:
    """E has no category; with D alone in Drama, D's others are A, B, C and E as well."""
    assert set(random_titles([6] * 200, ITEMS, LABEL, 1)) == {"A", "B", "C", "D"}
    alone = ["Action", "Action", "Action", "Drama", "Action", ""]
    assert set(random_titles([4] * 200, ITEMS, alone, 1)) == {"A", "B", "C", "E"}


def test_a_shared_title_is_never_its_own_replacement() -> None:
    """Item 5 is called B, as item 2 of another category: neither draws B."""
    for target in (2, 5):
        assert "B" not in random_titles([target] * 100, ITEMS, LABEL, 3)


def test_a_row_has_a_stream_of_its_own_for_each_seed() -> None:
    """A row's title depends on its number and the seed, not on the rows before it."""
    targets = [1, 4, 6, 2, 3, 6, 1, 6] * 4
    found = random_titles(targets, ITEMS, LABEL, 1)
    assert random_titles(targets, ITEMS, LABEL, 1) == found
    assert random_titles([6, *targets[1:]], ITEMS, LABEL, 1)[1:] == found[1:]
    assert random_titles(targets, ITEMS, LABEL, 2) != found


def test_a_catalogue_of_one_title_is_refused() -> None:
    """There is nothing to draw."""
    with pytest.raises(SoftrecError, match="a single title"):
        random_titles([1], Items(["", "A"], np.array([-1, 0]), ["A"]), ["x"], 1)


@pytest.fixture
def model(llm: LanguageModel) -> Recommender:
    """A recommender of the six items."""
    settings = RecommenderSettings("bigrec", "fp32", Words("films", "film", "seen"), 400, GenerationSettings(2, 8, 4))
    return wrap(llm, ITEMS, settings)


def write(path: Path, columns: dict[str, list]) -> None:
    """Write a table with the types of its columns."""
    write_table(path, columns, types(*columns))


def prepared(model: Recommender, folder: Path) -> TuningRun:
    """A run on three rows with targets 1, 4 and 6, whose self-distilled texts have embeddings on a line."""
    write(folder / "self_distilled.parquet", {"row": [0, 1, 2], "text": ["x", "y", "z"]})
    write(folder / "interactions.parquet", {"user": [1, 1, 1, 1], "item": [2, 3, 1, 4]})
    write(folder / "catalogue.parquet", {"category": LABEL})
    np.save(folder / "titles.npy", np.array([[0.0], [1.0], [2.0], [3.0], [10.0]], np.float32))
    np.save(folder / "z.npy", np.array([[0.9], [2.2], [7.0]], np.float32))
    (folder / "d_0.json").write_text(json.dumps({"rows": [0, 2], "d_0": 8.0}))
    rows = {"user": [1, 1, 1], "history": [[2], [2, 3], [2, 3, 1]], "target": [1, 4, 6], "position": [2, 3, 4]}
    files = StrategyFiles(
        folder / "interactions.parquet",
        [folder / "self_distilled.parquet"],
        [folder / "d_0.json"],
        [folder / "z.npy"],
        catalogue=folder / "catalogue.parquet",
        titles=folder / "titles.npy",
    )
    settings: Any = SimpleNamespace(loop=SimpleNamespace(seed=1), grounding=GroundingSettings("seen", 42))
    return TuningRun(model, datasets.Dataset.from_dict(rows), settings, files)


def titles(model: Recommender, responses: list[list[int]]) -> list[str]:
    """The texts of responses without EOS."""
    return [model.llm.tokenizer.decode(ids[:-1]) for ids in responses]


def test_grounded_titles_by_hand(model: Recommender, tmp_path: Path) -> None:
    """On a line 0.9 is nearest to B at 1, 2.2 to C at 2 and 7 to E at 10.

    The user has seen B before every row: it counts all the same.
    """
    run = prepared(model, tmp_path)
    assert grounded_title.grounded_titles(run) == ["B", "C", "E"]
    strategy = grounded_title.prepare(grounded_title.Options(1.0, "exponential"), run)
    assert titles(model, strategy.responses["yhat"]) == ['"B"', '"C"', '"E"']
    assert titles(model, strategy.responses["y"]) == ['"A"', '"D"', '"E"']


def test_equal_distances_are_ordered_by_the_seed_of_ties(model: Recommender, tmp_path: Path) -> None:
    """A text midway between A and B: with the seeds 1 to 40 each is first about 20 times (standard deviation 3)."""
    run = prepared(model, tmp_path)
    np.save(tmp_path / "z.npy", np.array([[0.5], [2.2], [7.0]], np.float32))
    first = []
    for seed in range(1, 41):
        run.settings.grounding.__dict__["tie_seed"] = seed
        first.append(grounded_title.grounded_titles(run)[0])
    assert set(first) == {"A", "B"}
    assert 8 < first.count("A") < 32


def test_but_for_their_titles_both_are_soft(model: Recommender, tmp_path: Path) -> None:
    """Same true titles, same scheduler from the same d_0 on the same rows, same settings."""
    run = prepared(model, tmp_path)
    ours = soft.prepare(soft.Options(10.0, "linear"), run)
    random = random_title.prepare(random_title.Options(10.0, "linear"), run)
    grounded = grounded_title.prepare(grounded_title.Options(10.0, "linear"), run)
    for control in (random, grounded):
        assert control.responses["y"] == ours.responses["y"]
        assert control.responses["yhat"] != ours.responses["yhat"]
        assert (control.settings, control.new_objective, control.smoothing) == (ours.settings, None, 0.0)
        schedule = control.schedule()
        assert isinstance(schedule, SelfAdaptive)
        assert (schedule.alpha, schedule.progression, schedule.d_0) == (10.0, "linear", 8.0)
        assert schedule.probe.prompts == ours.schedule().probe.prompts  # type: ignore[attr-defined]
    drawn = random_titles(run.train["target"], ITEMS, LABEL, 1)
    assert titles(model, random.responses["yhat"]) == [f'"{title}"' for title in drawn]
