"""The rehearsal misses no rule of the paper's grid, and the page shows what was measured."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lib.dryrun import Job
from rehearse import lines, page, parts, settings, tables
from rehearse.project import Project
from rehearse.shapes import SHAPES

Checked = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="module")
def rehearsed(checked: Checked, tmp_path_factory: pytest.TempPathFactory) -> list[Job]:
    """The jobs of the part of Game."""
    folder = tmp_path_factory.mktemp("rehearsal")
    (folder / settings.BASE).mkdir()
    (folder / settings.BASE / "config.json").touch()  # a plan asks for no more
    sums = {"ratings": "a" * 64, "metadata": "b" * 64}
    return Project(folder, settings.of_dataset(checked("paper"), "game", sums)).plan("all")


def test_every_rule_of_the_grid_is_rehearsed_or_named(paper_jobs: list[Job], rehearsed: list[Job]) -> None:
    """A new rule is run by the parts, since they ask for all; one that they do not run is named with its reason."""
    asked = {lines.family(job.rule, SHAPES) for job in paper_jobs if job.rule != "all"}
    run = {lines.family(job.rule, SHAPES) for job in rehearsed}
    assert asked - run == set(settings.NOT_ON_DATA)
    assert all(settings.NOT_ON_DATA.values())


def test_a_part_has_one_job_of_most_rules(rehearsed: list[Job]) -> None:
    """One seed and one candidate: a fit of each method, four tunings of each backbone, two of which predict alike."""
    counted = [sum(job.rule == rule for job in rehearsed) for rule in ("fit_sasrec", "fit_dros", "tune_soft")]
    assert counted == [1, 1, 2]
    assert sum(job.rule == parts.ASK for job in rehearsed) == 8
    (fetch,) = (job for job in rehearsed if job.rule == "fetch_amazon2023_game")
    assert "a" * 64 in fetch.command
    assert '"transport": "hub"' in fetch.command


def test_sizes_are_the_papers(checked: Checked) -> None:
    """All that the parts change is what they say: seeds, candidates, epochs, the model and how it is run."""
    paper = checked("paper")
    found = settings.of_dataset(paper, "kindle", {})
    changed = {key for key in paper if paper[key] != found[key]}
    assert {"run", "seeds", "datasets", "llms", "engine", "sasrec", "soft", "tuning", "sdpo"} <= changed
    assert not changed & {"filter", "split", "samples", "ranking", "lora", "generation", "statistics", "amazon2023"}
    assert found["datasets"]["kindle"] == {**paper["datasets"]["kindle"], "llm": "stand-in"}
    for section in changed - {"run", "seeds", "datasets", "llms", "engine"}:
        own = {key for key in paper[section] if paper[section][key] != found[section][key]}
        assert own <= {"l2", "alphas", "epochs"}


def test_what_reads_predictions_comes_after_them(rehearsed: list[Job]) -> None:
    """Ranks, metrics and all tables, but no fit."""
    after = parts.behind(rehearsed, parts.ASK)
    assert {"ground_predictions", "evaluate_ranks", "make_table2", "measure_significance"} <= after
    assert not after & {"fit_sasrec", "tune_soft", "predict_titles", "describe_self_distilled", "choose_alpha"}


def test_shapes_are_table_1_and_the_published_bytes(checked: Checked) -> None:
    """One number, one place: the configuration's, and those that `make cost` counts with."""
    from lib import disk

    for name, dataset in checked("paper")["datasets"].items():
        shape = SHAPES[name]
        assert dataset["expected"] == {"users": shape.users, "items": shape.items, "interactions": shape.rows}
        sizes = [disk.RAW_BYTES[dataset["source"][role]["path"]] for role in ("ratings", "metadata")]
        assert sizes == [shape.ratings_bytes, shape.metadata_bytes]


def test_the_page_shows_the_lines(checked: Checked, paper_jobs: list[Job], tmp_path: Path) -> None:
    """Otherwise: `make rehearse`."""
    found = [line for name in (*SHAPES, lines.MODEL, tables.NAME) for line in lines.read(name)]
    copy = tmp_path / "page.md"
    copy.write_text(page.PAGE.read_text())
    page.write(found, checked("paper"), paper_jobs, copy)
    assert copy.read_text() == page.PAGE.read_text()
