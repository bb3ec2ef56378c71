"""Finished models in use: recommendations, exports and lists of titles are those of the run's own predictions."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import ir_measures
import numpy as np
import pyarrow.parquet as pq
import pytest
from rocrate.rocrate import ROCrate
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from toy_project import ROOT, Finished, Project, surroundings

TUNED = ("bigrec/sft/seed=1", "llara/soft/alpha=10/seed=1")
LISTED = (*TUNED, "bigrec/untuned", "sasrec/seed=1", "dros/seed=1", "dllm2rec/seed=1", "llm-cf/seed=1")
K, CUTOFFS = 20, (1, 5, 10, 20)


def columns(path: Path) -> dict[str, list[Any]]:
    """A table as lists."""
    return pq.read_table(path).to_pydict()


@pytest.fixture(scope="module")
def used(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the finished project with everything in it that can be asked for.

    The histories are all of each test row's user's items before its target, as ids: what the mask `seen` excludes.
    """
    project = finished.project.copy(tmp_path_factory.mktemp("used") / "softrec")
    shutil.copy(ROOT / "LICENSE", project.root)
    rows, had = columns(project.toys / "samples/test.parquet"), columns(project.toys / "interactions.parquet")
    ids = columns(project.toys / "catalogue.parquet")["source_id"]
    lines = []
    for user, position in zip(rows["user"], rows["position"], strict=True):
        own = [item for other, item in zip(had["user"], had["item"], strict=True) if other == user][:position]
        lines.append(json.dumps([ids[item - 1] for item in own]) + "\n")
    (project.toys / "histories.jsonl").write_text("".join(lines))
    targets = [f"{model}/{name}" for model in TUNED for name in ("recommendations.jsonl", "export")]
    targets += [f"{model}/test.top{K}.run" for model in LISTED]
    options = project.command()
    # The option for configurations takes all that follows it.
    of_run = ["write_training_curves", "make_run_crate"]
    project.run([*options[:3], *of_run, *(f"results/toy/toys/{target}" for target in targets), *options[3:]])
    return project


def recommended(place: Path) -> list[dict[str, Any]]:
    """The lines of a file of recommendations."""
    return [json.loads(line) for line in place.read_text().splitlines()]


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


def by_card(project: Project, model: str, history: list[str]) -> str:
    """Run the program in a model card on a history, in the folder of the export."""
    folder = project.toys / model / "export"
    (code,) = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
    code = code.replace('["a title", "another title"]', repr(history))
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=surroundings(), capture_output=True, text=True, timeout=300
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.rstrip("\n")


def test_the_program_in_the_card_generates_what_the_run_predicted(used: Project) -> None:
    """Loaded by AutoPeftModelForCausalLM, generated by transformers: the title of two test rows."""
    model, catalogue = TUNED[0], columns(used.toys / "catalogue.parquet")
    rows = columns(used.toys / "samples/test.parquet")
    said = recommended(used.toys / model / "recommendations.jsonl")
    for row in [i for i, own in enumerate(said) if own["title"]][:2]:
        history = [catalogue["title"][item - 1] for item in rows["history"][row]]
        assert by_card(used, model, history) == said[row]["title"]


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


@pytest.mark.parametrize("model", LISTED)
def test_metrics_from_the_lists_are_the_runs_metrics(used: Project, model: str) -> None:
    """By ir-measures from the files alone, on all rows and on the paper's: Success@K and nDCG@K are H@K and NG@K.

    One document is relevant in each row, so the ideal gain is 1 and nDCG is 1 / log2(rank + 2).
    """
    place = used.toys / model
    measures = {f"H@{k}": ir_measures.Success @ k for k in CUTOFFS} | {f"NG@{k}": ir_measures.nDCG @ k for k in CUTOFFS}
    run = list(ir_measures.read_trec_run(str(place / f"test.top{K}.run")))
    qrels = list(ir_measures.read_trec_qrels(str(place / f"test.top{K}.qrels")))
    paper = {str(row) for row, own in enumerate(columns(place / "test.ranks.parquet")["paper"]) if own}
    told = json.loads((place / "test.metrics.json").read_text())
    for name, chosen in (("metrics_all", qrels), ("metrics", [own for own in qrels if own.query_id in paper])):
        found = ir_measures.calc_aggregate(measures.values(), chosen, run)
        for metric, measure in measures.items():
            assert found[measure] == pytest.approx(told[name][metric], abs=1e-12), (name, metric)
    assert told["metrics_all"][f"H@{K}"] > 0


@pytest.mark.parametrize("model", LISTED)
def test_the_table_has_the_same_order_as_the_run(used: Project, model: str) -> None:
    """Ids of the source, users of the run, scores that never rise."""
    place = used.toys / model
    header, *lines = (line.split("\t") for line in (place / f"test.top{K}.tsv").read_text().splitlines())
    assert header == ["row", "user_id", "item_id", "rank", "score"]
    run = [line.split(" ") for line in (place / f"test.top{K}.run").read_text().splitlines()]
    assert [(own[0], own[2], own[3]) for own in lines] == [(own[0], own[2], own[3]) for own in run]
    users = columns(used.toys / "samples/test.parquet")["user"]
    assert all(int(own[1]) == users[int(own[0])] for own in lines)
    assert {own[2] for own in lines} <= set(columns(used.toys / "catalogue.parquet")["source_id"])
    for row in range(len(users)):
        scores = [float(own[4]) for own in lines if int(own[0]) == row]
        assert len(scores) == K
        assert scores == sorted(scores, reverse=True)


def test_tensorboard_shows_every_training_run(used: Project) -> None:
    """As many event files as training logs, each with the losses of its log."""
    logs = sorted(used.toys.rglob("training.jsonl"))
    curves = used.root / "results/toy/tensorboard"
    held = {path.parent.relative_to(curves) for path in curves.rglob("events.out.tfevents*")}
    assert held == {path.parent.relative_to(used.root / "results/toy") for path in logs}
    for path in logs:
        reader = EventAccumulator(str(curves / path.parent.relative_to(used.root / "results/toy"))).Reload()
        epochs = [line for line in map(json.loads, path.read_text().splitlines()) if "epoch" in line]
        assert [event.step for event in reader.Scalars("loss")] == [line["epoch"] for line in epochs]
        assert [np.float32(event.value) for event in reader.Scalars("loss")] == [
            np.float32(line["loss"]) for line in epochs
        ]


def test_the_crate_has_every_result_of_the_manifest(used: Project) -> None:
    """With its digest, as rocrate reads it."""
    manifest = json.loads((used.root / "results/toy/manifest.json").read_text())
    crate = ROCrate(used.root / "results/toy/ro-crate")
    told = {own.id: own["sha256"] for own in crate.dereference("#run")["result"]}
    wanted = {name.removeprefix("results/toy/"): digest for name, digest in manifest["results"].items()}
    assert wanted.items() <= told.items()
    assert set(told) - set(wanted) == {"manifest.json"}
    assert {own["name"] for own in crate.dereference("#run")["object"]} >= set(manifest["sources"])


def test_nothing_of_this_is_part_of_the_run(used: Project) -> None:
    """`all` has nothing to do, before as after: no rule of use.smk makes anything that it needs."""
    assert used.planned() == []
