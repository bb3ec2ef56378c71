"""Validation rows: any model can be asked on them by path, and models over item ids may be fitted on all of them."""

import json

from toy_project import Project, rules

UNTUNED = "results/toy/toys/bigrec/untuned/valid.metrics.json"
TUNED = "results/toy/toys/bigrec/sft/seed=1/valid.metrics.json"


def test_a_model_and_its_base_are_asked_on_validation(copied: Project) -> None:
    """Nothing is tuned for it, and no test row is read. What the tuned model then gets is what its training log says
    of the epoch that was kept: the same rows, the same texts, the same ranks."""
    jobs = copied.planned("--", UNTUNED, TUNED)
    asked = {"predict_titles": 1, "predict_titles_untuned": 1, "ground_predictions": 2, "evaluate_ranks": 2}
    assert rules(jobs) == asked
    assert all("/valid." in name for job in jobs for name in job.output)
    copied.snakemake("--", UNTUNED, TUNED)
    untuned, tuned = (json.loads((copied.root / name).read_text()) for name in (UNTUNED, TUNED))
    assert untuned["rows"] == tuned["rows"] == 24
    log = (copied.toys / "bigrec/sft/seed=1/training.jsonl").read_text().splitlines()
    assert tuned["metrics"] == json.loads(log[-1])["validation"]


def test_sasrec_is_validated_on_the_whole_split(copied: Project) -> None:
    """`sasrec.valid: split` fits it anew, since its validation rows are another file, and its log is of those rows."""
    folder = "results/toy/toys/sasrec/l2=0.001/seed=1"
    switch = ["--config", "sasrec={valid: split}", "--", f"{folder}/model.safetensors"]
    sampled = json.loads((copied.root / f"{folder}/training.jsonl").read_text().splitlines()[0])
    assert rules(copied.planned(*switch)) == {"fit_sasrec": 1}
    copied.snakemake(*switch)
    manifest = json.loads((copied.root / f"{folder}/model.safetensors.manifest.json").read_text())
    read = [name for name in manifest["inputs"] if name.endswith("/valid.parquet")]
    assert read == ["results/toy/toys/sequences/valid.parquet"]
    whole = json.loads((copied.root / f"{folder}/training.jsonl").read_text().splitlines()[0])
    assert whole["loss"] == sampled["loss"], "training rows are the same"
    assert whole["validation"] != sampled["validation"]
