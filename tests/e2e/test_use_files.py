"""Files for other tools, as other tools read them: lists of titles, training curves, the run's description."""

import json

import ir_measures
import numpy as np
import pytest
from rocrate.rocrate import ROCrate
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from toy_project import Project
from used_project import CUTOFFS, LISTED, K, columns


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
