"""What tuning and prediction read: catalogue, rows, masks, embeddings, prompts."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from common.errors import SoftrecError
from softrec.data import catalogue
from softrec.io import tables
from softrec.io.tables import write_table
from softrec.llm import prompts
from softrec.llm.language_model import LanguageModel
from softrec.llm.prompts import Encoder, Words, quoted
from softrec.splits import samples, sequences
from softrec.splits.seen_items import SeenItems


@pytest.fixture
def items(tmp_path: Path) -> samples.Items:
    """Four items; the second and the fourth share a title, and so a title id."""
    columns = {
        "item": [1, 2, 3, 4],
        "source_id": ["a", "b", "c", "d"],
        "title": ["Ember 1", "Frost 2", "Gale 3", "Frost 2"],
        "category": [None, "ice", None, "ice"],
        "title_id": [0, 1, 2, 1],
    }
    write_table(tmp_path / "catalogue.parquet", columns, catalogue.TYPES)
    return samples.load_items(tmp_path / "catalogue.parquet")


def test_items_by_id(items: samples.Items) -> None:
    """Entry 0 is padding; three distinct titles by title id."""
    assert items.title == ["", "Ember 1", "Frost 2", "Gale 3", "Frost 2"]
    assert items.title_id.tolist() == [-1, 0, 1, 2, 1]
    assert items.distinct == ["Ember 1", "Frost 2", "Gale 3"]


def rows_file(path: Path, rows: int) -> Path:
    """A file of `rows` sequences: histories [1], [1, 2], [1, 2, 3], ... and target 4."""
    columns = {
        "user": range(1, rows + 1),
        "history": [list(range(1, n + 2)) for n in range(rows)],
        "target": [4] * rows,
        "timestamp": range(rows),
        "position": range(1, rows + 1),
    }
    write_table(path, {**columns, "paper": [True] * rows}, sequences.SAMPLE_TYPES)
    return path


def test_rows_are_a_dataset_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Two rows, all columns of sequences."""
    rows = samples.load_rows(rows_file(tmp_path / "train.parquet", 2), 4)
    assert rows.column_names == list(sequences.TYPES)
    assert rows[1] == {"user": 2, "history": [1, 2], "target": 4, "timestamp": 1, "position": 2}


def test_a_sample_without_rows_is_refused(tmp_path: Path) -> None:
    """Tuning on nothing would divide by zero; the file is named instead."""
    with pytest.raises(SoftrecError, match=r"valid\.parquet holds no rows"):
        samples.load_rows(rows_file(tmp_path / "valid.parquet", 0), 4)


def test_embeddings_of_another_catalogue_are_refused(items: samples.Items, tmp_path: Path) -> None:
    """Three distinct titles need three rows, not one per item."""
    path = tmp_path / "titles.npy"
    np.save(path, np.zeros((3, 2), np.float32))
    assert samples.load_title_embeddings(path, items).shape == (3, 2)
    np.save(path, np.zeros((4, 2), np.float32))
    with pytest.raises(SoftrecError, match="4 title embeddings, but the catalogue has 3 distinct titles"):
        samples.load_title_embeddings(path, items)


def test_masks_come_from_interactions(tmp_path: Path) -> None:
    """User 2 had items 3 and 1, in this order: before position 1 only item 3."""
    columns = {"user": [1, 2, 2], "item": [2, 3, 1], "timestamp": [5, 6, 7]}
    write_table(tmp_path / "x.parquet", columns, {"user": "int32", "item": "int32", "timestamp": "int64"})
    seen = samples.load_seen(tmp_path / "x.parquet", 3)
    assert seen.before(2, 1).tolist() == [3]
    assert seen.before(2, 2).tolist() == [3, 1]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"target": [4, 5]}, "'target' .* has the item 5, but the catalogue has 4 items"),
        ({"history": [[1], [9, 2]]}, "'history' .* has the item 9, but the catalogue has 4 items"),
        ({"history": [[1], []]}, "row 1 .* a history of 0 items, but its target has position 2"),
        ({"position": [0, 2]}, "row 0 .* a history of 1 items, but its target has position 0"),
    ],
)
def test_rows_of_another_data_set_are_refused(tmp_path: Path, changed: dict[str, list[object]], said: str) -> None:
    """Ids that the catalogue does not have, and histories that nobody can have had."""
    table = tables.read_table(rows_file(tmp_path / "rows.parquet", 2), list(sequences.SAMPLE_TYPES)).to_pydict()
    write_table(tmp_path / "rows.parquet", table | changed, sequences.SAMPLE_TYPES)
    with pytest.raises(SoftrecError, match=said):
        samples.read_rows(tmp_path / "rows.parquet", ["history", "target", "position"], 4)


@pytest.mark.parametrize(
    ("users", "items", "said"),
    [
        ([2, 1], [1, 1], "not sorted by user"),
        ([], [], "no interaction"),
        ([1, 2], [1, 5], "has the item 5"),
        ([1, 2_000_000_000], [1, 1], "the user id 2000000000, but only"),
    ],
)
def test_interactions_that_give_no_masks(tmp_path: Path, users: list[int], items: list[int], said: str) -> None:
    """Unsorted, they would be taken for others' items; nobody's, or of another catalogue."""
    write_table(tmp_path / "x.parquet", {"user": users, "item": items}, {"user": "int32", "item": "int32"})
    with pytest.raises(SoftrecError, match=said):
        samples.load_seen(tmp_path / "x.parquet", 4)


def test_a_row_after_more_items_than_its_user_has(tmp_path: Path) -> None:
    """User 1 has two items, user 9 none: the items of the next user are nobody's."""
    seen = SeenItems(np.array([1, 1, 2]), np.array([1, 2, 3]))
    for user in (1, 9):
        with pytest.raises(SoftrecError, match=f"position 3 for user {user}, who has {2 if user == 1 else 0}"):
            seen.before(user, 3)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"item": [2, 1]}, "not 1, 2, ..."),
        ({"item": [1, 1]}, "not 1, 2, ..."),
        ({"title_id": [0, 0]}, "row 1 .* has title_id 0, which does not match its title"),
        ({"title_id": [0, 2]}, "row 1 .* has title_id 2"),
        ({"title": ["a", "a"]}, "have the same title"),
        ({"title": ["a", ""]}, "row 1 .* has the title '', which cannot be shown"),
        ({"title": ["\u200b", "b"]}, r"row 0 .* has the title '\\u200b'"),
        ({"title": ["a\nb", "b"]}, "row 0 .* which cannot be shown"),
        ({"title": ["a", "\x1b[31mb"]}, "row 1 .* which cannot be shown"),
    ],
)
def test_a_catalogue_that_numbers_otherwise(tmp_path: Path, changed: dict[str, list[object]], said: str) -> None:
    """Each of these would rank other items than those that the rows mean."""
    columns = {"item": [1, 2], "source_id": ["x", "y"], "title": ["a", "b"], "category": [None] * 2, "title_id": [0, 1]}
    write_table(tmp_path / "catalogue.parquet", columns | changed, catalogue.TYPES)
    with pytest.raises(SoftrecError, match=said):
        samples.load_items(tmp_path / "catalogue.parquet")


def unplaced(ids: list[int], items: Sequence[int]) -> list[int]:
    """The ids as they are."""
    return ids


def test_the_items_placed_are_those_whose_titles_were_kept(
    items: samples.Items, llm: LanguageModel, tmp_path: Path
) -> None:
    """Histories [1], [1, 2], [1, 2, 3] under a limit for two titles: the oldest of three goes, title and item alike."""
    rows = samples.load_rows(rows_file(tmp_path / "train.parquet", 3), 4)
    words, placed = Words("films", "film", "seen"), []
    free = Encoder(llm.tokenizer, words, quoted, 500)
    enough = max(len(free.prompt(titles)[0]) for titles in (["Ember 1", "Frost 2"], ["Frost 2", "Gale 3"]))

    def place(ids: list[int], items: Sequence[int]) -> list[int]:
        placed.append(list(items))
        return ids

    prompts.encode_prompts(rows, items, Encoder(llm.tokenizer, words, quoted, enough), place)
    assert placed == [[1], [1, 2], [2, 3]]


def test_prompts_of_rows_and_how_many_were_shortened(
    items: samples.Items, llm: LanguageModel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The limit is just enough for prompts of two titles: the third loses its oldest, the first two lose nothing."""
    rows = samples.load_rows(rows_file(tmp_path / "train.parquet", 3), 4)
    words = Words("films", "film", "seen")
    free = Encoder(llm.tokenizer, words, quoted, 500)
    whole = prompts.encode_prompts(rows, items, free, unplaced)
    assert whole[2] == free.prompt(["Ember 1", "Frost 2", "Gale 3"])[0]
    assert capsys.readouterr().err == ""
    newest = free.prompt(["Frost 2", "Gale 3"])[0]
    enough = max(len(whole[1]), len(newest))
    limited = prompts.encode_prompts(rows, items, Encoder(llm.tokenizer, words, quoted, enough), unplaced)
    assert limited == [*whole[:2], newest]
    assert len(whole[2]) > enough
    assert "1 of 3 prompts lost their oldest history" in capsys.readouterr().err
