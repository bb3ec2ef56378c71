"""Each rule's slice of the configuration: it is what its script reads, and it holds what its result depends on."""

import copy
import importlib
import importlib.util
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lib.graph import tuning
from lib.slices import Slices
from slices_of_rules import KINDS, ROOT, RULES, SCRIPT_OF, every_kind, names
from softrec.job.settings import read_settings

Checked = Callable[[str], dict[str, Any]]


def settings_class(rule: str) -> type:
    """The dataclass of a rule's settings."""
    module, _, name = RULES[rule][1].rpartition(".")
    if module:
        return getattr(importlib.import_module(f"softrec.{module}"), name)
    script = SCRIPT_OF.get(rule, rule)
    spec = importlib.util.spec_from_file_location(script, ROOT / f"scripts/{script}.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded.Settings


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", ["paper", "demo", "every kind"])
def test_a_slice_fills_the_dataclass_that_its_script_reads(checked: Checked, name: str, rule: str) -> None:
    """No key too many, none missing, every value of its type: schema, slices and dataclasses cannot drift apart."""
    config = every_kind(checked("demo")) if name == "every kind" else checked(name)
    kind = settings_class(rule)
    for chosen in names(rule, config):
        value = RULES[rule][0](Slices(config), chosen)
        settings = read_settings(value if isinstance(value, str) else json.dumps(value), kind)
        assert type(settings) is kind


def test_every_kind_of_source_has_been_tried(checked: Checked) -> None:
    """Between the three configurations no fetching rule is left out."""
    configs = [checked("paper"), checked("demo"), every_kind(checked("demo"))]
    assert all(any(names(rule, config) for config in configs) for rule in KINDS)


@pytest.mark.parametrize("rule", RULES)
def test_the_script_reads_that_dataclass(rule: str) -> None:
    """The name after `read_settings(args.settings, ` in the script is the one of the table above."""
    text = (ROOT / f"scripts/{SCRIPT_OF.get(rule, rule)}.py").read_text()
    (read,) = re.findall(r"read_settings\(args\.settings, ([\w.]+)\)", text)
    assert read.rpartition(".")[2] == RULES[rule][1].rpartition(".")[2]


def test_slices_are_equal_texts_for_equal_settings(checked: Checked) -> None:
    """The order of keys in a file does not count, and a candidate is the same number however a path writes it."""
    config = checked("demo")
    turned = {key: config[key] for key in reversed(config)}
    turned["tuning"] = {key: config["tuning"][key] for key in reversed(config["tuning"])}
    for rule, (slice_of, _) in RULES.items():
        for name in names(rule, config):
            assert slice_of(Slices(config), name) == slice_of(Slices(turned), name)
    assert Slices(config).tune("soft", "ml100k", "bigrec", "1", "1") == Slices(config).tune(
        "soft", "ml100k", "bigrec", "1", "1.0"
    )


CONTROLS = {f"tune_{how.module}" for _, how, _ in tuning.CONTROLS.values()}
TUNING = {"tune_sft", "tune_sdpo", "tune_simpo", "tune_soft", "tune_soft_wo_sa", *CONTROLS}
MEASURING = {"measure_initial_distance", "measure_initial_distance_llara"}
ASKING = (
    TUNING
    | MEASURING
    | {"predict_training_titles", "generate_self_distilled", "predict_titles", "predict_titles_untuned", "recommend"}
)
BY_TEXTS = {"ground_predictions", "list_top_grounded"}
ANSWERING = TUNING | {"predict_titles", "predict_titles_untuned", "recommend"}
COLLECTING = {
    "collect_results",
    "plot_curriculum",
    "measure_significance",
    "measure_power",
    "check_consistency",
    "collect_runtimes",
    "write_summary",
}
DRAWING = {"plot_figure2", "plot_figure5", "plot_figure6"}
OF_SASREC = {"fit_sasrec", "fit_sasrec_rows", "fit_sasrec_full_softmax", "fit_dros", "fit_dllm2rec"}
FITTING = OF_SASREC | {"fit_sasrec_softmax", "fit_gru4rec", "fit_llm_cf"}
RANKING = {"rank_sequential", "rank_llm_cf", "list_top_sequential", "list_top_llm_cf"}
GROUNDING = {"ground_predictions", "list_top_grounded", "rank_popularity"}
USING = {"recommend", "export_adapter"}
TABLES = {"make_table2", "make_table2_all", "make_table3"}
LABELLED = COLLECTING | DRAWING | {*TABLES, "make_table1", "export_adapter"}
ENCODING = {"encode_titles", "encode_cot", "encode_titles_for_llm_cf"}


@pytest.mark.parametrize(
    ("key", "value", "rules"),
    [
        ("filter.k", 5, {"filter_interactions"}),
        ("filter.duplicates", "none", {"filter_interactions", "audit_split"}),
        ("filter.tie_seed", 7, {"filter_interactions", "split_sequences"}),
        ("split.history", 5, {"split_sequences", "audit_split", "retrieve_examples", *RANKING, *FITTING, *USING}),
        ("split.fractions", [0.6, 0.2, 0.2], {"split_sequences", "audit_split"}),
        ("samples.test", 10, {"sample_sequences"}),
        ("samples.paper_test", 10, {"sample_sequences"}),
        ("samples.seed", 7, {"sample_sequences", "generate_cot", "retrieve_examples", *MEASURING}),
        ("ranking.mask", "none", {*RANKING, *GROUNDING, *FITTING, *TUNING, "recommend"}),
        ("ranking.cutoffs", [5, 10, 20], {"evaluate_ranks", *FITTING}),
        ("sasrec.dim", 32, {*RANKING, *FITTING}),
        ("sasrec.learning_rate", 0.1, FITTING),
        ("llm_cf.weight", 0.5, {"fit_llm_cf", "rank_llm_cf", "list_top_llm_cf"}),
        ("llm_cf.rows", 8, {"generate_cot"}),
        ("llm_cf.negatives", 8, {"fit_llm_cf", "fit_sasrec_softmax"}),
        ("llm_cf.dropout", 0.3, {"fit_llm_cf", "rank_llm_cf", "list_top_llm_cf", "fit_sasrec_softmax"}),
        ("sasrec.dropout", 0.3, {"rank_sequential", "list_top_sequential", *OF_SASREC}),
        ("llm_cf.centred_similarity", True, {"retrieve_examples"}),
        ("llm_cf.examples_per_label", 2, {"retrieve_examples"}),
        ("dros.beta", 0.5, {"fit_dros"}),
        ("dllm2rec.lam", 0.5, {"fit_dllm2rec"}),
        ("dllm2rec.teacher_items", 5, {"find_nearest_items"}),
        ("lora.rank", 4, TUNING),
        ("tuning.epochs", 9, TUNING - {"tune_sdpo", "tune_simpo"}),
        ("sdpo.beta", 0.5, {"tune_sdpo"}),
        ("sdpo.epochs", 9, {"tune_sdpo"}),
        ("sdpo.schedule", "constant", {"tune_sdpo"}),
        ("sdpo.warmup", 0.1, {"tune_sdpo"}),
        ("sdpo.gradient_clip", 1.0, {"tune_sdpo"}),
        ("tuning.gradient_clip", 0.5, TUNING - {"tune_sdpo"}),
        ("simpo.beta", 3.0, {"tune_simpo"}),
        ("simpo.gamma_beta_ratio", 0.4, {"tune_simpo"}),
        ("gru4rec.dropout", 0.1, {"fit_gru4rec"}),
        ("gru4rec.sample_power", 0.75, {"fit_gru4rec"}),
        ("tuning.warmup_steps", 7, TUNING - {"tune_sdpo", "tune_simpo"}),
        ("tuning.weight_decay", 0.1, TUNING),
        ("tuning.max_tokens", 400, ASKING),
        ("soft.progression", "linear", {"tune_soft", "tune_random_title", "tune_grounded_title"}),
        ("soft.distance_rows", 16, {*MEASURING, "write_summary"}),
        (
            "soft.alphas",
            [1, 10, 100],
            COLLECTING | {"select_alpha", "plot_figure5", "write_training_curves", "tune_sft_matched"},
        ),
        ("label_smoothing.epsilons", [0.3], set()),
        ("generation.beams", 2, ASKING),
        ("generation.grounding", "least", ANSWERING | BY_TEXTS),
        ("generation.constrained", "trie", ANSWERING),
        ("generation.softmin_temperature", 2.0, set()),
        ("generation.max_new_tokens_llara", 32, {"measure_initial_distance_llara"}),
        ("generation.batch_size", 8, ASKING | ENCODING | {"generate_cot"}),
        ("soft.choose_by", "tuning_seed", {"select_alpha"}),
        (
            "seeds",
            [1, 2, 3, 4],
            {"select_alpha", "plot_figure2", "plot_figure5", "write_paper", "write_training_curves", *COLLECTING},
        ),
        ("sasrec.l2", [0.1], {"copy_selected_model", "collect_runtimes", "write_training_curves"}),
        ("dros.alphas", [0.1], {"select_hyperparameter", "write_training_curves"}),
        ("methods", ["sasrec"], COLLECTING | DRAWING | {*TABLES, "write_training_curves", "write_paper"}),
        ("statistics.resamples", 500, {"measure_significance", "plot_figure5", "write_summary", "export_adapter"}),
        ("llms.tiny.steps", 7, {"pretrain_tiny_llm"}),
        ("llms.tiny.precision", "bf16", ASKING | ENCODING | {"generate_cot"}),
        ("llms.tiny.kernels", "fused", ASKING | ENCODING | {"generate_cot"}),
        ("datasets.ml100k.words.item", "film", ASKING | {"pretrain_tiny_llm", "generate_cot"}),
        ("datasets.ml100k.global_batch_size", 8, TUNING),
        ("datasets.ml100k.label", "ML", LABELLED),
        ("run", "other", {"make_run_crate"}),
    ],
)
def test_a_key_reaches_the_rules_that_depend_on_it_and_no_other(
    checked: Checked, key: str, value: Any, rules: set[str]
) -> None:
    """What is not in a slice can neither influence a result nor make it stale.

    For example, another set of alphas leaves the runs of the old ones alone, since each has its own alpha in its path.
    The run's manifest holds it all.
    """
    assert set(differing(checked("demo"), key, value)) == {*rules, "make_run_manifest"}


def test_the_soft_minimum_alone_has_a_temperature(checked: Checked) -> None:
    """Which jobs read it then: those that ground. The texts are the same as for the least distance."""
    config = checked("demo")
    config["generation"]["grounding"] = "softmin"
    changed = set(differing(config, "generation.softmin_temperature", 2.0))
    assert changed == {*TUNING, *BY_TEXTS, "recommend", "make_run_manifest"}
    assert set(differing(config, "generation.grounding", "least")) == changed
    assert "temperature" in Slices(config).grounding()


def differing(config: dict[str, Any], key: str, value: Any) -> Iterator[str]:
    """The rules whose slice is another once the dotted key has another value."""
    other = copy.deepcopy(config)
    *way, last = key.split(".")
    part = other
    for step in way:
        part = part[step]
    assert part[last] != value
    part[last] = value
    for rule, (slice_of, _) in RULES.items():
        for name in names(rule, config):
            if slice_of(Slices(config), name) != slice_of(Slices(other), name):
                yield rule
