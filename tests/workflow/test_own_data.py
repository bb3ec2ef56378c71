"""The worked example of docs/data.md: a CSV of a user's own, from the page's configuration to interactions."""

import csv
import json
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from lib.config import configuration, cross_checks, loading
from lib.slices import Slices
from places import ROOT
from toy_project import OPTIONS, Project, new_project, read_lines
from toy_shop import write_toy_shop

EXAMPLE = (ROOT / "docs/data.md").read_text(encoding="utf-8").partition("## From your own table")[2]


def write_loans(path: Path) -> None:
    """The toy shop as a table of loans, with dates, and the title and the saga of each item."""
    shop = write_toy_shop(path.parent / "shop")
    items = {item["parent_asin"]: item for item in read_lines(shop.metadata)}
    with path.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(["reader", "book", "lent", "name", "genre"])
        for review in read_lines(shop.ratings):
            item = items.get(review["parent_asin"], {})
            lent = datetime.fromtimestamp(review["timestamp"] / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
            genre = (item.get("categories") or ["", ""])[-1]
            rows.writerow([review["user_id"], review["parent_asin"], lent, item.get("title"), genre])


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project with the page's configuration, in whose home folder the loans are."""
    home = tmp_path_factory.mktemp("home")
    (home / "library").mkdir()
    write_loans(home / "library/loans.csv")
    project = new_project(tmp_path_factory.mktemp("own") / "softrec")
    text = re.search(r"```yaml\n(.*?)```", EXAMPLE, re.DOTALL)[1]
    (project.root / "config/toy.yaml").write_text(text.replace("~/library", str(home / "library")))
    return project


def test_the_example_is_short_and_its_sample_is_of_the_table(library: Project) -> None:
    """Under 25 lines of configuration, its first lines being those of the table."""
    text = re.search(r"```yaml\n(.*?)```", EXAMPLE, re.DOTALL)[1]
    assert len(text.splitlines()) < 25
    source = yaml.safe_load((library.root / "config/toy.yaml").read_text())["datasets"]["loans"]["source"]
    with (Path(source["folder"]) / source["ratings"]).open() as stream:
        rows = stream.read().splitlines()
    sample = re.search(r"```text\n(.*?)```", EXAMPLE, re.DOTALL)[1].splitlines()
    assert sample[0] == rows[0]
    assert set(sample) <= set(rows)


def test_another_category_of_amazon_can_be_recorded(checked: Callable[[str], dict[str, Any]]) -> None:
    """The page's source stands beside the paper's three, which stay checked."""
    text = re.search(r"```yaml\n(source:\n  kind: amazon2023.*?)```", EXAMPLE, re.DOTALL)[1]
    config = checked("paper")
    config["datasets"]["own"] = {**config["datasets"]["game"], "label": "Own", "source": yaml.safe_load(text)["source"]}
    configuration.check(config, str(loading.SCHEMA), "the page", cross_checks.problems)
    modes = {name: json.loads(Slices(config).amazon2023(name))["checksum"] for name in config["datasets"]}
    assert modes == {"game": "expected", "movie": "expected", "kindle": "expected", "own": "record"}


def test_the_plan_has_the_rows_of_the_example(library: Project) -> None:
    """Nothing is fetched; the table has three rows."""
    rules = {job.rule for job in library.planned()}
    assert {"filter_interactions", "fit_sasrec", "tune_sft", "tune_soft", "make_table2"} <= rules
    assert not [rule for rule in rules if rule.startswith("fetch")]
    assert "tune_sdpo" not in rules


def test_the_filter_reads_the_table(library: Project) -> None:
    """The 10-core of the toy shop: 60 users, 40 items and 888 interactions; untitled items and repeats are dropped."""
    command = [sys.executable, "-m", "snakemake", "results/library/loans/filter_counts.json", *OPTIONS]
    library.run(command)  # a target after --configfile would count as a second file
    items = pq.read_table(library.root / "results/library/loans/catalogue.parquet")
    rows = pq.read_table(library.root / "results/library/loans/interactions.parquet")
    assert (items.num_rows, rows.num_rows) == (40, 888)
    assert items["title"].to_pylist()[0] == "Ember & Ash Saga 1: Ashen Gate"
    assert items["category"].to_pylist()[4] == "Ember & Ash Saga"
