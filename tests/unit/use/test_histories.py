"""Histories: what people write is one item, or one sentence with the closest titles."""

import json
from pathlib import Path

import numpy as np
import pytest

from common.errors import SoftrecError
from softrec.splits.samples import Items
from softrec.use.histories import Names, read_histories

TITLES = ["Toy Story (1995)", "Aladdin (1992)", "300", "Ulee's Gold (1997)", "Ulee's Gold (1997)", "Star Wars (1977)"]
IDS = ["1", "95", "7", "297", "303", "300"]


def names(*, by_item: bool = False) -> Names:
    """A catalogue in which one title is another item's id, and two items share a title."""
    title_id = np.array([-1, 0, 1, 2, 3, 3, 4])
    return Names(Items(["", *TITLES], title_id, list(dict.fromkeys(TITLES))), IDS, by_item=by_item)


@pytest.mark.parametrize(
    ("name", "item"),
    [("Toy Story (1995)", 1), ("1", 1), ("95", 2), ("id:300", 6), ("title:300", 3), ("id:1", 1), ("303", 5)],
)
def test_an_item_by_title_or_id(name: str, item: int) -> None:
    """Items are numbered from 1 in the order of the catalogue."""
    assert names().item(name, "here") == item


def test_a_shared_title_is_one_title_for_a_text_model_and_two_items_for_llara() -> None:
    """A prompt of titles is the same for both items; the embeddings that LLaRA reads are not."""
    assert names().item("Ulee's Gold (1997)", "here") == 4
    with pytest.raises(SoftrecError, match="is the title of 2 items: 297, 303"):
        names(by_item=True).item("Ulee's Gold (1997)", "here")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("300", "'300' is the id of 'Star Wars \\(1977\\)' and the title of item 7"),
        ("toy story", "no title or item id 'toy story'(.|\n)*\\(Toy Story \\(1995\\)\\)"),
        ("Aladin (1992)", "no title or item id(.|\n)*\\(Aladdin \\(1992\\)"),
        ("id:12", "no title or item id '12'"),
        ("title:95", "no title or item id '95'"),
        ("", "no title or item id ''"),
    ],
)
def test_what_is_no_item_is_told_with_the_closest_titles(name: str, message: str) -> None:
    """Titles that hold the text come first, then similar ones."""
    with pytest.raises(SoftrecError, match=message):
        names().item(name, "here")


def test_a_file_of_histories(tmp_path: Path) -> None:
    """A list on each line, oldest first, ids and titles mixed."""
    place = tmp_path / "histories.jsonl"
    place.write_text(json.dumps(["Toy Story (1995)", "95"]) + "\n" + json.dumps(["7"]) + "\n")
    assert read_histories(place, names()) == [[1, 2], [3]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no history"),
        (b"[]\n", "a history is empty(.|\n)*line 1"),
        (b'["1"]\n\n', "is not a JSON list of texts(.|\n)*line 2"),
        (b'["1"]\n["1", 95]\n', "is not a JSON list of texts(.|\n)*line 2"),
        (b'"1"\n', "is not a JSON list of texts"),
        (b'["1"]\n["Toy"]\n', "no title or item id 'Toy'(.|\n)*line 2"),
        (b"\xff\n", "is not a text file"),
    ],
)
def test_a_wrong_file_of_histories_is_told_by_its_line(tmp_path: Path, content: bytes, message: str) -> None:
    """Nothing is read as less than was given."""
    place = tmp_path / "histories.jsonl"
    place.write_bytes(content)
    with pytest.raises(SoftrecError, match=message):
        read_histories(place, names())
