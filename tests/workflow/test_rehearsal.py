"""The rehearsal misses no rule of the paper's grid, and the page shows what was measured."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lib.cost import estimate
from made_weights import ONE_WEIGHT
from rehearse import lines, page, parts, settings, tables
from rehearse.project import Project, RehearsalError
from rehearse.shapes import SHAPES
from tools import dry_run
from tools.dry_run import Job

Checked = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="module")
def planning(checked: Checked, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The part of Game in a folder where nothing has run."""
    folder = tmp_path_factory.mktemp("rehearsal")
    (folder / settings.BASE).mkdir()
    (folder / settings.BASE / "config.json").write_text("{}")  # a plan asks for no more than these two
    (folder / settings.BASE / "model.safetensors").write_bytes(ONE_WEIGHT)
    sums = {"ratings": "a" * 64, "metadata": "b" * 64}
    return Project(folder, settings.of_dataset(checked("paper"), "game", sums))


@pytest.fixture(scope="module")
def rehearsed(planning: Project) -> list[Job]:
    """All its jobs."""
    return planning.plan("all")


JOBS = {
    **dict.fromkeys(("fit_sasrec", "fit_dros", "tune_sdpo", "tune_soft_wo_sa"), 1),
    **{"tune_sft": 2, "tune_soft": 2, parts.ASK: 6},
}


def test_every_rule_of_the_grid_is_rehearsed_or_named(paper_jobs: list[Job], rehearsed: list[Job]) -> None:
    """A new rule is run by the parts, since they ask for all; one that they do not run is named with its reason."""
    asked = {lines.family(job.rule, SHAPES) for job in paper_jobs if job.rule != "all"}
    run = {lines.family(job.rule, SHAPES) for job in rehearsed}
    assert asked - run == set(settings.NOT_ON_DATA)
    assert all(settings.NOT_ON_DATA.values())


def test_a_part_has_one_job_of_most_rules(rehearsed: list[Job]) -> None:
    """One seed and one candidate: a fit of each method, SFT and SOFT of both backbones, the rest of LLaRA."""
    counted = {rule: sum(job.rule == rule for job in rehearsed) for rule in JOBS}
    assert counted == JOBS
    (fetch,) = (job for job in rehearsed if job.rule == "fetch_amazon2023_game")
    assert "a" * 64 in fetch.command
    assert '"transport": "hub"' in fetch.command


def test_sizes_are_the_papers(checked: Checked) -> None:
    """All that the parts change is what they say: seeds, candidates, epochs, the model and how it is run."""
    paper = checked("paper")
    found = settings.of_dataset(paper, "kindle", {})
    changed = {key for key in paper if paper[key] != found[key]}
    assert {"run", "seeds", "methods", "datasets", "llms", "engine", "sasrec", "soft", "tuning", "sdpo"} <= changed
    assert set(paper["methods"]) - set(found["methods"]) == set(settings.TWINS)
    assert not changed & {"filter", "split", "samples", "ranking", "lora", "generation", "statistics"}
    assert found["datasets"]["kindle"] == {**paper["datasets"]["kindle"], "llm": "stand-in"}
    for section in changed - {"run", "seeds", "methods", "datasets", "llms", "engine"}:
        own = {key for key in paper[section] if paper[section][key] != found[section][key]}
        assert own <= {"l2", "alphas", "epochs", "allow_http"}


def test_what_reads_predictions_comes_after_them(rehearsed: list[Job]) -> None:
    """Ranks, metrics and all tables, but no fit."""
    asking = [job for job in rehearsed if job.rule == parts.ASK]
    after = {job.rule for job in parts.behind(rehearsed, asking)}
    assert {"ground_predictions", "evaluate_ranks", "make_table2", "measure_significance"} <= after
    assert not after & {"fit_sasrec", "tune_soft", "predict_titles", "describe_self_distilled", "select_alpha"}


def test_shapes_are_table_1_and_the_published_bytes(checked: Checked) -> None:
    """One number, one place: the configuration's, and those that `make cost` counts with."""
    from lib.cost import disk

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


def test_some_rules_bring_what_they_need(rehearsed: list[Job], planning: Project) -> None:
    """DROS trains with the L2 that SASRec's fits chose, on an audited split: nothing else is planned, nothing lacks."""
    raw = [job for job in rehearsed if job.rule.startswith(parts.RAW)]
    for path in (path for job in raw for path in planning.outputs(job)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    own = parts.chosen([job for job in rehearsed if job not in raw], ["fit_dros"])
    assert {job.rule for job in own} == {
        "fit_dros",
        "select_hyperparameter",
        "fit_sasrec",
        "split_sequences",
        "audit_split",
    }
    allowed, targets = {job.rule for job in own}, [job.output[0] for job in own]
    planned = dry_run.jobs([*planning.options, "--allowed-rules", "all", *sorted(allowed), "--", *targets])
    assert sorted(job.output for job in planned) == sorted(job.output for job in own)


def test_drawn_predictions_are_taken_as_they_stand(rehearsed: list[Job], planning: Project) -> None:
    """The last stage: all that reads them is planned, and nothing that would make them again.

    That is six models' ranks, and those of two rows that read embeddings of titles in the place of predictions.
    """
    after = parts.behind(rehearsed, [job for job in rehearsed if job.rule in estimate.LLM_RULES])
    for job in rehearsed:
        if job not in after:
            for path in planning.outputs(job):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
    allowed, targets = {job.rule for job in after}, [job.output[0] for job in after]
    planned = dry_run.jobs([*planning.options, "--allowed-rules", "all", *sorted(allowed), "--", *targets])
    assert sorted(job.output for job in planned) == sorted(job.output for job in after)
    assert sum(job.rule == "ground_predictions" for job in planned) == JOBS[parts.ASK] + 2
    assert not allowed & {"fit_sasrec", "fit_dros", "tune_sft", "encode_titles"}


def test_the_tables_copy_what_a_part_has_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For every seed and candidate the one that there is, for BIGRec's SDPO LLaRA's.

    A file that no part has made is refused by its name.
    """
    monkeypatch.setattr(tables, "FOLDER", tmp_path)
    made = tmp_path / "game/results/rehearse/game/bigrec/soft/alpha=0.1/seed=1/training.jsonl"
    made.parent.mkdir(parents=True)
    made.write_text("{}")
    made.with_name("training.jsonl.manifest.json").write_text("{}")
    own = tables.Tables.__new__(tables.Tables)
    own.project = Project(tmp_path / "tables", {})
    name = "results/rehearse/game/bigrec/soft/alpha=100/seed=5/training.jsonl"
    own.copy(name)
    assert (tmp_path / "tables" / name).read_text() == "{}"
    assert (tmp_path / "tables" / f"{name}.manifest.json").exists()
    other = "results/rehearse/game/bigrec/sdpo/seed=5/training.jsonl"
    shutil.copytree(made.parents[3], tmp_path / "game/results/rehearse/game/llara")
    (tmp_path / "game/results/rehearse/game/llara/soft/alpha=0.1").rename(
        tmp_path / "game/results/rehearse/game/llara/sdpo"
    )
    own.copy(other)
    assert (tmp_path / "tables" / other).read_text() == "{}"
    chosen = "results/rehearse/game/bigrec/soft/seed=5/training.jsonl"  # as of SASRec: no candidate but the chosen one
    own.copy(chosen)
    assert (tmp_path / "tables" / chosen).read_text() == "{}"
    with pytest.raises(RehearsalError, match=r"no part has made a file like .*/movie/"):
        own.copy(name.replace("game", "movie"))
    with pytest.raises(RehearsalError, match="rehearse one of them first"):
        tables.Tables("tables", {}, lambda part, own, jobs: None)
