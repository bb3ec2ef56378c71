"""The choice of a hyper-parameter, and the copy of the model that was chosen."""

import json
from pathlib import Path

import pytest

import copy_selected_model
import select_hyperparameter
from common.errors import SoftrecError
from softrec.evaluation import selection
from softrec.evaluation.selection import Candidate, SelectionSettings
from softrec.io.choice_file import Setting
from softrec.job import program


def settings(candidates: list[tuple[float, int]]) -> SelectionSettings:
    """Settings that choose alpha by H@10, then NG@10."""
    runs = [Candidate(value, seed) for value, seed in candidates]
    return SelectionSettings("alpha", runs, ["H@10", "NG@10"])


def found(*pairs: tuple[float, float]) -> list[dict[str, float]]:
    """Metrics of candidates in order."""
    return [{"H@10": hit, "NG@10": gain} for hit, gain in pairs]


def test_highest_first_metric_wins() -> None:
    """0.3 is the highest H@10, whatever NG@10 says."""
    choice = selection.decide(settings([(0.1, 1), (1, 1), (10, 1)]), found((0.2, 0.19), (0.3, 0.01), (0.1, 0.1)))
    assert choice["chosen"] == 1
    assert choice["seeds"] == [1]
    assert choice["candidates"][1] == {"value": 1, "seed": 1, "H@10": 0.3, "NG@10": 0.01}


def test_second_metric_breaks_a_tie() -> None:
    """H@10 is equal for 0.1 and 10: the higher NG@10 of 10 decides."""
    choice = selection.decide(settings([(0.1, 1), (1, 1), (10, 1)]), found((0.3, 0.1), (0.2, 0.2), (0.3, 0.15)))
    assert choice["chosen"] == 10


@pytest.mark.parametrize("values", [(0.1, 10), (10, 0.1)])
def test_equal_candidates_fall_to_the_first_in_configuration(values: tuple[float, float]) -> None:
    """All metrics equal: whichever value the configuration names first, not the smaller or the larger."""
    choice = selection.decide(settings([(values[0], 1), (values[1], 1)]), found((0.3, 0.1), (0.3, 0.1)))
    assert choice["chosen"] == values[0]


def test_the_mean_over_seeds_decides() -> None:
    """Seed 1 alone prefers 0.1 (0.3 > 0.2); the mean of both seeds prefers 10 ((0.3 + 0.2) / 2 < (0.2 + 0.9) / 2)."""
    runs = [(0.1, 1), (0.1, 2), (10, 1), (10, 2)]
    values = found((0.3, 0), (0.2, 0), (0.2, 0), (0.9, 0))
    mean = selection.decide(settings(runs), values)
    assert mean["chosen"] == 10
    assert mean["seeds"] == [1, 2]
    assert selection.decide(settings(runs[::2]), values[::2])["chosen"] == 0.1


def test_bad_candidates_are_refused() -> None:
    """Counts that differ, a run given twice, values with other seeds."""
    with pytest.raises(SoftrecError, match="1 training logs for 2 candidates"):
        selection.decide(settings([(0.1, 1), (1, 1)]), found((0.1, 0.1)))
    with pytest.raises(SoftrecError, match="twice"):
        selection.decide(settings([(0.1, 1), (0.1, 1)]), found((0.1, 0.1), (0.1, 0.1)))
    with pytest.raises(SoftrecError, match="was run with seeds"):
        selection.decide(settings([(0.1, 1), (1, 2)]), found((0.1, 0.1), (0.1, 0.1)))


def write_log(path: Path, hit: float, last: str = "") -> Path:
    """A training log of one epoch and its summary."""
    lines = [{"epoch": 1, "loss": 1.0, "validation": {"H@10": 0.99, "NG@10": 0.99}, "seconds": {}}]
    lines.append({"summary": True, "kept_epoch": 1, "validation": {"H@10": hit, "NG@10": 0.0}, "stopped": "epochs"})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + last)
    return path


def test_summary_of_a_log(tmp_path: Path) -> None:
    """The kept epoch's metrics come from the last line, not from an epoch's."""
    assert selection.kept_epoch(write_log(tmp_path / "log", 0.25), ["H@10"]) == {"H@10": 0.25}


@pytest.mark.parametrize("text", ["", '{"epoch": 1}\n', '{"summary": tr'])
def test_unfinished_logs_are_refused(tmp_path: Path, text: str) -> None:
    """An empty log, one that ends with an epoch, one that was cut off."""
    (tmp_path / "log").write_text(text)
    with pytest.raises(SoftrecError, match="does not end with a summary"):
        selection.kept_epoch(tmp_path / "log", ["H@10"])


def test_missing_metric_is_named(tmp_path: Path) -> None:
    """H@20 was not logged."""
    with pytest.raises(SoftrecError, match=r"no validation metric 'H@20'"):
        selection.kept_epoch(write_log(tmp_path / "log", 0.25), ["H@20"])


def test_selecting_and_copying(tmp_path: Path) -> None:
    """Two logs, the second better: the choice names its value, and its model's bytes are at the one path."""
    logs = [write_log(tmp_path / f"log{i}", hit) for i, hit in enumerate((0.1, 0.2))]
    models = [tmp_path / "a", tmp_path / "b"]
    for model in models:
        model.write_bytes(model.name.encode())
    chosen = {"name": "l2", "metrics": ["H@10"]}
    chosen["candidates"] = [{"value": 1e-3, "seed": 1}, {"value": 1e-4, "seed": 1}]
    argv = ["--logs", *map(str, logs), "--choice", str(tmp_path / "l2.json"), "--settings", json.dumps(chosen)]
    program.run(select_hyperparameter.main, select_hyperparameter.build_parser(), argv)
    assert json.loads((tmp_path / "l2.json").read_text())["chosen"] == 1e-4
    argv = ["--choice", str(tmp_path / "l2.json"), "--models", *map(str, models), "--model", str(tmp_path / "model")]
    program.run(
        copy_selected_model.main,
        copy_selected_model.build_parser(),
        [*argv, "--settings", '{"name": "l2", "values": [1e-3, 1e-4]}'],
    )
    assert (tmp_path / "model").read_bytes() == b"b"


def test_copying_refuses_what_does_not_fit() -> None:
    """Another hyper-parameter's choice, and a value that is no longer configured."""
    choice = Setting("alpha", 10.0)
    assert selection.position_of_chosen(choice, "alpha", [1, 10]) == 1
    with pytest.raises(SoftrecError, match="selects alpha, not l2"):
        selection.position_of_chosen(choice, "l2", [1, 10])
    with pytest.raises(SoftrecError, match="alpha=10 is not among"):
        selection.position_of_chosen(choice, "alpha", [1, 2])
