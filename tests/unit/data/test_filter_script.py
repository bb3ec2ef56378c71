"""The scripts of the data room from raw files to the audit: exact results, and bad input that leaves nothing behind."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import audit_sample
import audit_split
import filter_interactions
import sample_sequences
import split_sequences
from filtered_shop import FILTER, SAMPLES, SPLIT, run, run_filter
from softrec.data import catalogue, filtering
from softrec.splits import sequences
from toy_shop import ToyShop, write_toy_shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> ToyShop:
    """The toy shop's two files."""
    return write_toy_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def data(shop: ToyShop) -> Path:
    """The toy shop, filtered, split, and sampled."""
    out = run_filter(shop.ratings, shop.metadata, shop.ratings.parent / "out")
    parts = {name: out / f"{name}.parquet" for name in sequences.SPLITS}
    run(split_sequences, SPLIT, interactions=out / "interactions.parquet", **parts)
    for name, rows in SAMPLES.items():
        settings = {"split": name, "rows": rows, "seed": 42}
        run(sample_sequences, settings, sequences=parts[name], sample=out / f"{name}_sample.parquet")
    return out


def run_audit(data: Path, out: Path, **changes: Path) -> Path:
    """Audit a folder of splits, some of them replaced."""
    paths = {name: data / f"{name}.parquet" for name in ["interactions", *sequences.SPLITS]} | changes
    run(audit_split, SPLIT, audit=out / "audit.json", **paths)
    return out / "audit.json"


def test_toy_shop_keeps_its_core(shop: ToyShop, data: Path) -> None:
    """Repeats, visitors, the untitled and the unlisted item go; every planted interaction stays; titles are clean."""
    counts = json.loads((data / "counts.json").read_text())
    assert counts["final"] == {"users": shop.users, "items": shop.items, "interactions": shop.interactions}
    items = pq.read_table(data / "catalogue.parquet")
    assert items["title"].to_pylist() == shop.titles
    assert items["title_id"].to_pylist() == list(range(shop.items))
    assert items["source_id"].to_pylist() == [f"TOY{j:04d}" for j in range(shop.items)]
    assert items["category"].to_pylist()[4:6] == ["Toys > Ember & Ash Saga", None]
    sizes = [step["interactions"] for step in counts["steps"]]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[2] > sizes[3] > sizes[4] == shop.interactions


def test_files_have_the_types_of_the_contract(data: Path) -> None:
    """Columns, Arrow types and order of rows of the three kinds of tables."""
    interactions = pq.read_table(data / "interactions.parquet")
    assert {f.name: str(f.type) for f in interactions.schema} == filtering.TYPES
    rows = list(zip(*(interactions[name].to_pylist() for name in ("user", "timestamp")), strict=True))
    assert rows == sorted(rows)
    assert {f.name: str(f.type) for f in pq.read_schema(data / "catalogue.parquet")} == catalogue.TYPES
    for name, types in (("train", sequences.TYPES), ("test_sample", sequences.SAMPLE_TYPES)):
        schema = pq.read_schema(data / f"{name}.parquet")
        assert schema.field("history").type == pa.list_(pa.int32())
        assert [f.name for f in schema] == list(types)


def test_the_rule_of_the_toy_shop_can_be_learned(data: Path) -> None:
    """In most test rows the target is the next part of the last item: what a model should find (chance is 1 in 40)."""
    rows = pq.read_table(data / "test.parquet").to_pylist()
    assert sum(row["target"] == row["history"][-1] + 1 for row in rows) > 0.5 * len(rows)


def test_the_audit_passes_and_is_written(data: Path, tmp_path: Path) -> None:
    """The sum of all splits' rows is that of max(1, L - 10) over users."""
    users = pq.read_table(data / "interactions.parquet")["user"].to_pylist()
    due = sum(max(1, users.count(user) - 10) for user in set(users))
    report = json.loads(run_audit(data, tmp_path).read_text())
    assert sum(split["rows"] for split in report["splits"].values()) == due


def test_the_audit_fails_on_exchanged_splits(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Test rows given as validation rows, and the other way round: status 1, the rule, the row, no report."""
    swapped = {"valid": data / "test.parquet", "test": data / "valid.parquet"}
    with pytest.raises(SystemExit) as caught:
        run_audit(data, tmp_path, **swapped)
    assert caught.value.code == 1
    assert "leakage: a valid target is later than the first test target" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_sample_is_held_against_its_split(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its rows are counted; the sample of another split is refused by row, and no report is left."""
    files = {name: {"sequences": data / f"{name}.parquet", "audit": tmp_path / f"{name}.json"} for name in SAMPLES}
    for name in SAMPLES:
        rows = pq.read_metadata(data / f"{name}_sample.parquet").num_rows
        run(audit_sample, {"split": name}, sample=data / f"{name}_sample.parquet", **files[name])
        assert json.loads((tmp_path / f"{name}.json").read_text())["checks"][0]["rows"] == rows
        (tmp_path / f"{name}.json").unlink()
    with pytest.raises(SystemExit):
        run(audit_sample, {"split": "valid"}, sample=data / "test_sample.parquet", **files["valid"])
    assert "a sampled row is not in valid" in (said := capsys.readouterr().err)
    assert "row 0 of valid_sample" in said
    assert not (tmp_path / "valid.json").exists()


def test_variants_have_the_titles_of_their_parents(shop: ToyShop, tmp_path: Path) -> None:
    """Users of even number review variant A of each toy, the others variant B; metadata know the toy alone.

    In a core of k = 1 both variants of each toy are left, 80 items of 40 titles; nobody reviews both, so the
    interactions are those of the shop's core and three of each of 8 visitors.
    """
    lines = map(json.loads, gzip.decompress(shop.ratings.read_bytes()).splitlines())
    variants = [line | {"asin": line["asin"] + "AB"[int(line["user_id"][-1]) % 2]} for line in lines]
    ratings = tmp_path / "variants.jsonl"
    ratings.write_text("".join(json.dumps(line) + "\n" for line in variants))
    out = run_filter(ratings, shop.metadata, tmp_path / "out", item_key="asin", k=1)
    items = pq.read_table(out / "catalogue.parquet").to_pydict()
    assert items["source_id"] == [f"TOY{j:04d}{variant}" for j in range(shop.items) for variant in "AB"]
    assert items["title"] == [title for title in shop.titles for _ in "AB"]
    assert items["title_id"] == [j for j in range(shop.items) for _ in "AB"]
    assert items["category"][8:10] == ["Toys > Ember & Ash Saga"] * 2
    assert json.loads((out / "counts.json").read_text())["final"]["interactions"] == shop.interactions + 8 * 3


@pytest.mark.parametrize("seed", ["1", "2"])
def test_ids_do_not_depend_on_the_process(shop: ToyShop, data: Path, tmp_path: Path, seed: str) -> None:
    """Another process with another hash seed, and reviews in reverse order, gives the same bytes."""
    lines = gzip.decompress(shop.ratings.read_bytes()).splitlines(keepends=True)
    ratings = tmp_path / "reversed.jsonl"
    ratings.write_bytes(b"".join(reversed(lines)))
    names = {"interactions": "interactions.parquet", "catalogue": "catalogue.parquet", "counts": "counts.json"}
    flags = [text for flag, name in names.items() for text in (f"--{flag}", str(tmp_path / name))]
    command = [sys.executable, filter_interactions.__file__, "--settings", json.dumps(FILTER), *flags]
    command += ["--ratings", str(ratings), "--metadata", str(shop.metadata)]
    subprocess.run(command, check=True, env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True)
    for name in names.values():
        assert (tmp_path / name).read_bytes() == (data / name).read_bytes()


def refused(capsys: pytest.CaptureFixture[str], ratings: Path, metadata: Path, out: Path, **changes: Any) -> str:
    """The sentences of a filter that must fail; nothing may be left in `out`."""
    with pytest.raises(SystemExit) as caught:
        run_filter(ratings, metadata, out, **changes)
    assert caught.value.code == 1
    assert not out.exists() or list(out.iterdir()) == []
    return capsys.readouterr().err


def test_a_truncated_file_leaves_nothing(shop: ToyShop, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Half the metadata: its name, not that of the ratings."""
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(shop.metadata.read_bytes()[: shop.metadata.stat().st_size // 2])
    assert f"error: {cut} is a damaged gzip file" in refused(capsys, shop.ratings, cut, tmp_path / "out")


def test_a_broken_line_leaves_nothing(shop: ToyShop, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Line 6 of the ratings is not JSON."""
    lines = gzip.decompress(shop.ratings.read_bytes()).splitlines()
    ratings = tmp_path / "broken.jsonl"
    ratings.write_bytes(b"\n".join([*lines[:5], b"<html>", *lines[5:]]))
    assert f"where:  {ratings}, line 6" in refused(capsys, ratings, shop.metadata, tmp_path / "out")


def test_the_wrong_format_names_the_key(shop: ToyShop, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """JSON lines read as comma-separated ratings have no header."""
    assert "looks like `format: reviews`" in refused(
        capsys, shop.ratings, shop.metadata, tmp_path / "out", format="ratings"
    )


def test_nothing_survives_names_step_and_counts(
    shop: ToyShop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A 50-core: users have at most 18 items."""
    text = refused(capsys, shop.ratings, shop.metadata, tmp_path / "out", k=50)
    assert "nothing is left after the step '50-core'" in text
    assert f"{shop.users + 8} users, {shop.items} items" in text


def test_metadata_of_another_data_set_and_ratings_twice_are_named(
    shop: ToyShop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both files, and that none of the ids is known: also where untitled items would be kept."""
    other = tmp_path / "meta.jsonl"
    other.write_text('{"parent_asin": "X", "title": "Other"}\n')
    for untitled in ("before", "keep"):
        with pytest.raises(SystemExit):
            run_filter(shop.ratings, other, tmp_path / "out", untitled=untitled)
        said = capsys.readouterr().err
        assert f"{other} covers 0 of the " in said
        assert f"items of {shop.ratings}" in said
    with pytest.raises(SystemExit):
        run_filter(shop.ratings, shop.ratings, tmp_path / "out")
    assert f"{shop.ratings} is given as ratings and as metadata" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_long_titles_cut_and_dropped(shop: ToyShop, tmp_path: Path) -> None:
    """Titles of the first saga have 7 words ("Ember & Ash Saga 1: Ashen Gate"), others 5: cut to 5, or 10 items go."""
    cut = run_filter(shop.ratings, shop.metadata, tmp_path / "cut", title_words=5)
    assert pq.read_table(cut / "catalogue.parquet")["title"][0].as_py() == "Ember & Ash Saga 1:"
    dropped = run_filter(shop.ratings, shop.metadata, tmp_path / "drop", title_words=5, long_titles="drop", k=5)
    titles = pq.read_table(dropped / "catalogue.parquet")["title"].to_pylist()
    assert titles == [title for title in shop.titles if len(title.split()) <= 5]


@pytest.mark.parametrize(
    ("category", "step"), [("Movies_and_TV", "22 users, 76 items"), ("Video_Games", "30 users, 146")]
)
def test_published_sample_has_no_core(
    category: str, step: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """150 real reviews have no 10-core; untitled films were dropped before it (74 of 150 items)."""
    folder = os.environ.get("SOFTREC_TEST_DATA")
    if not folder:
        pytest.skip("SOFTREC_TEST_DATA is not set: no real reviews here")
    sample = Path(folder) / "amazon23_raw_sample"
    ratings = sample / "benchmark/0core/rating_only" / f"{category}.csv"
    text = refused(capsys, ratings, sample / f"meta_{category}.jsonl.gz", tmp_path / "out", format="ratings")
    assert "nothing is left after the step '10-core'" in text
    assert step in text
