"""The registry of methods: one entry gives a row its rules, slices, estimates and resources."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from lib.cost import estimate, fits
from lib.cost.sizes import Left, Sizes
from lib.graph import code_digest, methods
from lib.slices import Slices
from lib.snakemake_internals import Run
from tools.rule_text import WORKFLOW

Checked = Callable[[str], dict[str, Any]]


def test_every_entry_names_modules_that_exist() -> None:
    """A digest of all that is loaded by name fails if a module is not there."""
    for row in methods.fitted():
        assert row.fit is not None
        found = json.loads(code_digest.code_digest("fit_sequential", *row.fit.modules))
        assert f"softrec.sequential.{row.fit.module}" in found
        assert (WORKFLOW.parent / f"scripts/softrec/sequential/{row.fit.network}.py").exists()
    for how in methods.TUNED.values():
        found = json.loads(code_digest.code_digest("tune_llm", *how.modules("bigrec")))
        assert f"softrec.tuning.strategies.{how.module}" in found


def test_a_strategy_does_not_depend_on_the_others() -> None:
    """A changed formula of S-DPO reruns no SFT run; SimPO shares its negatives with S-DPO, not its loss."""
    closures = {
        name: set(code_digest.closure("tune_llm", *how.modules("bigrec"))) for name, how in methods.TUNED.items()
    }
    others = {f"softrec.tuning.strategies.{how.module}": name for name, how in methods.TUNED.items()}
    for name, found in closures.items():
        assert {others[module] for module in found & set(others)} == {name}
    assert "softrec.tuning.preference" in closures["simpo"] & closures["sdpo"]
    assert "softrec.tuning.preference" not in closures["soft"]


def test_sections_of_a_method_replace_the_common_settings(checked: Checked) -> None:
    """GRU4Rec has its own dropout and SASRec's learning rate; SimPO its own epochs and SFT's patience."""
    config = checked("paper")
    fit = json.loads(Slices(config).fit_sequential(methods.BY_KEY["gru4rec"], "seed=2"))
    assert fit["fit"]["dropout"] == config["gru4rec"]["dropout"] != config["sasrec"]["dropout"]
    assert fit["fit"]["learning_rate"] == config["sasrec"]["learning_rate"]
    assert fit["options"] == {"negatives": 2048, "sample_power": 0.0}
    assert (fit["search"], fit["candidate"], fit["method"]) == ("l2", None, "gru4rec")
    tuned = json.loads(Slices(config).tune("simpo", "game", "bigrec", "2"))
    assert tuned["tuning"]["loop"]["epochs"] == config["simpo"]["epochs"] != config["tuning"]["epochs"]
    assert tuned["tuning"]["loop"]["patience"] == config["tuning"]["patience"]
    assert tuned["tuning"]["optimiser"]["warmup_steps"] == 0, "SimPO's warm-up is a share of its updates"
    assert tuned["from_sft"] is True
    assert tuned["strategy"] == "simpo"


def test_soft_is_given_its_candidate(checked: Checked) -> None:
    """Alpha comes from the folder of the run, the progression from the section."""
    tuned = json.loads(Slices(checked("paper")).tune("soft", "game", "llara", "2", "10"))
    assert tuned["options"] == {"alpha": 10.0, "progression": "exponential"}
    assert tuned["from_sft"] is False


def test_a_new_row_is_estimated(checked: Checked) -> None:
    """A method that nobody has timed at SASRec's pace; SimPO as S-DPO with one negative and without a reference."""
    config = checked("paper")
    untimed, sasrec = (
        Left(rule, "results/x/benchmarks/game/a/fit.tsv") for rule in ("fit_sasrec_softmax", "fit_sasrec")
    )
    assert estimate.seconds(untimed, config) == estimate.seconds(sasrec, config)
    assert fits.seconds(Sizes(config, untimed), on_gpu=False) > 0
    place = "results/x/benchmarks/game/bigrec/sdpo/seed=1/tune.tsv"
    simpo, sdpo = (estimate.work(Sizes(config, Left(rule, place))) for rule in ("tune_simpo", "tune_sdpo"))
    config["sdpo"]["negatives"] = 1
    fewer = estimate.work(Sizes(config, Left("tune_sdpo", place)))
    reference = fewer["training"] - simpo["training"]
    assert simpo.total() < fewer.total() < sdpo.total()
    # Three epochs of training move three times the operations of a forward pass, and the reference is one pass.
    assert 0 < reference < simpo["training"] / 3
    assert "tune_simpo" in estimate.ON_ALL_RANKS


@pytest.mark.parametrize(
    ("given", "threads"),
    [({}, None), ({"tune_simpo": {"mem_mb": 7}}, None), ({}, {"tune_sft": 32, "tune_simpo": 4})],
)
def test_a_profiles_resources_are_shared_by_rules_without_their_own(given: Any, threads: Any) -> None:
    """What the profile says of tune_sft holds for tune_simpo, unless the profile says something of tune_simpo."""
    resources = {"tune_sft": {"slurm_partition": "gpu"}, **given}
    cores = {"tune_sft": 32} if threads is None else dict(threads)
    settings = SimpleNamespace(_parsed_overwrite_resources=resources, _parsed_overwrite_threads=cores)
    Run(SimpleNamespace(resource_settings=settings)).share_resources("tune_simpo", like="tune_sft")
    assert resources["tune_simpo"] == given.get("tune_simpo", {"slurm_partition": "gpu"})
    assert cores["tune_simpo"] == (threads or {}).get("tune_simpo", 32)


def test_every_rule_by_the_registry_is_like_one_of_the_profile() -> None:
    """Two on cores or a GPU, and tuning; DROS takes days on cores."""
    found = methods.like()
    assert found["fit_gru4rec"] == found["fit_sasrec_softmax"] == "fit_sasrec"
    assert found["fit_sasrec_rows"] == "fit_sasrec"
    assert found["fit_dros"] == found["fit_sasrec_full_softmax"] == "fit_dros"
    assert found["tune_simpo"] == "tune_sft"
