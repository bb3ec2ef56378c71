"""What is left to do: benchmarks that win over formulas, and how it is told."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from lib.cost import disk, estimate, fits, summary
from lib.cost.sizes import Left, Sizes
from lib.graph import methods
from slices_of_rules import ROOT

Checked = Callable[[str], dict[str, Any]]


def test_a_benchmark_of_the_same_kind_wins(tmp_path: Path, checked: Checked) -> None:
    """Seeds 1 and 2 took 100 s and 200 s: seed 3 is expected to take 150 s, measured; another method is estimated."""
    folder = tmp_path / "results/demo/benchmarks/ml100k/bigrec/sft"
    for seed, seconds in ((1, 100), (2, 200)):
        (folder / f"seed={seed}").mkdir(parents=True)
        (folder / f"seed={seed}/tune.tsv").write_text(f"s\tmax_rss\n{seconds}\t1\n")
    known = summary.measured("demo", tmp_path)
    assert known == {"ml100k/bigrec/sft/tune.tsv": 150.0}
    left = [Left("tune_sft", "results/demo/benchmarks/ml100k/bigrec/sft/seed=3/tune.tsv")]
    left.append(Left("tune_soft", "results/demo/benchmarks/ml100k/bigrec/soft/alpha=1/seed=3/tune.tsv"))
    found = {line.rule: line for line in summary.lines(left, checked("demo"), known)}
    assert found["tune_sft"].hours == pytest.approx(150 / 3600)
    assert [found[rule].measured for rule in ("tune_sft", "tune_soft")] == [True, False]
    assert not found["tune_sft"].on_gpu, "the demo runs on a CPU"


@pytest.mark.parametrize("text", ["", "s\n", "s\tmax_rss\n-\t1\n", "s\nnan\n", "s\n-5\n", "\xff\n1\n", "max_rss\n3\n"])
def test_a_benchmark_that_says_no_seconds_measures_nothing(tmp_path: Path, text: str) -> None:
    """A kill may leave half a file: the job is estimated, and said to be."""
    folder = tmp_path / "results/demo/benchmarks/ml100k"
    folder.mkdir(parents=True)
    (folder / "split.tsv").write_text(text, encoding="latin-1")
    assert summary.measured("demo", tmp_path) == {}


def test_an_hour_on_four_gpus_is_four_gpu_hours(checked: Checked) -> None:
    """Tuning and self-distillation run on the paper's 4 ranks, prediction on one: 3,600 s each are 4, 4 and 1."""
    rules = {"tune_sft": "tune", "generate_self_distilled": "generate", "predict_titles": "test.predict"}
    place = "results/paper/benchmarks/game/bigrec/sft/seed=1/{}.tsv"
    left = [Left(rule, place.format(name)) for rule, name in rules.items()]
    known = {f"game/bigrec/sft/{name}.tsv": 3600.0 for name in rules.values()}
    hours = {line.rule: line.hours for line in summary.lines(left, checked("paper"), known)}
    assert hours == {"tune_sft": 4.0, "generate_self_distilled": 4.0, "predict_titles": 1.0}


def test_the_papers_grid_is_told_in_eighty_columns(checked: Checked) -> None:
    """GPU-hours for language models, core-hours for the rest, and disk."""
    config = checked("paper")
    left = [Left("tune_sft", "")] * 30 + [Left("fit_sasrec", "")] * 75 + [Left("predict_training_titles", "")]
    found = summary.lines(left, config, {})
    text = summary.format_costs(found, disk.gib(left, config))
    assert max(map(len, text.splitlines())) <= 80
    assert "541.2 core-hours" in text  # 75 fits of 250 epochs of 103.9 s (`test_estimate`), on data of unknown size
    assert {line.rule for line in found if line.on_gpu} == {"tune_sft", "predict_training_titles"}
    assert summary.format_costs([], 0.0) == "nothing is left to do"


def test_what_fits_on_gpus_would_take_on_cores_is_said(checked: Checked) -> None:
    """DROS on Game, twice.

    250 epochs of 249.8 steps of 8 ms + 4.4 us x 5,335, and 7,993 rows of .1 ms + 4 ns x 5,335: 250 x (249.8 x .03147 +
    7,993 x .0001213) s = .613 h each. SASRec is on cores already; a demo has no GPU.
    """
    places = [("fit_dros", "dros/seed=1"), ("fit_dros", "dros/seed=2"), ("fit_sasrec", "sasrec/seed=1")]
    left = [Left(rule, f"results/paper/benchmarks/game/{place}/fit.tsv") for rule, place in places]
    assert summary.without_gpus(left, checked("paper")) == "fit_dros on cores: 1.2 core-hours in place of GPU-hours"
    demo = [Left(job.rule, job.benchmark.replace("paper", "demo").replace("game", "ml100k")) for job in left]
    assert summary.without_gpus(demo, checked("demo")) == summary.without_gpus(left[2:], checked("paper")) == ""


def test_no_whole_fit_is_expected_to_outlast_its_first_attempt(checked: Checked) -> None:
    """All 500 epochs, nobody stopping early, in what the profile gives: on cores as rehearsed, on a GPU as assumed."""
    profile = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())["set-resources"]
    config, like = checked("paper"), methods.like()
    for rule in ("fit_sasrec", "fit_sasrec_softmax", "fit_sasrec_rows", *estimate.FITS_ON_GPU):
        runtime = float(re.fullmatch(r"min\((\d+) \* attempt, 2880\)", profile[like.get(rule, rule)]["runtime"])[1])
        for dataset in config["datasets"]:
            sizes = Sizes(config, Left(rule, f"results/paper/benchmarks/{dataset}/seed=1/fit.tsv"))
            whole = fits.seconds(sizes, on_gpu=rule in estimate.FITS_ON_GPU, epochs=500)
            assert 0 < whole / 60 < runtime, f"{rule} on {dataset}: {whole / 3600:.1f} h"
