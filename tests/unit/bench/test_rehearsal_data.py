"""Made-up raw files: their bytes, and what the project's own filter leaves of them."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rehearse import graph, ratings, rawfiles, titles
from rehearse.shapes import SHAPES, Shape, TitleShape
from run_script import run_script
from softrec.core import seeds

SMALL = Shape(400, 200, 8_000, 3_000, 900, 0.3, (3, 7), 1_740_000, 3_000_000, 2_000, "Toys", TitleShape(7, 0.6, 30))
FILTER = {"format": "ratings", "item_key": "parent_asin", "max_rows": None, "since": None, "until": None}
FILTER |= {"untitled": "before", "title_words": None, "long_titles": "cut", "duplicates": "earliest"}
FILTER |= {"core": "iterative", "k": 10, "expected": None}


def made(folder: Path, name: str, shape: Shape) -> dict[str, Path]:
    """Both files."""
    paths = {role: folder / f"{role}.txt" for role in rawfiles.KINDS}
    for role, path in paths.items():
        rawfiles.make(name, shape, role, path)
    return paths


def filtered(paths: dict[str, Path]) -> tuple[dict[str, dict[str, int]], pl.DataFrame, pl.DataFrame]:
    """What each step of the real filter leaves, by its name; the interactions; the catalogue."""
    folder = paths["ratings"].parent
    outputs = {name: folder / f"{name}.out" for name in ("interactions", "catalogue", "counts")}
    flags = {f"--{name}": path for name, path in {**paths, **outputs}.items()}
    ended = run_script("filter_interactions.py", FILTER, flags)
    assert ended.returncode == 0, ended.stderr
    steps = {step.pop("step"): step for step in json.loads(outputs["counts"].read_text())["steps"]}
    return steps, pl.read_parquet(outputs["interactions"]), pl.read_parquet(outputs["catalogue"])


def counted(step: dict[str, int]) -> tuple[int, int, int]:
    """Users, items and rows of a step."""
    return step["users"], step["items"], step["interactions"]


@pytest.mark.parametrize("name", ["small", "game"])
def test_the_filter_leaves_the_wanted_counts(name: str, tmp_path: Path) -> None:
    """Files of exactly the published bytes, and of their users and items; after the filter exactly Table 1."""
    shape = {"small": SMALL, **SHAPES}[name]
    paths = made(tmp_path, name, shape)
    assert paths["ratings"].stat().st_size == shape.ratings_bytes
    assert paths["metadata"].stat().st_size == shape.metadata_bytes
    steps, interactions, catalogue = filtered(paths)
    assert counted(steps["read"]) == (shape.all_users, shape.all_items, ratings.total_rows(shape))
    assert counted(steps["10-core"]) == (shape.users, shape.items, shape.rows)
    assert steps["10-core"]["rounds"] >= 3  # one that finds none, and more than one that drops some
    of_user = interactions["user"].value_counts()["count"]
    of_item = interactions["item"].value_counts()["count"]
    for of in (of_user, of_item):
        assert 10 <= of.min() < 0.7 * of.mean()  # many have few
        assert of.max() > 2 * of.mean()  # a heavy tail, though nobody has more than a fourth of the others
    shared = catalogue["title_id"].is_duplicated().mean()
    assert 0.02 <= shared <= 0.04
    words = catalogue["title"].str.split(" ").list.len()
    assert words.max() <= shape.title.most
    assert shape.title.median - 1 <= words.median() <= shape.title.median + 1


def test_the_files_have_what_the_filter_must_drop(tmp_path: Path) -> None:
    """Untitled items (a third of all: half with a null title, half without a line), repeats, tied times."""
    paths = made(tmp_path, "small", SMALL)
    steps, interactions, _ = filtered(paths)
    assert counted(steps["item has a title"])[1] == 900 - 270
    repeats = steps["item has a title"]["interactions"] - steps["earliest of repeats"]["interactions"]
    assert repeats >= 80  # 1 % of the core's 8,000 rows, and what chance repeats outside it
    lines = [json.loads(line) for line in paths["metadata"].open()]
    assert len(lines) == len({line["parent_asin"] for line in lines}) == 2_000
    assert sum(line["title"] is None for line in lines) == 135
    tied = interactions.group_by("user", "timestamp").len()["len"]
    assert 0.01 < 1 - len(tied) / len(interactions) < 0.03


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    """And another name other ones."""
    path = tmp_path / "file"
    sums = [rawfiles.make(name, SMALL, role, path) for name in ("a", "a", "b") for role in ("ratings", "metadata")]
    assert sums[:2] == sums[2:4]
    assert not set(sums[:2]) & set(sums[4:])


def test_times_of_twelve_digits_make_up_the_bytes(tmp_path: Path) -> None:
    """30,000 rows of 58 bytes and a header of 37 are 1,740,037: for 1,739,000 bytes 1,037 rows are a byte shorter."""
    shape = replace(SMALL, ratings_bytes=1_739_000, ratings_rows=30_000)
    path = tmp_path / "ratings"
    rawfiles.make("short", shape, "ratings", path)
    stamps = [line.rpartition(",")[2].strip() for line in path.open()][1:]
    assert path.stat().st_size == 1_739_000
    assert [sum(len(stamp) == digits for stamp in stamps) for digits in (12, 13)] == [1_037, 28_963]


def test_degrees_keep_to_their_bounds() -> None:
    """100 numbers from 10 to 40 that sum to 3,000: a mean of 30 so near to the upper bound that most stand there."""
    found = graph.degrees(seeds.stream(1, "degrees"), 100, 3_000, 1.0, 40)
    assert (found.sum(), found.min() >= 10, found.max()) == (3_000, True, 40)


def test_no_pair_is_left_twice() -> None:
    """Every count stays, whatever is exchanged: 30 users of 20 rows on 40 items, where chance repeats most users."""
    chance = seeds.stream(1, "pairs")
    user, item = np.repeat(np.arange(30), 20), chance.permutation(np.repeat(np.arange(40), 15))
    found = graph.without_repeats(chance, user, item.copy())
    assert len(np.unique(user * 40 + found)) == 600
    assert (np.bincount(found) == 15).all()


def test_a_file_that_is_too_small_is_refused(tmp_path: Path) -> None:
    """2,000 lines of metadata do not fit 100,000 bytes; 9,000 rows have no room for 8,000 and what surrounds them."""
    with pytest.raises(ValueError, match="100000 bytes are too few for 2000 lines"):
        rawfiles.make("none", replace(SMALL, metadata_bytes=100_000), "metadata", tmp_path / "file")
    with pytest.raises(ValueError, match="lower `charge`"):
        rawfiles.make("none", replace(SMALL, ratings_rows=9_000), "ratings", tmp_path / "file")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("count", "shared"), [(900, 3), (200, 3), (100, 2)])
def test_titles_for_more_items_than_the_core_has_or_for_fewer(count: int, shared: int) -> None:
    """Of the core's 200 items, or of the 100 that there are, 1.5 % take the title of another, which is rounded."""
    made = titles.titles(seeds.stream(1, "titles"), replace(SMALL, title=TitleShape(12, 0.1, 30)), count)
    assert len(made) == count
    assert len(made) - len(set(made)) == shared
