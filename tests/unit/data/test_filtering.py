"""The filter on data small enough to be filtered by hand, and on real data whose core is known."""

import dataclasses
import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from common.errors import SoftrecError
from filter_settings import PAPER, settings
from softrec.data import catalogue, filtering, reviews
from softrec.data.filter_counts import Counts, Size

CHAIN = ["ax", "ay", "bx", "by", "cy", "cz"]
"""At k = 2: users have 2 rows each, items x 2, y 3, z 1. Round 1 drops cz, round 2 cy, round 3 none of the rest."""


def frame(rows: list[str], times: list[int] | None = None) -> pl.DataFrame:
    """Reviews written as "ux": user u, item x, at times 0, 1, 2, ..."""
    times = list(range(len(rows))) if times is None else times
    columns = {"user_id": [row[0] for row in rows], "item_id": [row[1] for row in rows], "timestamp": times}
    return pl.DataFrame(columns, schema={"user_id": pl.String, "item_id": pl.String, "timestamp": pl.Int64})


def run(rows: pl.DataFrame, titled: str = "xyz", **changes: Any) -> tuple[list[tuple[int, str, int]], Counts]:
    """(user number, item id, timestamp) of the interactions that are left, and the counts."""
    kept, counts = filtering.filter_interactions(rows, pl.Series(list(titled), dtype=pl.String), settings(**changes))
    ids = [kept.item_ids[item - 1] for item in kept.item]
    return list(zip(kept.user.tolist(), ids, kept.timestamp.tolist(), strict=True)), counts


def test_iterative_core_of_the_chain() -> None:
    """See CHAIN: four rows in three rounds; users a, b are 1, 2."""
    rows, counts = run(frame(CHAIN))
    assert rows == [(1, "x", 0), (1, "y", 1), (2, "x", 2), (2, "y", 3)]
    assert counts.steps[-1].rounds == 3
    assert counts.steps[0].size == Size(3, 3, 6)
    assert counts.steps[-1].size == Size(2, 2, 4)


def test_single_pass_counts_once() -> None:
    """Only cz goes; c stays with one row, though it misses k now."""
    rows, counts = run(frame(CHAIN), core="single_pass")
    assert len(rows) == 5
    assert counts.steps[-1].rounds == 1
    assert counts.steps[-1].size == Size(3, 2, 5)


@pytest.mark.parametrize(("keep", "time"), [("earliest", 1), ("latest", 9)])
def test_one_of_the_repeats_is_kept(keep: str, time: int) -> None:
    """Ax at 5, 1 and 9 beside ay, bx, by: one ax is left, and interactions are sorted by time."""
    rows, counts = run(frame(["ax", "ax", "ax", "ay", "bx", "by"], [5, 1, 9, 4, 2, 3]), duplicates=keep)
    assert (1, "x", time) in rows
    assert len(rows) == 4
    assert [step.size.interactions for step in counts.steps] == [6, 6, 6, 4, 4]
    assert [row[2] for row in rows if row[0] == 1] == sorted(row[2] for row in rows if row[0] == 1)


def test_repeats_do_not_lift_anyone_over_k() -> None:
    """C has y twice: two rows, one item. It passes the first count, and must go once repeats are gone."""
    rows, _ = run(frame(["ax", "ay", "bx", "by", "cy", "cy"]))
    assert {row[0] for row in rows} == {1, 2}
    assert len(rows) == 4


def test_without_dedupe_repeats_stay() -> None:
    """C's two rows of y are two interactions."""
    rows, counts = run(frame(["ax", "ay", "bx", "by", "cy", "cy"]), duplicates="none")
    assert len(rows) == 6
    assert [step.name for step in counts.steps] == ["read", "timestamp >= 0", "item has a title", "2-core"]


def test_untitled_before_after_and_kept() -> None:
    """Without a title for y: before leaves ax, bx, cz: no 2-core; after takes y off the core; keep does not."""
    with pytest.raises(SoftrecError, match="nothing is left after the step '2-core'"):
        run(frame(CHAIN), titled="xz")
    after, counts = run(frame(CHAIN), titled="xz", untitled="after")
    assert after == [(1, "x", 0), (2, "x", 2)]
    assert [step.name for step in counts.steps[-2:]] == ["2-core", "item has a title"]
    kept, _ = run(frame(CHAIN), titled="xz", untitled="keep")
    assert len(kept) == 4


def test_negative_times_and_the_window_are_counted() -> None:
    """Of ax -1, ax 0, ay 5, bx 6, by 9, cx 10: one is negative; [0, 10) leaves four, which are a 2-core."""
    rows, counts = run(frame(["ax", "ax", "ay", "bx", "by", "cx"], [-1, 0, 5, 6, 9, 10]), since=0, until=10)
    assert [row[2] for row in rows] == [0, 5, 6, 9]
    assert [(s.name, s.size.interactions) for s in counts.steps[:3]] == [
        ("read", 6),
        ("timestamp >= 0", 5),
        ("time window", 4),
    ]


@pytest.mark.parametrize(
    ("titled", "changes", "step", "before"),
    [
        ("", {}, "item has a title", "3 users, 3 items, 6 interactions"),
        ("xyz", {"k": 4}, "4-core", "3 users, 3 items, 6 interactions"),
        ("xyz", {"k": 4, "core": "single_pass"}, "4-core", "3 users, 3 items, 6 interactions"),
        ("xyz", {"since": 100}, "time window", "3 users, 3 items, 6 interactions"),
    ],
)
def test_nothing_left_names_step_and_counts(titled: str, changes: dict[str, Any], step: str, before: str) -> None:
    """The sentence names the step that took the last row, and what it had."""
    with pytest.raises(SoftrecError) as caught:
        run(frame(CHAIN), titled=titled, **changes)
    assert f"nothing is left after the step '{step}'" in caught.value.what
    assert before in caught.value.what


def test_numbers_follow_sorted_ids() -> None:
    """Users "10", "9" and items "b", "a": as text "10" < "9", so user 1 is "10", item 1 is "a"; times 7 are equal."""
    ids = {"user_id": ["9", "9", "10", "10"], "item_id": ["b", "a", "b", "a"], "timestamp": [7, 7, 1, 2]}
    kept, _ = filtering.filter_interactions(pl.DataFrame(ids), pl.Series(["a", "b"]), settings())
    assert kept.item_ids == ["a", "b"]
    rows = list(zip(kept.user, kept.item, kept.timestamp, strict=True))
    assert rows[:2] == [(1, 2, 1), (1, 1, 2)]
    assert sorted(rows[2:]) == [(2, 1, 7), (2, 2, 7)]


def test_items_of_are_in_order_of_appearance() -> None:
    """z, x, z, y -> z, x, y."""
    assert filtering.items_of(frame(["az", "bx", "cz", "cy"])).to_list() == ["z", "x", "y"]


def test_parents_of_items_are_what_metadata_are_keyed_by() -> None:
    """Items are their own, variants have theirs; of two, which would be a fault of the data, the first by name."""
    rows = frame(["az", "bx", "cz", "cy"])
    assert filtering.parents_of(rows, pl.Series(["z", "x", "y"])).to_list() == ["z", "x", "y"]
    variants = rows.with_columns(parent_id=pl.Series(["q", "p", "o", "q"]))
    assert filtering.parents_of(variants, pl.Series(["z", "x", "y"])).to_list() == ["o", "p", "q"]


@pytest.mark.parametrize(
    "changes",
    [
        {"k": 0},
        {"max_rows": 0},
        {"title_words": 0},
        {"item_key": "asin"},
        {"since": 5, "until": 5},
        {"long_titles": "drop", "title_words": 20, "untitled": "keep"},
    ],
)
def test_settings_that_mean_nothing_are_refused(changes: dict[str, Any]) -> None:
    """Each names its key."""
    with pytest.raises(SoftrecError) as caught:
        settings(**changes)
    assert next(iter(changes)) in caught.value.what


def test_table_shows_the_difference() -> None:
    """4 interactions where 5 are expected: -1, which is -20 %."""
    _, counts = run(frame(CHAIN), expected=Size(2, 2, 5))
    assert counts.as_json()["difference"] == {"users": 0, "items": 0, "interactions": -1}
    assert counts.as_json()["final"] == {"users": 2, "items": 2, "interactions": 4}
    assert counts.as_json()["density"] == 1.0
    lines = counts.table().splitlines()
    assert lines[-1].split()[-2:] == ["-20.0", "%"]
    assert len({len(line) for line in lines}) == 1


def filter_files(ratings: Path, metadata: Path, **changes: Any) -> Counts:
    """The counts of the filter on two files, by the paper's settings with changes."""
    chosen = dataclasses.replace(PAPER, **changes)
    raw = reviews.read_reviews(ratings, chosen.format, chosen.item_key)
    texts = catalogue.read_texts(metadata, chosen.format, filtering.items_of(raw))
    return filtering.filter_interactions(raw, texts.filter(pl.col("title").is_not_null())["item_id"], chosen)[1]


@pytest.mark.parametrize(
    ("core", "size", "rounds"),
    [("iterative", Size(5921, 3784, 103362), 22), ("single_pass", Size(11869, 10208, 191766), 1)],
)
def test_amazon_2018_video_games(core: str, size: Size, rounds: int) -> None:
    """Known counts of real data (452,989 reviews of 50,546 users)."""
    folder = os.environ.get("SOFTREC_TEST_DATA")
    if not folder:
        pytest.skip("SOFTREC_TEST_DATA is not set: no real reviews here")
    games = Path(folder) / "amazon18_video_games"
    counts = filter_files(
        games / "Video_Games.jsonl.gz", games / "meta_Video_Games.jsonl.gz", format="reviews", core=core
    )
    assert (counts.steps[-1].size, counts.steps[-1].rounds) == (size, rounds)
