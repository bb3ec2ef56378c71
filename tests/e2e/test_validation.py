"""Validation rows: any model can be asked on them by path, and models over item ids may be fitted on all of them."""

import json
from pathlib import Path

from toy_project import Project, rules

UNTUNED = "results/toy/toys/bigrec/untuned/valid.metrics.json"
TUNED = "results/toy/toys/bigrec/sft/seed=1/valid.metrics.json"


def test_a_model_and_its_base_are_asked_on_validation(copied: Project) -> None:
    """Nothing is tuned for it, and no test row is read.

    What the tuned model then gets is what its training log says of the epoch that was kept: the same rows, the same
    texts, the same ranks.
    """
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
    """`sasrec.valid: samples` fits it anew: its validation rows are another file, and its log is of those."""
    folder = "results/toy/toys/sasrec/l2=0.001/seed=1"
    switch = ["--config", "sasrec={valid: samples}", "--", f"{folder}/model.safetensors"]
    whole = json.loads((copied.root / f"{folder}/training.jsonl").read_text().splitlines()[0])
    manifest = copied.root / f"{folder}/model.safetensors.manifest.json"
    assert validated_on(manifest) == ["results/toy/toys/sequences/valid.parquet"]
    assert rules(copied.planned(*switch)) == {"fit_sasrec": 1}
    copied.snakemake(*switch)
    assert validated_on(manifest) == ["results/toy/toys/samples/valid.parquet"]
    sampled = json.loads((copied.root / f"{folder}/training.jsonl").read_text().splitlines()[0])
    assert whole["loss"] == sampled["loss"], "training rows are the same"
    assert whole["validation"] != sampled["validation"]


def validated_on(manifest: Path) -> list[str]:
    """The validation rows that a model's job has read."""
    return [name for name in json.loads(manifest.read_text())["inputs"] if name.endswith("/valid.parquet")]
