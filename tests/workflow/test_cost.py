"""What is left to do: formulas by hand, and benchmarks that win over them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lib import cost
from lib.cost import Left

Checked = Callable[[str], dict[str, Any]]


def test_training_is_operations_over_speed() -> None:
    """1e9 weights, 10 rows of 220 + 15 tokens, 2 epochs: 4 * 1e9 * 4,700 operations at 312e12 * 0.35 a second."""
    assert cost.seconds_of_training(1e9, 10, 2, 1) == pytest.approx(4 * 1e9 * 4700 / (312e12 * 0.35))


def test_generation_is_prefill_and_reading_the_weights() -> None:
    """100 rows in batches of 64 are 2 batches of 30 steps (two titles); each reads 2e9 bytes at 1.2e12 a second."""
    prefill = 2 * 1e9 * 100 * 220 / (312e12 * 0.35)
    assert cost.seconds_of_generation(1e9, 100, 64, 128) == pytest.approx(prefill + 60 * 2e9 / 1.2e12)


def test_soft_costs_more_than_sft_and_less_than_twice(checked: Checked) -> None:
    """A second short title per prompt, and d_t: not a second prompt."""
    config = checked("paper")
    sft, soft = (cost.estimated(rule, config, 3.21e9) for rule in ("tune_sft", "tune_soft"))
    assert sft < soft < 2 * sft


def test_a_benchmark_of_the_same_kind_wins(tmp_path: Path, checked: Checked) -> None:
    """Seeds 1 and 2 took 100 s and 200 s: seed 3 is expected to take 150 s, measured; another method is estimated."""
    folder = tmp_path / "results/demo/benchmarks/ml100k/bigrec/sft"
    for seed, seconds in ((1, 100), (2, 200)):
        (folder / f"seed={seed}").mkdir(parents=True)
        (folder / f"seed={seed}/tune.tsv").write_text(f"s\tmax_rss\n{seconds}\t1\n")
    known = cost.measured("demo", tmp_path)
    assert known == {"ml100k/bigrec/sft/tune.tsv": 150.0}
    left = [Left("tune_sft", "results/demo/benchmarks/ml100k/bigrec/sft/seed=3/tune.tsv")]
    left.append(Left("tune_soft", "results/demo/benchmarks/ml100k/bigrec/soft/alpha=1/seed=3/tune.tsv"))
    found = {line.rule: line for line in cost.lines(left, checked("demo"), known)}
    assert found["tune_sft"].hours == pytest.approx(150 / 3600)
    assert [found[rule].measured for rule in ("tune_sft", "tune_soft")] == [True, False]
    assert not found["tune_sft"].on_gpu, "the demo runs on a CPU"


def test_the_papers_grid_is_told_in_eighty_columns(checked: Checked) -> None:
    """GPU-hours for language models, core-hours for the rest, and disk."""
    config = checked("paper")
    left = [Left("tune_sft", "")] * 30 + [Left("fit_sasrec", "")] * 75 + [Left("fetch_hub_llm_llama", "")]
    text = cost.described(cost.lines(left, config, {}), cost.disk(left, config))
    assert max(map(len, text.splitlines())) <= 80
    assert "37.5 core-hours" in text  # 75 fits of half an hour, and a fetch of half a minute
    assert cost.disk([Left("fetch_hub_llm_llama", "")], config) == pytest.approx(2 * 3.21e9 / 2**30)
    assert cost.described([], 0.0) == "nothing is left to do"
