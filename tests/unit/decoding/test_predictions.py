"""Generated texts as a table, and their shares by hand."""

from pathlib import Path

import numpy as np
import pytest

from softrec.decoding import predictions
from softrec.decoding.generation import Generated
from softrec.io.tables import read_table
from softrec.splits.samples import Items

ITEMS = Items(["", "Ember 1", "Frost 2"], np.array([-1, 0, 1]), ["Ember 1", "Frost 2"])
ANSWERS = [
    Generated('"Ember 1"', True),
    Generated(' "Frost 2', False),
    Generated('"Ember 2"', True),
    Generated("", True),
    Generated(' "" ', True),
]


def test_shares_by_hand(capsys: pytest.CaptureFixture[str]) -> None:
    """Of five texts the first two are titles of the catalogue, and the second is the target's (both have target 2).

    One is unfinished, one is empty, and one has nothing but quotes, which is empty too.
    """
    shares = predictions.describe(ANSWERS, [2, 2, 1, 1, 1], ITEMS)
    assert shares == {"a title of the catalogue": 0.4, "the target's title": 0.2, "unfinished": 0.2, "empty": 0.4}
    assert capsys.readouterr().err == (
        "5 texts: 40.0 % a title of the catalogue, 20.0 % the target's title, 20.0 % unfinished, 40.0 % empty\n"
    )


def test_a_title_that_ends_in_a_quote_is_recognised() -> None:
    """The label of `"Ember" 1` is `""Ember" 1"`; said exactly, it is a title of the catalogue and the target's.

    The quote at a title's end is lost in what was said, so it is taken off the title as well.
    """
    titles = ['"Ember" 1', 'Frost: the "Second"']
    items = Items(["", *titles], np.array([-1, 0, 1]), titles)
    answers = [Generated(f'"{title}"', True) for title in titles]
    shares = predictions.describe(answers, [1, 2], items)
    assert shares == {"a title of the catalogue": 1.0, "the target's title": 1.0, "unfinished": 0.0, "empty": 0.0}


def test_every_text_needs_its_target() -> None:
    """Two texts and one target do not fit together."""
    with pytest.raises(ValueError, match="shorter"):
        predictions.describe(ANSWERS[:2], [2], ITEMS)


def test_texts_are_stored_as_they_were_said(tmp_path: Path) -> None:
    """Blanks, quotes, an empty text and a replacement character stay; rows count from 0."""
    answers = [*ANSWERS[1:4], Generated("\ufffd\n", False)]
    predictions.write(tmp_path / "test.predictions.parquet", answers)
    table = read_table(tmp_path / "test.predictions.parquet", list(predictions.TYPES))
    assert {name: str(table.schema.field(name).type) for name in table.column_names} == predictions.TYPES
    assert table.to_pydict() == {
        "row": [0, 1, 2, 3],
        "text": [' "Frost 2', '"Ember 2"', "", "\ufffd\n"],
        "finished": [False, True, True, False],
    }
