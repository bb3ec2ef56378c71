"""Crossed designs in a configuration: several samples of training rows of one data set."""

import copy
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from lib.config import cross_checks
from lib.graph import crossed
from lib.slices import Slices
from tools.dry_run import Job

Checked = Callable[[str], dict[str, Any]]


def test_three_seeds_on_three_samples(checked: Checked) -> None:
    """9 runs of SFT, and 9 of SOFT with each of four alphas; the samples differ in training rows alone."""
    config = checked("variance")
    slices, names = Slices(config), ["game-a", "game-b", "game-c"]
    assert crossed.groups(config) == [names]
    assert len(crossed.cells(config)) == 9 + 9 * 4
    assert crossed.choices(config) == [f"{name}/bigrec/soft/alpha.json" for name in names]
    assert [json.loads(slices.sample(name, "train"))["seed"] for name in names] == [1, 2, 3]
    for split in ("valid", "test"):
        assert len({slices.sample(name, split) for name in names}) == 1
        assert json.loads(slices.sample(names[0], split))["seed"] == 42
    assert json.loads(slices.variance())["groups"] == [["Game A", "Game B", "Game C"]]


def test_the_graph_of_a_crossed_design(planned: Callable[..., list[Job]], demo_jobs: list[Job]) -> None:
    """One download for all samples; each sample is filtered, split and tuned on; other graphs lack the rule."""
    jobs = planned("--profile", "profiles/slurm", "--sdm", "env-modules", "--configfile", "config/variance.yaml")
    counted = Counter(job.rule for job in jobs)
    once = {"fetch_amazon2023_game-a": 1, "fetch_hub_llm_llama": 1, "measure_variance": 1}
    expected = {**once, "filter_interactions": 3, "split_sequences": 3, "tune_sft": 9, "tune_soft": 36}
    assert {rule: counted[rule] for rule in expected} == expected
    assert not [job for job in demo_jobs if any("variance" in path for path in job.output)]


@pytest.mark.parametrize("name", ["paper", "demo"])
def test_other_configurations_have_none(checked: Checked, name: str) -> None:
    """Their samples have the seed that they had, and there is nothing to analyse."""
    config = checked(name)
    assert crossed.groups(config) == crossed.cells(config) == crossed.choices(config) == []
    sample = {"split": "train", "rows": config["samples"]["train"], "seed": 42}
    assert [json.loads(Slices(config).sample(dataset, "train")) for dataset in config["datasets"]] == [
        sample for _ in config["datasets"]
    ]


def test_one_seed_or_one_sample_is_no_design(checked: Checked) -> None:
    """Seeds are crossed with samples only if there are two of each."""
    config = checked("variance")
    assert crossed.groups({**config, "seeds": [1]}) == []
    assert crossed.groups({**config, "datasets": {"game-a": config["datasets"]["game-a"]}}) == []


def test_samples_that_are_one_are_refused(checked: Checked) -> None:
    """By the same number, and by the number that samples.seed gives to a data set without one."""
    config = copy.deepcopy(checked("variance"))
    assert cross_checks.problems(config) == []
    config["datasets"]["game-b"]["sample_seed"] = 1
    assert cross_checks.problems(config) == [
        "datasets.game-b has the sample_seed 1, as game-a has; give each sample its own"
    ]
    del config["datasets"]["game-b"]["sample_seed"]
    config["datasets"]["game-c"]["sample_seed"] = 42
    assert cross_checks.problems(config) == [
        "datasets.game-c has the sample_seed 42, as game-b has; give each sample its own"
    ]
    for name in ("game-a", "game-c"):
        del config["datasets"][name]["sample_seed"]
    assert cross_checks.problems(config) == []  # equal data sets under three labels were always allowed
