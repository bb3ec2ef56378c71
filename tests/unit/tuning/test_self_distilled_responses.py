"""Self-distilled texts as tuning reads them: each belongs to its training row, and is trained on as it is."""

from pathlib import Path

import pytest

from common.errors import SoftrecError
from softrec.decoding import predictions
from softrec.decoding.generation import Generated, GenerationSettings
from softrec.decoding.recommender import Recommender, RecommenderSettings, wrap
from softrec.io.tables import write_table
from softrec.llm.language_model import LanguageModel
from softrec.llm.prompts import Words
from softrec.splits.samples import Items
from softrec.tuning.strategy import StrategyFiles, TuningRun


@pytest.fixture
def recommender(llm: LanguageModel) -> Recommender:
    """A recommender of nothing: texts need no catalogue."""
    settings = RecommenderSettings("bigrec", "fp32", Words("films", "film", "seen"), 400, GenerationSettings(2, 8, 4))
    return wrap(llm, Items([""], [-1], []), settings)


def read(path: Path, recommender: Recommender) -> list[list[int]]:
    """The responses of a run on three training rows."""
    files = StrategyFiles(path.parent / "interactions.parquet", [path], None)
    return TuningRun(recommender, [None] * 3, None, files).self_distilled_titles()  # type: ignore[arg-type]


def test_a_strategy_without_its_file_says_which_flag_gives_it(recommender: Recommender, tmp_path: Path) -> None:
    """A registry entry that forgot what its module reads is told so, before anything is trained."""
    files = StrategyFiles(tmp_path / "interactions.parquet", None, [])
    with pytest.raises(SoftrecError, match="give one to --self-distilled"):
        TuningRun(recommender, [None] * 3, None, files).self_distilled_titles()  # type: ignore[arg-type]


def test_an_empty_text_is_trained_on_as_the_end_alone(recommender: Recommender, tmp_path: Path) -> None:
    """Quotes stay where the model said them; nothing said is EOS, one token, so that its mean is a number."""
    answers = [Generated('"Ember 1"', True), Generated("", True), Generated('"Fros', False)]
    predictions.write(tmp_path / "self_distilled.parquet", answers)
    found = read(tmp_path / "self_distilled.parquet", recommender)
    eos = recommender.llm.tokenizer.eos_token_id
    assert found[1] == [eos]
    assert [recommender.llm.tokenizer.decode(ids[:-1]) for ids in found] == ['"Ember 1"', "", '"Fros']
    assert all(ids[-1] == eos for ids in found)


@pytest.mark.parametrize(
    ("rows", "place"),
    [
        ([0, 2, 1], "holds row 2 where row 1 should be"),
        ([0, 1], "holds 2 texts for 3 training rows"),
        ([0, 1, 2, 3], "holds 4 texts for 3 training rows"),
        ([1, 2, 3], "holds row 1 where row 0 should be"),
    ],
)
def test_texts_of_other_rows_are_refused(recommender: Recommender, tmp_path: Path, rows: list[int], place: str) -> None:
    """A text under another's prompt would teach a wrong answer. The file is named, and how to have it made again."""
    path = tmp_path / "self_distilled.parquet"
    columns = {"row": rows, "text": ["x"] * len(rows), "finished": [True] * len(rows)}
    write_table(path, columns, predictions.TYPES)
    with pytest.raises(SoftrecError, match=place) as caught:
        read(path, recommender)
    assert str(path) in caught.value.what
    assert f"remove {path}" in str(caught.value)
