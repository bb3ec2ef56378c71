"""The tables of docs/performance.md: none is stale, and what they derive is derived by hand here."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from lib.cost import estimate
from lib.cost.sizes import Left, Sizes
from tools import page_tables, performance_page
from tools.dry_run import Job
from tools.page_tables import Table

Checked = Callable[[str], dict[str, Any]]
CELL = "results/paper/benchmarks/game/bigrec"


def test_the_page_says_what_the_code_gives(paper_jobs: list[Job], checked: Checked) -> None:
    """Otherwise: `python workflow/tools/performance_page.py`."""
    tables = performance_page.tables(checked("paper"), [Left(job.rule, job.benchmark) for job in paper_jobs])
    text = performance_page.PAGE.read_text()
    assert page_tables.filled(text, tables) == text


def seconds(rule: str, config: dict[str, Any]) -> float:
    """Of one job on Game."""
    return estimate.seconds(Left(rule, f"{CELL}/x.tsv"), config)


def test_what_sharing_saves(checked: Checked) -> None:
    """One cell: SFT, answers, S-DPO, w/o SA and SOFT at two alphas, d_0, title embeddings, five rankings.

    SFT would be tuned by each of four runs that build on it, answers given for each of three, of which one is; titles
    embedded by five tunings and five rankings; d_0 measured for two.
    """
    config = checked("paper")
    once = ("tune_sft", "tune_sdpo", "tune_soft_wo_sa", "generate_self_distilled", "encode_titles")
    rules = [*once, "measure_initial_distance", *["tune_soft"] * 2, *["ground_predictions"] * 5]
    found = performance_page.sharing(config, [Left(rule, f"{CELL}/x.tsv") for rule in rules])
    gains = [row[3] for row in found.rows]
    by_hand = [
        4 * seconds("tune_sft", config),
        2 * seconds("generate_self_distilled", config),
        9 * seconds("encode_titles", config),
        seconds("measure_initial_distance", config),
    ]
    assert gains[1:5] == [f"{saved / 3600:.1f}" for saved in by_hand]


def test_the_first_epoch_is_one_of_so_many(checked: Checked) -> None:
    """Four alphas save four epochs of one title each, with their validations; a job of its own starts on 4 cards."""
    config = checked("paper")
    jobs = [Left(rule, f"{CELL}/x.tsv") for rule in ["tune_soft_wo_sa", *["tune_soft"] * 4]]
    longer = copy.deepcopy(config)
    longer["tuning"]["epochs"] += 1
    epoch = seconds("tune_soft_wo_sa", longer) - seconds("tune_soft_wo_sa", config)
    own, within = performance_page.first_epoch(config, jobs).rows
    assert own[1:] == ("1", f"{4 * 30 / 3600:.1f}", f"{(4 * epoch - 4 * 30) / 3600:.1f}")
    assert within[1:] == ("0", "0.0", f"{4 * epoch / 3600:.1f}")


def test_hours_of_a_rule_are_those_of_its_jobs(checked: Checked) -> None:
    """Two runs of SFT are twice one, kind by kind."""
    job, config = Left("tune_sft", f"{CELL}/sft/seed=1/tune.tsv"), checked("paper")
    one = estimate.work(Sizes(config, job))
    found = performance_page.hours(config, [job, job])["tune_sft"]
    assert dict(found) == pytest.approx({kind: 2 * value / 3600 for kind, value in one.items()})


def test_growth_is_told_for_what_grows(checked: Checked) -> None:
    """Twice the items: the catalogue's encoding doubles, but for the start; training never sees it.

    Twice the titles' tokens: 70 + 10 x 30 + 30 instead of 235, and attention with all of them.
    """
    config = checked("paper")
    jobs = [Left("encode_titles", f"{CELL}/x.tsv"), Left("tune_sft", f"{CELL}/x.tsv"), Left("fit_sasrec", f"{CELL}/x")]
    rows = {row[0]: row[1:] for row in performance_page.growth(config, jobs).rows}
    assert rows["twice the items"][0] == rows["twice the users"][0] == "1.00"
    assert rows["twice the items"][3] == "2.00"
    llama = Sizes(config, jobs[1]).llm
    longer = 400 * (4 * llama.weights + 12 * 400 * llama.width * llama.layers)
    shorter = 235 * (4 * llama.weights + 12 * 235 * llama.width * llama.layers)
    assert rows["twice the tokens of a title"][0] == f"{longer / shorter:.2f}"


def test_a_table_stands_between_its_markers() -> None:
    """Words to the left, numbers to the right; what was there goes, what is around it stays. No place is an error."""
    text = "before\n<!-- a: by code -->\nold\n<!-- end of a -->\nafter"
    table = Table(("what", "n"), [("x", "1")])
    written = "before\n<!-- a: by code -->\n\n| what | n |\n| --- | ---: |\n| x | 1 |\n\n<!-- end of a -->\nafter"
    assert page_tables.filled(text, {"a": table}) == page_tables.filled(written, {"a": table}) == written
    with pytest.raises(ValueError, match="substring not found"):
        page_tables.filled(text, {"b": table})
