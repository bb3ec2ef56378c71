"""Popularity: interactions of the training split, counted by hand, and ranks against brute force."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_script import run_script
from softrec.data import catalogue
from softrec.evaluation.popularity import interaction_counts, rank
from softrec.evaluation.ranking import Candidates, ahead
from softrec.io import tables
from softrec.splits import sequences
from softrec.splits.seen_items import SeenItems

# Five users of a toy shop, each with items in time order; the n-th interaction of user u is at 10 n + u.
BOUGHT = {1: [1, 2, 3, 4], 2: [2, 3, 1, 6], 3: [3, 1, 2], 4: [1, 2], 5: [5, 4, 6, 3]}
TITLES = ["A", "B", "C", "D", "E", "F"]


def interactions(bought: dict[int, list[int]] = BOUGHT) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Users, items and times, sorted by user and time."""
    rows = [(user, item, 10 * n + user) for user, own in bought.items() for n, item in enumerate(own)]
    user, item, time = (np.array(column) for column in zip(*rows, strict=True))
    return user, item, time


def split(bought: dict[int, list[int]] = BOUGHT) -> dict[str, Any]:
    """The toy's sequences with a history of 2, split 7:1:2 by the time of the target."""
    settings = sequences.SplitSettings(history=2, fractions=[0.7, 0.1, 0.2])
    return sequences.split(*interactions(bought), settings)


def test_training_interactions_by_hand() -> None:
    """Eight sequences, the first by the time of their targets: user 4 at 14, users 1, 2, 3 and 5 at 21, 22, 23 and 25.

    These five are the training split (0.7 x 8, rounded down). Their histories and targets are 1 2 3, 2 3 1, 3 1 2, 1 2
    and 5 4 6: items 1 and 2 four times, 3 three times, 4, 5 and 6 once. What comes at 31 (validation), 32
    and 35 (test) is not there: item 4 of user 1, item 6 of user 2, item 3 of user 5.
    """
    train = split()["train"]
    assert sorted(train["timestamp"].tolist()) == [14, 21, 22, 23, 25]
    assert interaction_counts(pa.table(train), 6).tolist() == [0, 4, 4, 3, 1, 1, 1]


def test_an_interaction_counts_once_however_many_sequences_have_it() -> None:
    """User 7 has items 1 2 3 4 2: three sequences of history 2, in all of which item 3 is; item 2 was had twice."""
    part = sequences.columns(sequences.make_windows(np.full(5, 7), 2), np.array([1, 2, 3, 4, 2]), np.arange(5))
    assert part["history"].to_pylist() == [[1, 2], [2, 3], [3, 4]]
    assert interaction_counts(pa.table(part), 5).tolist() == [0, 1, 2, 1, 1, 0]
    assert interaction_counts(pa.table(part).take([2, 0, 1]), 5).tolist() == [0, 1, 2, 1, 1, 0], "in any order"


@pytest.mark.parametrize("part", ["valid", "test"])
def test_later_interactions_do_not_count(part: str) -> None:
    """With item 5 in the place of every validation or test target the counts are the same; the split is too."""
    before = split()
    changed = {user: list(own) for user, own in BOUGHT.items()}
    for user, position in zip(before[part]["user"].tolist(), before[part]["position"].tolist(), strict=True):
        changed[user][position] = 5
    after = split(changed)
    assert changed != BOUGHT
    assert not np.array_equal(after[part]["target"], before[part]["target"])
    assert np.array_equal(
        interaction_counts(pa.table(after["train"]), 6), interaction_counts(pa.table(before["train"]), 6)
    )


@given(st.integers(0, 10_000), st.sampled_from(["seen", "window", "none"]))
def test_ranks_are_those_of_brute_force(seed: int, mask: Any) -> None:
    """Each candidate title is compared with the target's by `ahead`, as in every other ranking; counts tie often."""
    rng = np.random.default_rng(seed)
    titles, items = 9, 12
    title_id = np.concatenate([[-1], np.arange(titles), rng.integers(0, titles, items - titles)])
    count = np.concatenate([[0], rng.integers(0, 4, items)])
    seen = SeenItems(np.repeat([1, 2], 5), rng.integers(1, items + 1, 10))
    candidates = Candidates(title_id, titles, seen, mask, seed)
    rows = {"user": [1, 2, 2], "position": [4, 0, 5], "target": rng.integers(1, items + 1, 3).tolist()}
    rows["history"] = [rng.integers(1, items + 1, 2).tolist() for _ in range(3)]
    found = rank(count, candidates, rows)
    score = np.array([max(count[item] for item in range(1, items + 1) if title_id[item] == t) for t in range(titles)])
    for row, (user, position, target) in enumerate(zip(rows["user"], rows["position"], rows["target"], strict=True)):
        own = title_id[target]
        gone = {*candidates.excluded(user, position, rows["history"][row]).tolist()} - {own}
        others = np.array([title for title in range(titles) if title != own and title not in gone])
        order = candidates.order
        first, equal = ahead(-score[others], -score[own], order[others], order[own])
        assert (found.rank[row], found.ties[row]) == (first.sum(), equal.sum())
        assert found.candidates[row] == titles - len(gone)


def write_shop(folder: Path) -> dict[str, Path]:
    """The toy as files; returns the flags of the script."""
    user, item, _ = interactions()
    parts = split()
    tables.write_table(folder / "train.parquet", parts["train"], sequences.TYPES)
    test = {**parts["test"], "paper": [True] * len(parts["test"]["user"])}
    tables.write_table(folder / "rows.parquet", test, sequences.SAMPLE_TYPES)
    known = {"item": range(1, 7), "source_id": TITLES, "title": TITLES, "category": [None] * 6, "title_id": range(6)}
    tables.write_table(folder / "catalogue.parquet", known, catalogue.TYPES)
    tables.write_table(folder / "interactions.parquet", {"user": user, "item": item}, tables.types("user", "item"))
    return {f"--{name}": folder / f"{name}.parquet" for name in ("train", "rows", "interactions", "catalogue")}


def test_the_script_by_hand(tmp_path: Path) -> None:
    """The test rows are user 2 at 32 (target 6) and user 5 at 35 (target 3).

    User 2 has had 2, 3 and 1; left are 4, 5 and 6, each counted once: both others tie with the target. User 5 has had
    5, 4 and 6; of 1, 2 and 3 the target, item 3, is the last: rank 2 without a tie.
    """
    flags = {**write_shop(tmp_path), "--ranks": tmp_path / "ranks.parquet"}
    done = run_script("rank_popularity.py", {"mask": "seen", "tie_seed": 42}, flags)
    assert done.returncode == 0, done.stderr
    found = pq.read_table(tmp_path / "ranks.parquet").to_pylist()
    assert [row["target"] for row in found] == [6, 3]
    assert [(row["candidates"], row["ties"]) for row in found] == [(3, 2), (3, 0)]
    assert found[1]["rank"] == 2
    assert found[0]["rank"] in (0, 1, 2)
    inputs = json.loads((tmp_path / "ranks.parquet.manifest.json").read_text())["inputs"]
    assert len(inputs) == 4, "train, rows, interactions and catalogue"


def test_an_item_outside_the_catalogue_is_an_error(tmp_path: Path) -> None:
    """One sentence, and no ranks."""
    flags = {**write_shop(tmp_path), "--ranks": tmp_path / "ranks.parquet"}
    part = {**split()["train"]}
    part["target"] = np.where(part["target"] == 6, 7, part["target"])
    tables.write_table(tmp_path / "train.parquet", part, sequences.TYPES)
    done = run_script("rank_popularity.py", {"mask": "seen", "tie_seed": 42}, flags)
    assert done.returncode != 0
    assert "has the item 7, but the catalogue has 6 items" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "ranks.parquet").exists()
