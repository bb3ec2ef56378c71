"""The page of what came out of a run: numbers by hand, sentences that follow them, sections of what there is."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

import write_summary
from common import files
from softrec.evaluation.ranking import RANK_TYPES
from softrec.io import csv_files, tables
from softrec.job import program
from softrec.reporting.summary import test_results, training
from softrec.reporting.summary.page import system, times
from softrec.reporting.summary.test_results import Contrast
from softrec.results.runs import Run
from softrec.stats.intervals import format_mean, format_share, over_seeds, wilson
from softrec.stats.resampling import Interval
from softrec.stats.table_rows import Comparison, IntervalRow


def test_wilson_by_hand() -> None:
    """10 of 100, z^2 = 3.8415: (0.1 + 0.019207 +- 1.95996 sqrt(0.0009 + 0.00009604)) / 1.038415 = 0.1148 +- 0.0596.

    None of 20: h = 0 leaves p (1 + z^2 / n) = z^2 / n above 0, so z^2 / (n + z^2) = 3.8415 / 23.8415.
    """
    assert wilson(10, 100) == pytest.approx((0.05523, 0.17437), abs=1e-5)
    assert wilson(0, 20) == pytest.approx((0, 3.8415 / 23.8415), abs=1e-5)
    assert wilson(20, 20) == pytest.approx((1 - 3.8415 / 23.8415, 1), abs=1e-5)
    assert format_share(0.1, 100) == "0.1000 (0.0552 to 0.1744)"


def test_a_mean_over_seeds_by_hand() -> None:
    """1 and 3: mean 2, s / sqrt(2) = 1, so 2 +- 12.706 (t with one degree of freedom); no end is cut.

    Seeds that agree leave no doubt, one seed has no interval.
    """
    assert over_seeds([1.0, 3.0]) == pytest.approx((2 - 12.706, 2 + 12.706), abs=1e-3)
    assert format_mean([2.0, 2.0]) == "2.0000 (2.0000 to 2.0000)"
    assert over_seeds([2.0]) is None
    assert format_mean([2.0]) == "2.0000"
    assert format_mean([0.0, 0.02], most=1.0) == "0.0100 (0.0000 to 0.1371)"  # 12.706 * 0.01 on either side, cut at 0
    assert format_mean([0.9, 1.0], most=1.0) == "0.9500 (0.3147 to 1.0000)"  # 12.706 * 0.05 on either side, cut at 1


def compared(other: str, low: float, high: float, p: float) -> Contrast:
    """A comparison of BIGRec's SOFT with another row."""
    return Contrast("Game", "BIGRec", "H@5", other, (low + high) / 2, Interval(low, high), p)


def test_only_differences_beyond_noise_are_named() -> None:
    """SFT: interval above 0 and p = 0.01. SDPO: around 0, p = 0.9. SASRec: p of 0.2. DROS: below 0, p = 0.04."""
    found = [compared("BIGRec SFT", 0.01, 0.03, 0.01), compared("BIGRec SDPO", -0.01, 0.03, 0.9)]
    found += [compared("SASRec", 0.01, 0.03, 0.2), compared("DROS", -0.03, -0.01, 0.04)]
    said = test_results.summarize_differences(found)
    assert said.startswith("Beyond noise (p below 0.05 after Holm's correction")
    named = "BIGRec SOFT is above BIGRec SFT at H@5 on Game; BIGRec SOFT is below DROS at H@5 on Game."
    assert said.endswith(f": 2 of 4 differences; {named}")
    assert test_results.summarize_differences(found[1:3]).endswith(": none of 2 differences.")


def test_losses_of_the_first_epoch_are_set_against_each_other() -> None:
    """Two seeds: 1 / 2 and 3 / 2, so 1.0 on average, lower in one."""
    cells = [Run("Game", "BIGRec", "SFT", seed) for seed in (1, 2)]
    said = training.summarize_losses(cells, [(2.0, 1.0), (2.0, 3.0)])
    assert said.startswith("Game, BIGRec: the loss on self-distilled data is 1.0000 (")
    assert said.endswith("of that on real data, lower in 1 of 2 seeds.")


def test_a_kernel_s_release_is_not_told() -> None:
    """Of Linux stay the processor and the C library; other systems stay as they are."""
    assert system("Linux-6.1.0-18-amd64-x86_64-with-glibc2.36") == "Linux x86_64 glibc2.36"
    assert system("macOS-14.5-arm64-arm-64bit") == "macOS-14.5-arm64-arm-64bit"


def told(hc: float | None, chance: float | None) -> dict[str, Any]:
    """Metrics of 100 rows of self-distilled data, all but 20 of which have a category."""
    known = {"HC": hc, "chance": chance, "rows_with_category": 80 if hc else 0, "categories": 7, "level": 2}
    return {"rows": 100, "HR@1": 0.1, **known}


def test_category_hits_are_set_against_chance_by_their_intervals() -> None:
    """40 of 80 is 0.393 to 0.607 (z^2 / n = 0.048: 0.5 +- sqrt(0.048 / 4 + 0.048^2 / 4) / 1.048 = 0.107)."""
    said = training.summarize_hits([told(0.5, 0.38), told(0.5, 0.41), told(0.5, 0.62)])
    assert "over 100 training rows" in said
    assert "80 (7 categories at level 2)" in said
    assert said.endswith("3 intervals of HC: above chance 1, around chance 1, below chance 1.")
    assert training.summarize_hits([told(None, None)]).endswith("No target has a category, so there is no HC.")


def test_time_by_script() -> None:
    """300 s of two tunings, 100 s of one sample, and 0.5 s of a table, less than a hundredth: the others."""
    jobs = [("tune_sft.py", 100), ("tune_sft.py", 200), ("sample_sequences.py", 99.5), ("make_table1.py", 0.5)]
    page = times([{"script": script, "seconds": seconds} for script, seconds in jobs])
    rows = [re.split(r" *\| *", line)[1:-1] for line in page.splitlines() if line.startswith("| ")]
    assert rows[2:] == [
        ["tune_sft", "2", "5:00", "75%", "3:20"],
        ["sample_sequences", "1", "1:40", "25%", "1:40"],
        ["the others", "1", "0:01", "0%", "0:01"],
        ["all", "4", "6:40", "–", "–"],
    ]


SUMMARY = {"summary": True, "kept_epoch": 2}
LOGS = {
    "SFT": [{"epoch": 1, "loss": 2.0, "tau": 0.0}, {"epoch": 2, "loss": 1.5, "tau": 0.0}, SUMMARY],
    "SOFT(w/o SA)": [{"epoch": 1, "loss": 1.0, "tau": 1.0}, {"epoch": 2, "loss": 0.5, "tau": 1.0}, SUMMARY],
    "SOFT": [
        {"epoch": 1, "loss": 1.0, "tau": 1.0, "d_t": 8.0, "d_0": 8.0},
        {"epoch": 2, "loss": 0.8, "tau": 0.5, "d_t": 6.0, "d_0": 8.0},
        SUMMARY,
    ],
}


def test_epochs_are_means_over_the_seeds_that_reached_them() -> None:
    """Seed 2 stops after its first epoch, whose loss is that of seed 1: 0.8 of epoch 2 is of one seed."""
    short = [LOGS["SOFT"][0], {**SUMMARY, "kept_epoch": 1}]
    first, second = training.epochs_of(("Game", "BIGRec", "SOFT"), [LOGS["SOFT"], short])
    same = "(1.0000 to 1.0000)"
    d_t = "8.0000 (8.0000 to 8.0000)"
    assert first[3:] == ["1", "2 of 2", f"1.0000 {same}", f"1.0000 {same}", d_t, f"1.0000 {same}", "1"]
    assert second[3:] == ["2", "1 of 2", "0.8000", "0.5000", "6.0000", "0.7500", "1"]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A run of SFT, w/o SA and SOFT with two alphas on 20 test rows of 10 users.

    Alpha 10 hits half of them within 5, alpha 1 none. Settings and flags of the script that describes it.
    """
    monkeypatch.chdir(tmp_path)
    manifest = {"run": "small", "systems": ["Linux"], "hardware": {"tune_sft": {"CPU": 1}}}
    manifest |= {"repository": {"commit": None, "changed": None}, "versions": {"python": "3.11.7"}}
    config = {"samples": {"train": 100, "valid": 10, "test": 20}, "seeds": [1], "datasets": {"game": {"llm": "tiny"}}}
    config |= {"llms": {"tiny": {"kind": "tiny", "precision": "fp32"}}, "lora": {"rank": 8, "targets": ["q_proj"]}}
    config |= {"tuning": {"epochs": 2, "learning_rate": 0.001, "checkpoint_select": "last"}}
    config |= {"generation": {"beams": 4, "grounding": "least", "constrained": "trie"}}
    files.write_json(Path("manifest.json"), {**manifest, "configuration": config})
    made = {"script": "make_run_manifest.py", "inputs": {}, "seconds": 2.0, "hardware": {"cores": 2}}
    outputs = {"manifest.json": files.sha256(Path("manifest.json"))}
    files.write_json(files.manifest_of(Path("manifest.json")), {**made, "outputs": outputs})
    cell = IntervalRow("SOFT", "BIGRec", "Game", "H@5", 0.5, 0.25, 0.75, 20, 10, 1, 0.1, 9.0, 0.1, 0.0, 0.0, 9.0, 0.0)
    intervals = [cell._replace(method=m, metric=at) for m in ("SFT", "SOFT") for at in ("H@5", "H@20")]
    csv_files.write_text(Path("intervals.csv"), csv_files.csv_text([IntervalRow._fields, *intervals]))
    of = (0.0, -0.1, 0.1, 0.9, 0.9, 20, 10, 1, 0.04, 9.0, "none")
    test = Comparison("Game", "BIGRec", "H@5", "SFT", "BIGRec", *of, 0, 0, 1.0)
    tests = [Comparison._fields, test, test._replace(metric="NG@5")]
    csv_files.write_text(Path("significance.csv"), csv_files.csv_text(tests))
    for alpha, rank in ((1, [9] * 20), (10, [0, 9] * 10)):
        columns = {"user": sorted([*range(1, 11)] * 2), "rank": rank, "paper": [True] * 20}
        others = {"row": range(20), "target": [1] * 20, "candidates": [100] * 20, "ties": [0] * 20}
        tables.write_table(Path(f"{alpha}.parquet"), columns | others, RANK_TYPES)
    for method, lines in LOGS.items():
        Path(f"{method.replace('/', '')}.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    files.write_json(Path("described.json"), told(0.5, 0.38))
    files.write_json(Path("alpha.json"), {"name": "alpha", "chosen": 10})
    place = {"dataset": "Game", "backbone": "BIGRec"}
    cells = [{**place, "method": f"alpha={alpha}", "seed": 1} for alpha in (1, 10)]
    how = {"resampling": {"resamples": 200, "seed": 1}, "metrics": ["H@5", "H@20"], "mcnemar_seed": 1}
    logs = [{**place, "method": m, "seed": 1, "setting": "alpha=10" if m == "SOFT" else ""} for m in LOGS]
    alphas = {**how, "cells": cells, "choices": [{**place, "method": "SOFT"}]}
    settings = {"logs": logs, "described": [{**place, "method": "SFT", "seed": 1}], "alphas": alphas}
    return {**settings, "distance_rows": 64}


def described(settings: dict[str, Any], *more: str) -> str:
    """The page that the script writes, blanks that align its tables taken out."""
    flags = ["--manifest", "manifest.json", "--intervals", "intervals.csv", "--tests", "significance.csv"]
    arguments = [*flags, *more, "--page", "page.md", "--settings", json.dumps(settings)]
    program.run(write_summary.main, write_summary.build_parser(), arguments)
    return re.sub(r" +", " ", Path("page.md").read_text())


def test_a_page_has_every_number_with_its_size(run: dict[str, Any]) -> None:
    """Alpha 10: each user hits one of two rows, so all resamples are 0.5; alpha 1 has all at rank 9, within 20.

    None or all of 10 users hit, and z^2 / (10 + z^2) = 0.2775 is what Wilson's interval leaves open. HR@1 of 10 in 100
    rows is the interval of `test_wilson_by_hand`; 1.0 / 2.0 is the loss ratio, 6 / 8 is d_2 / d_0.
    """
    logs = ["--logs", *(f"{method.replace('/', '')}.jsonl" for method in LOGS)]
    alphas = ["--ranks", "1.parquet", "10.parquet", "--choices", "alpha.json"]
    page = described(run, *logs, "--described", "described.json", *alphas)
    assert (
        "- test titles: 4 beams of titles of the catalogue alone (trie), grounded by the nearest of all texts\n" in page
    )
    assert "Game: 20 test rows of 10 users. One seed: intervals and p cover variation between users only" in page
    assert "| Game | BIGRec | H@5 | BIGRec SFT | +0.0000 | -0.1000 to +0.1000 | 0.9 |" in page
    assert "NG@5" not in page
    assert "| Game | BIGRec | alpha=1 | 0.0000 | 0.0000 to 0.2775 * | 1.0000 | 0.7225 to 1.0000 * |" in page
    assert "| | BIGRec | alpha=10 | 0.5000 | 0.5000 to 0.5000 | 1.0000 | 0.7225 to 1.0000 * |" in page
    assert page.count("* No hits, or only hits") == 1
    assert "Chosen on validation: alpha=10 on Game with BIGRec." in page
    assert "| 1 | 2.0000 | 1.0000 | 0.5000 | 0.1000 (0.0552 to 0.1744) | 0.5000 (0.3930 to 0.6070) | 0.3800 |" in page
    assert "the loss on self-distilled data is 0.5000 of that on real data, lower in 1 of 1 seed." in page
    assert "| | BIGRec | SOFT alpha=10 | 2 | 1 of 1 | 0.8000 | 0.5000 | 6.0000 | 0.7500 | 1 |" in page
    assert "d_t is over 64 rows; before the last epoch it is below d_0 in 1 of 1 run of SOFT." in page
    assert "- commit: not known" in page
    assert "| make_run_manifest | 1 | 0:02 | 100% | 0:02 |" in page


def test_without_soft_its_sections_are_absent(run: dict[str, Any]) -> None:
    """SFT alone: its rows and epochs, nothing of alpha, self-distilled data or d_t; without tuned rows, no epochs."""
    alone = {**run, "logs": run["logs"][:1], "described": [], "alphas": {**run["alphas"], "cells": [], "choices": []}}
    Path("significance.csv").write_text(",".join(Comparison._fields) + "\n")
    headings = re.findall("^## (.*)", described(alone, "--logs", "SFT.jsonl"), re.MULTILINE)
    assert headings == ["H@5 of each row", "Epoch by epoch", "What ran", "How long it took"]
    headings = re.findall("^## (.*)", described({**alone, "logs": []}), re.MULTILINE)
    assert headings == ["H@5 of each row", "What ran", "How long it took"]
