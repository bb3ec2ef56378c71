"""d_t: what it is zero for, and the rows that it is measured on."""

import numpy as np
import pytest
from datasets import Dataset

from softrec.decoding.generation import Generated, GenerationSettings
from softrec.decoding.recommender import RecommenderSettings, wrap
from softrec.llm.language_model import LanguageModel
from softrec.llm.prompts import Words, quoted
from softrec.splits.samples import Items
from softrec.tuning import distance
from softrec.tuning.distance import DistanceSettings, distance_probe, draw_distance_rows

TITLES = ["Ember 1", '"Frost" 2', 'Gale: the "Third"', '"Harbour 4"']
ITEMS = Items(["", *TITLES], np.arange(-1, len(TITLES)), TITLES)
TRAIN = Dataset.from_dict({"history": [[1]] * 4, "target": [1, 2, 3, 4]})
SETTINGS = RecommenderSettings("bigrec", "fp32", Words("films", "film", "seen"), 400, GenerationSettings(2, 8, 4))


def test_the_true_titles_are_at_distance_zero(llm: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever says each label as it was taught, in quotes, is not wrong at all: d_t = 0.

    Quotes at a title's ends are its own, and those around a label go with them, so both sides lose them. A title with
    one on either side was measured against a text without: d_t was above 0 for three of these four.
    """
    monkeypatch.setattr(distance, "generate", lambda *given: [Generated(quoted(title), True) for title in TITLES])
    probe = distance_probe(wrap(llm, ITEMS, SETTINGS), TRAIN, [0, 1, 2, 3])
    assert probe(llm) == 0.0


def test_fewer_training_rows_than_m_are_all_taken(capsys: pytest.CaptureFixture[str]) -> None:
    """M = 256 of 3 rows is 3, which is said; of 1,000 rows it is 256, ascending, each once, the same every time."""
    settings = DistanceSettings(SETTINGS, 256, seed=42, tuning_seed=1)
    assert draw_distance_rows(3, settings) == [0, 1, 2]
    assert "M = 3: there are fewer than 256 training rows" in capsys.readouterr().err
    chosen = draw_distance_rows(1000, settings)
    assert chosen == sorted(set(chosen)) == draw_distance_rows(1000, settings)
    assert len(chosen) == 256
