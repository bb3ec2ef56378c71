"""Embeddings of histories by hand, and the ranks that grounding gives them against brute force."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from run_script import run_script
from softrec.data import catalogue
from softrec.evaluation.grounding import Grounding, GroundingSettings
from softrec.evaluation.history_embeddings import HistorySettings, history_embeddings
from softrec.io import arrays, tables
from softrec.splits.seen_items import SeenItems
from softrec.splits.sequences import SAMPLE_TYPES

# Items 1..4; items 2 and 4 share title 1.
TITLE_ID = np.array([-1, 0, 1, 2, 1])
TITLES = np.array([[0, 0], [4, 2], [6, 0]], np.float32)


def test_last_and_mean_by_hand() -> None:
    """Items 1, 3, 2 lie at (0, 0), (6, 0), (4, 2): the last at (4, 2), the mean at (10/3, 2/3). Item 4 is at (4, 2)."""
    histories = [[1, 3, 2], [4], [3, 4, 2]]
    last = history_embeddings(TITLES, TITLE_ID, histories, HistorySettings("last"))
    assert last.dtype == np.float32
    assert last.tolist() == [[4, 2], [4, 2], [4, 2]]
    mean = history_embeddings(TITLES, TITLE_ID, histories, HistorySettings("mean"))
    assert mean.dtype == np.float32
    assert mean == pytest.approx(np.array([[10 / 3, 2 / 3], [4, 2], [14 / 3, 4 / 3]]), rel=1e-7)


def test_the_last_titles_embedding_is_taken_bit_for_bit() -> None:
    """No float32 is changed by its mean with itself in float64, however small or large."""
    titles = np.array([[1e-38, 3e38, 1 / 3]], np.float32)
    z = history_embeddings(titles, np.array([-1, 0]), [[1]], HistorySettings("last"))
    assert z.tobytes() == titles.tobytes()


@pytest.mark.parametrize("how", ["last", "mean"])
def test_ranks_are_those_of_brute_force(how: Any) -> None:
    """Titles of 40 items by their L2 distance, computed pair by pair; what the user has had before is no candidate."""
    rng = np.random.default_rng(5)
    titles = rng.normal(size=(40, 6)).astype(np.float32)
    title_id = np.concatenate([[-1], np.arange(40)])
    bought = rng.permutation(40)[:12] + 1
    rows = {"user": [1] * 8, "position": list(range(4, 12)), "target": bought[4:].tolist()}
    rows["history"] = [bought[position - 4 : position].tolist() for position in rows["position"]]
    z = history_embeddings(titles, title_id, rows["history"], HistorySettings(how))
    ranker = Grounding(titles, title_id, SeenItems(np.ones(12, np.int64), bought), GroundingSettings("seen", 42))
    found = ranker.rank(z, rows)
    for row, (position, target) in enumerate(zip(rows["position"], rows["target"], strict=True)):
        window = bought[position - 1 : position] if how == "last" else bought[position - 4 : position]
        point = titles[window - 1].astype(np.float64).mean(axis=0)
        distance = np.linalg.norm(titles - point, axis=1)
        others = [item for item in range(1, 41) if item not in {*bought[:position], target}]
        assert found.rank[row] == sum(distance[item - 1] < distance[target - 1] for item in others)
        assert found.candidates[row] == 40 - position


def write_files(folder: Path) -> dict[str, Path]:
    """Titles, catalogue and two rows as files."""
    arrays.write_array(folder / "titles.npy", TITLES)
    names = ["A", "B", "C", "B"]
    known = {"item": range(1, 5), "source_id": names, "title": names, "category": [None] * 4, "title_id": TITLE_ID[1:]}
    tables.write_table(folder / "catalogue.parquet", known, catalogue.TYPES)
    rows = {"user": [1, 2], "history": [[1, 3], [2]], "target": [4, 1], "timestamp": [5, 6], "position": [2, 1]}
    tables.write_table(folder / "rows.parquet", {**rows, "paper": [True, True]}, SAMPLE_TYPES)
    flags = {"--titles": folder / "titles.npy", "--catalogue": folder / "catalogue.parquet"}
    return {**flags, "--rows": folder / "rows.parquet", "--embeddings": folder / "z.npy"}


def test_the_script_writes_a_row_for_each_history(tmp_path: Path) -> None:
    """Means of (0, 0) and (6, 0), and of (4, 2) alone."""
    done = run_script("embed_histories.py", {"titles": "mean"}, write_files(tmp_path))
    assert done.returncode == 0, done.stderr
    assert arrays.read_array(tmp_path / "z.npy", "float32", (2, 2)).tolist() == [[3, 0], [4, 2]]


def test_embeddings_of_another_catalogue_are_refused(tmp_path: Path) -> None:
    """Two embeddings for three titles: one sentence, no output."""
    flags = write_files(tmp_path)
    arrays.write_array(tmp_path / "titles.npy", TITLES[:2])
    done = run_script("embed_histories.py", {"titles": "last"}, flags)
    assert done.returncode != 0
    assert "has 2 title embeddings, but the catalogue has 3 distinct titles" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "z.npy").exists()
