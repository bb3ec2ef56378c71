"""Properties of filter, windows and audit on data that nobody chose."""

import dataclasses
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as quick
from hypothesis import strategies as st

from common.errors import SoftrecError
from softrec.data import catalogue, filtering, id_counts
from softrec.data import ties as equal_times
from softrec.splits import sequences
from softrec.splits.sample_audit import audit_sample
from softrec.splits.split_audit import AuditSettings, Interactions, Part, audit

Review = tuple[str, str, int]
REVIEWS = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("pqrstuv"), st.integers(-2, 20)), min_size=1, max_size=80
)
SETTINGS = filtering.FilterSettings(
    "reviews", "parent_asin", None, None, None, "before", None, "cut", "earliest", "iterative", 2, None
)


def filtered(reviews: list[Review], settings: filtering.FilterSettings, titled: str = "pqrstu") -> list[Any]:
    """What the filter keeps, as (user number, item id, time) in its own order; nothing if it refuses."""
    frame = pl.DataFrame(reviews, schema=["user_id", "item_id", "timestamp"], orient="row")
    try:
        kept, _ = filtering.filter_interactions(frame, pl.Series(list(titled)), settings)
    except SoftrecError:
        return []
    rows = [(u, kept.item_ids[i - 1], t) for u, i, t in zip(kept.user, kept.item, kept.timestamp, strict=True)]
    assert [(u, t) for u, _, t in rows] == sorted((u, t) for u, _, t in rows)
    return rows


def naive(reviews: list[Review], settings: filtering.FilterSettings, titled: str = "pqrstu") -> list[Any]:
    """The same by the definition: sets, dictionaries, and one user or item removed at a time."""
    rows = [r for r in reviews if r[2] >= 0 and (settings.untitled != "before" or r[1] in titled)]
    if settings.duplicates != "none":
        chosen: dict[tuple[str, str], int] = {}
        better = min if settings.duplicates == "earliest" else max
        for user, item, time in rows:
            chosen[user, item] = better(chosen.get((user, item), time), time)
        rows = [(user, item, time) for (user, item), time in chosen.items()]
    if settings.core == "single_pass":
        counts = [Counter(row[side] for row in rows) for side in (0, 1)]
        rows = [r for r in rows if counts[0][r[0]] >= settings.k and counts[1][r[1]] >= settings.k]
    while settings.core == "iterative":
        counts = [Counter(row[side] for row in rows) for side in (0, 1)]
        rare = [(side, key) for side in (0, 1) for key, n in sorted(counts[side].items()) if n < settings.k]
        if not rare:
            break
        rows = [row for row in rows if row[rare[0][0]] != rare[0][1]]
    if settings.untitled == "after":
        rows = [row for row in rows if row[1] in titled]
    number = {user: n for n, user in enumerate(sorted({row[0] for row in rows}), start=1)}
    return by_item((number[u], i, t) for u, i, t in rows)


def by_item(rows: Iterable[Any]) -> list[Any]:
    """Rows by (user, time, item): equal times, whose order is a hash's, in one that is easily stated."""
    return sorted(rows, key=lambda row: (row[0], row[2], row[1]))


@quick(max_examples=150)
@given(
    REVIEWS,
    st.integers(1, 4),
    st.sampled_from(["earliest", "latest", "none"]),
    st.sampled_from(["iterative", "single_pass"]),
    st.sampled_from(["before", "after", "keep"]),
)
def test_filter_equals_its_definition(reviews: list[Review], k: int, duplicates: Any, core: Any, untitled: Any) -> None:
    """Hashing, and counting before repeats go, change nothing that comes out."""
    settings = dataclasses.replace(SETTINGS, k=k, duplicates=duplicates, core=core, untitled=untitled)
    assert by_item(filtered(reviews, settings)) == naive(reviews, settings)


@quick(max_examples=100)
@given(REVIEWS, st.integers(1, 4), st.randoms(use_true_random=False))
def test_core_is_a_fixpoint_and_free_of_order(reviews: list[Review], k: int, chance: Any) -> None:
    """Everyone left has k interactions, filtering again changes nothing, and neither does the order of reviews."""
    settings = dataclasses.replace(SETTINGS, k=k)
    once = filtered(reviews, settings)
    assert all(n >= k for side in (0, 1) for n in Counter(row[side] for row in once).values())
    assert len({row[:2] for row in once}) == len(once)
    again = [(chr(96 + user), item, time) for user, item, time in once]
    assert not once or by_item(filtered(again, settings)) == by_item(once)
    chance.shuffle(reviews)
    assert filtered(reviews, settings) == once


@quick(max_examples=100)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.integers(1, 5))
def test_enough_counts(low: list[int], k: int) -> None:
    """Keys that share their low bits are still told apart."""
    key = np.array([value << 40 for value in low], dtype=np.uint64)
    assert id_counts.at_least_k(key, k).tolist() == [low.count(value) >= k for value in low]


@quick(max_examples=100)
@given(
    st.lists(st.tuples(st.text(min_size=1, max_size=3), st.text(min_size=1, max_size=3)), min_size=2, unique=True),
    st.integers(0, 2**40),
    st.randoms(use_true_random=False),
)
def test_equal_times_are_ordered_by_seed_user_and_item_alone(
    pairs: list[tuple[str, str]], seed: int, chance: Any
) -> None:
    """Of any (user, item), all of one time, and any part of them in any order: it stands as it does in the whole."""
    settings = dataclasses.replace(SETTINGS, k=1, tie_seed=seed, untitled="keep")

    def order(some: list[tuple[str, str]]) -> list[tuple[str, str]]:
        users = sorted({user for user, _ in some}, key=str.encode)
        return [(users[number - 1], item) for number, item, _ in filtered([(u, i, 7) for u, i in some], settings)]

    part = chance.sample(pairs, len(pairs) // 2 + 1)
    assert order(part) == [pair for pair in order(pairs) if pair in part]


@quick(max_examples=100)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.integers(1, 12))
def test_windows_equal_a_loop(lengths: list[int], longest: int) -> None:
    """Every contiguous window of longest + 1 items, or all items of a shorter user, as (history, target, position)."""
    user = np.repeat(np.arange(len(lengths)), lengths)
    item = np.arange(100, 100 + len(user))
    windows = sequences.make_windows(user, longest)
    columns = sequences.columns(windows, item, item)
    found = list(
        zip(columns["history"].to_pylist(), columns["target"].tolist(), columns["position"].tolist(), strict=True)
    )
    expected = []
    for owner in range(len(lengths)):
        own = item[user == owner].tolist()
        size = min(longest + 1, len(own))
        starts = range(len(own) - size + 1) if len(own) > 1 else []
        expected += [(own[s : s + size - 1], own[s + size - 1], s + size - 1) for s in starts]
    assert found == expected


def world(lengths: list[int], times: list[int]) -> tuple[Interactions, dict[str, Any], list[Part]]:
    """Users of some lengths with unsorted times: interactions, tables and parts of their honest split (history 4)."""
    user = np.repeat(np.arange(1, len(lengths) + 1), lengths)
    item = np.concatenate([np.arange(1, n + 1) for n in lengths])
    time = np.resize(times, len(user))
    order = np.lexsort((equal_times.hash_numbers(1, "world", item * 100 + user), time, user))
    interactions = Interactions(user[order], item[order], time[order])
    columns = (interactions.user, interactions.item, interactions.timestamp)
    split = sequences.split(*columns, sequences.SplitSettings(4, [0.6, 0.2, 0.2]))
    tables = {name: pa.table(part) for name, part in split.items()}
    return interactions, tables, [Part.of(name, table) for name, table in tables.items()]


AUDIT = AuditSettings(4, [0.6, 0.2, 0.2])
LENGTHS = st.lists(st.integers(8, 20), min_size=3, max_size=6)
TIMES = st.lists(st.integers(0, 50), min_size=1, max_size=30)


@quick(max_examples=60)
@given(LENGTHS, TIMES, st.integers(1, 30))
def test_honest_splits_pass_the_audit(lengths: list[int], times: list[int], size: int) -> None:
    """Whatever the times, ties within and between users included."""
    interactions, tables, splits = world(lengths, times)
    samples = [Part.of(f"{n}_sample", t.take(sequences.draw(len(t), size, 1, n))) for n, t in tables.items()]
    report = audit(interactions, splits, AUDIT)
    drawn = [audit_sample(*parts)["checks"][0]["rows"] for parts in zip(splits, samples, strict=True)]
    assert drawn == [min(size, len(part.user)) for part in splits]
    assert report["checks"][1]["rows"] == sum(n - 4 for n in lengths)


@quick(max_examples=100)
@given(
    LENGTHS,
    TIMES,
    st.sampled_from([0, 1, 2]),
    st.sampled_from(["user", "target", "timestamp", "position", "items", "length"]),
    st.integers(0, 10**6),
    st.integers(1, 3),
)
def test_any_changed_number_is_found(
    lengths: list[int], times: list[int], which: int, column: str, place: int, by: int
) -> None:
    """One number of one row of one split, moved by 1 to 3: the audit never passes it."""
    interactions, _, splits = world(lengths, times)
    sample = dataclasses.replace(splits[which], name=f"{splits[which].name}_sample")
    changed = getattr(splits[which], column).copy()
    changed[place % len(changed)] += by
    splits[which] = dataclasses.replace(splits[which], **{column: changed})
    with pytest.raises(SoftrecError):
        audit(interactions, splits, AUDIT)
    with pytest.raises(SoftrecError):
        audit_sample(splits[which], sample)


@quick(max_examples=200)
@given(st.text(alphabet="ab &;<>/#ltgquospanmp3\n\t\u00a0", max_size=40))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    """Nothing that cleaning removes can appear by cleaning."""
    clean = catalogue.clean_text(text)
    assert catalogue.clean_text(clean) == clean
    assert clean is None or clean == " ".join(clean.split())
