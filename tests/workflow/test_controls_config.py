"""config/controls.yaml: the controls of SOFT, and that none of them trains or chooses by the test set."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lib.cost import estimate
from lib.cost.sizes import Left, Sizes
from lib.graph import grid, methods
from lib.graph.tuning import CONTROLS
from lib.slices import Slices
from tools.dry_run import Job

Checked = Callable[[str], dict[str, Any]]
COMMAND = ("--profile", "profiles/slurm", "--sdm", "env-modules", "--configfile", "config/controls.yaml")
GRIDS = ("random_title", "grounded_title", "soft_by_epoch", "soft_by_validation")


@pytest.fixture(scope="module")
def jobs(planned: Callable[..., list[Job]]) -> list[Job]:
    """The plan of the command that the file's head names."""
    return planned(*COMMAND)


def test_it_is_the_papers_configuration_but_for_its_rows(checked: Checked) -> None:
    """SFT, SOFT and every control, of both backbones."""
    names = ["sft", "soft", *CONTROLS]
    config = checked("controls")
    assert sorted(config["methods"]) == sorted(
        f"{backbone}-{name}" for backbone in ("bigrec", "llara") for name in names
    )
    assert config == {**checked("paper"), "run": "controls", "methods": config["methods"]}


def test_its_jobs_are_counted_by_hand(jobs: list[Job]) -> None:
    """3 data sets x 2 backbones x 5 seeds = 30 runs: x 4 alphas = 120, x 3 epsilons = 90.

    Five rows with alpha and one with epsilon are chosen for each data set and backbone: 36.
    """
    counted = Counter(job.rule for job in jobs)
    expected = {"tune_sft": 30, "tune_soft": 120, "tune_sft_matched": 30, "tune_soft_half": 30}
    expected |= {"tune_distil_first": 30, "tune_label_smoothing": 90, "select_alpha": 36}
    expected |= {f"tune_{name}": 120 for name in GRIDS}
    assert {rule: counted[rule] for rule in expected} == expected


def test_no_control_descends_from_the_test_rows(jobs: list[Job]) -> None:
    """Neither a training nor a choice, by all files that it depends on but for audits, which give no data."""
    makers = {name: job for job in jobs for name in job.output}
    learns = [job for job in jobs if job.rule.startswith("tune_") or job.rule == "select_alpha"]
    assert {job.rule for job in learns} >= {f"tune_{how.module}" for _, how, _ in CONTROLS.values()}
    seen: dict[str, set[str]] = {}

    def ancestors(job: Job) -> set[str]:
        if job.output[0] not in seen:
            own = {name for name in job.input if not name.endswith("_audit.json")}
            seen[job.output[0]] = own.union(*(ancestors(makers[name]) for name in own if name in makers))
        return seen[job.output[0]]

    for job in learns:
        found = ancestors(job)
        assert any(name.endswith("samples/train.parquet") for name in found)
        assert any(name.endswith("samples/valid.parquet") for name in found)
        assert not [name for name in found if Path(name).name.startswith("test.")], job.output
    (ranked,) = [
        job for job in jobs if "results/controls/game/bigrec/soft-half/seed=1/test.ranks.parquet" in job.output
    ]
    assert "results/controls/game/samples/test.parquet" in ancestors(ranked), "the walk finds test rows where they are"


def test_further_updates_wait_for_both_runs(jobs: list[Job]) -> None:
    """The logs of SFT and of SOFT with every alpha, of the same seed, and the selected alpha."""
    place = "results/controls/movie/llara"
    (job,) = [job for job in jobs if f"{place}/sft-matched/seed=3/training.jsonl" in job.output]
    logs = {name for name in job.input if name.endswith("training.jsonl")}
    soft = {f"{place}/soft/alpha={alpha}/seed=3/training.jsonl" for alpha in ("0.1", "1", "10", "100")}
    assert logs == {f"{place}/sft/seed=3/training.jsonl", *soft}
    assert f"{place}/soft/alpha.json" in job.input


def test_every_grid_has_its_choice_by_the_seeds_of_softs(checked: Checked) -> None:
    """Validation selects epsilon as it selects alpha; controls with alphas have the slice of SOFT."""
    config = checked("controls")
    names = [name for name in grid.choices(config, grid.rows(config)) if name.startswith("game/bigrec")]
    rows = ("random-title", "grounded-title", "soft-by-epoch", "soft-by-validation")
    assert sorted(names) == sorted(
        ["game/bigrec/label-smoothing/epsilon.json", *(f"game/bigrec/{row}/alpha.json" for row in ("soft", *rows))]
    )
    choose = Slices(config).select_candidate
    epsilon, alpha = (json.loads(choose(methods.BY_KEY[f"bigrec-{row}"])) for row in ("label-smoothing", "soft"))
    assert choose(methods.BY_KEY["bigrec-random-title"]) == choose(methods.BY_KEY["bigrec-soft"])
    assert (epsilon["name"], epsilon["metrics"]) == ("epsilon", alpha["metrics"])
    runs = [(run["value"], run["seed"]) for run in epsilon["candidates"]]
    assert runs == [(value, seed) for value in (0.05, 0.1, 0.2) for seed in (1, 2, 3, 4, 5)]
    assert [run["seed"] for run in alpha["candidates"][:5]] == [1, 2, 3, 4, 5]


def test_each_control_is_estimated(checked: Checked) -> None:
    """14 epochs of one title cost twice SFT's 7; half tau has two titles in all 7 epochs, SOFT in 6 of them."""
    config = checked("controls")

    def work(name: str) -> estimate.Work:
        place = f"results/x/benchmarks/game/bigrec/{name}/seed=1/tune.tsv"
        return estimate.work(Sizes(config, Left(f"tune_{name}", place)))

    sft, soft, half = work("sft"), work("soft"), work("soft_half")
    matched, epoch = work("sft_matched"), work("soft_by_epoch")
    assert matched["training"] == pytest.approx(2 * sft["training"])
    assert matched["loading"] == sft["loading"]
    assert work("distil_first") == work("label_smoothing") == sft
    assert work("random_title") == work("grounded_title") == soft
    two = half["training"] / 7
    assert soft["training"] == epoch["training"] == pytest.approx(6 * two + sft["training"] / 7)
    assert epoch["generation"] == pytest.approx(sft["generation"])
    assert epoch["generation"] < soft["generation"]
    read = work("soft_by_validation")["training"] - epoch["training"]
    # 512 rows forward, of 4,096 forward and backward: an eighth of the rows, a third of the operations, in each epoch.
    assert 0 < read < sft["training"] / 8
