"""What a changed module costs, on a graph that can be added up by hand; and the page is not stale."""

import json
from collections.abc import Callable
from typing import Any

from lib.cost import estimate
from lib.cost.sizes import Left
from tools import page_tables, rerun_costs
from tools.dry_run import Job

Checked = Callable[[str], dict[str, Any]]


def job(rule: str, modules: str, read: list[str], write: str) -> Job:
    """A job of the paper's Game whose digest names these modules."""
    code = json.dumps(dict.fromkeys(modules.split(), "0" * 16))
    return Job(rule, read, [write], f"python scripts/x.py --code '{code}'", "", f"b/benchmarks/game/bigrec/{write}.tsv")


def test_a_chain_of_three_by_hand(checked: Checked) -> None:
    """Titles are embedded, SFT is tuned with them, an audit is waited for.

    A change of the embeddings costs both GPU jobs, one of the losses or of the audit SFT alone.
    """
    config = checked("paper")
    jobs = [
        job("encode_titles", "common.files softrec.llm.embeddings", [], "z"),
        job("audit_split", "common.files softrec.splits.split_audit", [], "s_audit.json"),
        job("tune_sft", "common.files softrec.tuning.losses", ["z", "s_audit.json"], "adapter"),
    ]
    hours = {
        rule: estimate.seconds(Left(rule, f"b/benchmarks/game/bigrec/{name}.tsv"), config) / 3600
        for rule, name in (("encode_titles", "z"), ("tune_sft", "adapter"))
    }
    found = {name: cost for name, (_, cost) in rerun_costs.costs(config, jobs).items()}
    assert found["softrec.tuning.losses"] == hours["tune_sft"] > 0
    assert found["softrec.llm.embeddings"] == found["common.files"] == sum(hours.values())
    assert found["softrec.splits.split_audit"] == hours["tune_sft"]


def test_the_page_says_what_the_code_gives(paper_jobs: list[Job], checked: Checked) -> None:
    """Otherwise: `python workflow/tools/rerun_costs.py`."""
    text = rerun_costs.PAGE.read_text()
    table = rerun_costs.table(rerun_costs.costs(checked("paper"), paper_jobs))
    assert page_tables.filled(text, {"reruns": table}) == text


def test_the_frame_costs_nothing(paper_jobs: list[Job], checked: Checked) -> None:
    """A word in a log line would have made every result of the paper's grid again."""
    found = rerun_costs.costs(checked("paper"), paper_jobs)
    before, now = found["common.log"]
    assert before > 100
    assert now == 0
    assert found["softrec.tuning.losses"][1] == found["softrec.tuning.losses"][0] > 100
