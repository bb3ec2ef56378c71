"""Recommendations and exports: they are those of the run's own predictions."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from toy_project import Project, surroundings
from used_project import TUNED, columns, recommended


def nearest(project: Project, model: str, row: int, k: int) -> list[tuple[str, float]]:
    """By brute force, from the run's own embedding of its generated title: the k nearest unseen titles, distances."""
    z = np.load(project.toys / model / "test.embeddings.npy")[row].astype(np.float64)
    titles, catalogue = np.load(project.toys / "titles.npy"), columns(project.toys / "catalogue.parquet")
    line = (project.toys / "histories.jsonl").read_text().splitlines()[row]
    seen = {catalogue["title_id"][catalogue["source_id"].index(name)] for name in json.loads(line)}
    name_of = dict(zip(catalogue["title_id"], catalogue["title"], strict=True))
    distance = np.linalg.norm(titles.astype(np.float64) - z, axis=1)
    order = [title for title in np.argsort(distance, kind="stable") if title not in seen]
    return [(name_of[title], distance[title]) for title in order[:k]]


@pytest.mark.parametrize("model", TUNED)
def test_recommendations_for_test_rows_are_the_runs_predictions(used: Project, model: str) -> None:
    """Text for text; titles and distances as by brute force from the run's own embeddings; ranks as in its ranks."""
    found = recommended(used.toys / model / "recommendations.jsonl")
    said, ranks = (
        columns(used.toys / model / "test.predictions.parquet"),
        columns(used.toys / model / "test.ranks.parquet"),
    )
    catalogue = columns(used.toys / "catalogue.parquet")
    assert [own["text"] for own in found] == said["text"]
    assert [own["finished"] for own in found] == said["finished"]
    hits = 0
    for row, own in enumerate(found):
        titles, distances = zip(*nearest(used, model, row, 10), strict=True)
        assert [top["title"] for top in own["top"]] == list(titles)
        assert [top["distance"] for top in own["top"]] == pytest.approx(distances, rel=1e-12)
        place = [top["title"] for top in own["top"]]
        target = catalogue["title"][ranks["target"][row] - 1]
        if ranks["rank"][row] < 10:
            assert place.index(target) == ranks["rank"][row]
            hits += 1
        else:
            assert target not in place
    assert hits > 0


@pytest.mark.parametrize("model", TUNED)
def test_a_person_gets_what_the_run_predicted(used: Project, model: str) -> None:
    """One history of the test rows, by titles, on its own: the same text and titles, printed."""
    catalogue = columns(used.toys / "catalogue.parquet")
    row, own = next(
        (i, o) for i, o in enumerate(recommended(used.toys / model / "recommendations.jsonl")) if o["title"]
    )
    history = [catalogue["title"][catalogue["source_id"].index(name)] for name in own["history"]]
    command = [sys.executable, "scripts/recommend.py", "--run", "toy", "--dataset", "toys", "--k", "3"]
    asked = ["--model", model.replace("/alpha=10", ""), "--history", *history]
    shown = used.run([*command, *(asked if "soft" not in model else ["--model", model, *asked[2:]])])
    titles = [title for title, _ in nearest(used, model, row, 3)]
    assert f"generated: {own['title']}\n" in shown
    assert [re.split(r"  +", line.strip())[-1] for line in shown.splitlines() if re.match(r" +[123]  ", line)] == titles


def test_soft_without_alpha_is_the_chosen_alpha(used: Project) -> None:
    """The error for a history that is unknown comes after the model was found; alpha.json names the chosen one."""
    sys.path.insert(0, str(used.root / "scripts"))
    from softrec.use import run_files

    chosen = json.loads((used.toys / "llara/soft/alpha.json").read_text())["chosen"]
    found = run_files.model_folder(used.toys, "llara/soft/seed=1")
    assert found == used.toys / f"llara/soft/alpha={chosen:g}/seed=1"


def by_card(folder: Path, history: list[str]) -> str:
    """Run the program in the model card of an export on a history, in that folder."""
    (code,) = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
    code = code.replace('["a title", "another title"]', repr(history))
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=surroundings(), capture_output=True, text=True, timeout=300
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.rstrip("\n")


def on_other_defaults(project: Project, folder: Path) -> Path:
    """The export on a copy of its base model whose own settings sample and penalise repetition."""
    shutil.copytree(project.toys / TUNED[0] / "export", folder / "export")
    shutil.copytree(project.toys / "llm", folder / "llm")
    for name, changes in (
        ("llm/generation_config.json", {"do_sample": True, "repetition_penalty": 5.0, "no_repeat_ngram_size": 1}),
        ("export/adapter_config.json", {"base_model_name_or_path": str(folder / "llm")}),
    ):
        held = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps({**held, **changes}))
    return folder / "export"


def test_the_program_in_the_card_generates_what_the_run_predicted(used: Project, tmp_path: Path) -> None:
    """Loaded by AutoPeftModelForCausalLM, generated by transformers: the title of a test row.

    The same on a base model whose own settings of generation would give another text.
    """
    model, catalogue = TUNED[0], columns(used.toys / "catalogue.parquet")
    rows = columns(used.toys / "samples/test.parquet")
    said = recommended(used.toys / model / "recommendations.jsonl")
    row = next(i for i, own in enumerate(said) if own["title"])
    history = [catalogue["title"][item - 1] for item in rows["history"][row]]
    for folder in (used.toys / model / "export", on_other_defaults(used, tmp_path)):
        assert by_card(folder, history) == said[row]["title"]


def test_an_export_is_loaded_on_its_base_model(used: Project) -> None:
    """PeftModel.from_pretrained on the base model gives the adapter's weights; the configuration names the base."""
    from peft import PeftModel, get_peft_model_state_dict
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM

    folder = used.toys / TUNED[0] / "export"
    base = json.loads((folder / "adapter_config.json").read_text())["base_model_name_or_path"]
    assert Path(base) == used.toys / "llm"
    held = get_peft_model_state_dict(PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), folder))
    stored = load_file(used.toys / TUNED[0] / "adapter/adapter_model.safetensors")
    assert set(held) == set(stored)
    assert all(held[name].equal(stored[name]) for name in stored)


def test_llara_is_not_loaded_without_its_projector(used: Project) -> None:
    """PEFT stops with the reason, whichever way it is called; softrec loads the export and gives the same."""
    from peft import AutoPeftModelForCausalLM, PeftModel
    from transformers import AutoModelForCausalLM

    folder = used.toys / TUNED[1] / "export"
    base = AutoModelForCausalLM.from_pretrained(used.toys / "llm")
    for load in (
        lambda: PeftModel.from_pretrained(base, folder),
        lambda: AutoPeftModelForCausalLM.from_pretrained(folder),
    ):
        with pytest.raises(ValueError, match="projector and item embeddings"):
            load()
    assert not (folder / "adapter_model.safetensors").exists()
    own = recommended(used.toys / TUNED[1] / "recommendations.jsonl")[0]
    toys = "results/toy/toys"
    command = [sys.executable, "scripts/recommend.py", "--adapter", str(folder), "--llm", f"{toys}/llm"]
    command += ["--catalogue", f"{toys}/catalogue.parquet", "--titles", f"{toys}/titles.npy", "--history"]
    shown = used.run([*command, *own["history"]])
    assert f"generated: {own['title'] or '(nothing)'}\n" in shown
    assert own["top"][0]["title"] in shown
