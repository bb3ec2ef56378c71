"""Where minutes go, and what a method costs from scratch."""

import json
from pathlib import Path

import pytest
from softrec import files, ledger, teaching
from softrec.figure6 import points_of
from softrec.job import manifest_of
from softrec.ledger import LedgerSettings, Source
from softrec.results import LongRow


def write_log(path: Path, *seconds: dict[str, float], **summary: object) -> Path:
    """A training log with these seconds by epoch."""
    lines = [{"epoch": i, "loss": 1.0, "seconds": s} for i, s in enumerate(seconds, start=1)]
    path.write_text("".join(json.dumps(line) + "\n" for line in [*lines, {"summary": True, **summary}]))
    return path


def write_answers(path: Path, seconds: float) -> Path:
    """Answers and the manifest beside them."""
    path.write_text("")
    files.write_json(manifest_of(path), {"seconds": seconds})
    return path


def made(folder: Path) -> list[dict]:
    """SFT: 60 s of training and 30 s of validation; SDPO 120 s and a reference of 60 s; SOFT with alpha 1 and 10: 180 s
    and 240 s of training, 60 s of d_t each; self-distillation 90 s; SASRec 30 s with either L2."""
    logs = [
        (write_log(folder / "a", {"train": 30, "validate": 15}, {"train": 30, "validate": 15}, device="G"), "SFT", ""),
        (write_log(folder / "b", {"train": 120, "validate": 0, "reference": 60}, device="G"), "SDPO", ""),
        (write_log(folder / "c", {"train": 180, "validate": 0, "schedule": 60}, device="G"), "SOFT", "alpha=1"),
        (write_log(folder / "d", {"train": 240, "validate": 0, "schedule": 60}, device="G"), "SOFT", "alpha=10"),
    ]
    sources = [Source("D", "B", method, 1, setting) for _, method, setting in logs]
    sasrec = [write_log(folder / f"s{i}", {"train": 30, "validate": 0}) for i in (1, 2)]
    sources += [Source("D", "", "SASRec", 1, f"l2={value}") for value in ("0.1", "0.001")]
    settings = LedgerSettings(sources, [Source("D", "B", "SFT", 1, "")])
    entries = ledger.ledger([*(log for log, _, _ in logs), *sasrec], [write_answers(folder / "y", 90)], settings)
    return [entry._asdict() for entry in entries]


def test_stages_have_their_minutes_and_device(tmp_path: Path) -> None:
    """60 s are a minute; a stage of no time is left out; SASRec's log names no device, it is trained on the CPU."""
    found = {(e["method"], e["setting"], e["stage"]): e["minutes"] for e in made(tmp_path)}
    assert found["SFT", "", "training"] == 1.0
    assert found["SFT", "", "validation"] == 0.5
    assert found["SDPO", "", "reference"] == 1.0
    assert found["SOFT", "alpha=10", "d_t"] == 1.0
    assert found["SFT", "", "self-distillation"] == 1.5
    assert ("SDPO", "", "validation") not in found
    assert {e["device"] for e in made(tmp_path) if e["method"] == "SASRec"} == {"CPU"}


@pytest.mark.parametrize(
    ("method", "setting", "minutes"),
    [("SFT", "", 1.5), ("SDPO", "", 1.5 + 3), ("SOFT", "alpha=1", 1.5 + 1.5 + 4), ("SOFT", "alpha=10", 1.5 + 1.5 + 5)],
)
def test_a_method_pays_for_what_it_builds_on(tmp_path: Path, method: str, setting: str, minutes: float) -> None:
    """SDPO is SFT and SDPO; SOFT is SFT, self-distillation, and SOFT with the chosen alpha alone."""
    assert ledger.minutes_of(made(tmp_path), "D", "B", method, 1, setting) == pytest.approx(minutes)


def test_points_are_of_chosen_settings(tmp_path: Path) -> None:
    """SOFT with alpha 10 is 8 minutes, SASRec with one of its two L2 half a minute; DROS is not shown."""
    rows = [LongRow("SOFT", "B", "D", "H@5", 1, 0.3), LongRow("SASRec", "", "D", "H@5", 1, 0.2)]
    rows.append(LongRow("DROS", "", "D", "H@5", 1, 0.9))
    chosen = {("D", "B", "SOFT"): "alpha=10", ("D", "", "SASRec"): "l2=0.1"}
    points = points_of(made(tmp_path), rows, chosen, "H@5")
    assert [(p.method, p.minutes, p.value, p.device) for p in points] == [
        ("SOFT", pytest.approx(8.0), 0.3, "G"),
        ("SASRec", pytest.approx(0.5), 0.2, "CPU"),
    ]


def test_what_the_teacher_has_answered_is_said(tmp_path: Path) -> None:
    """4,096 of 70,000 rows; without DLLM2Rec nothing."""
    log = write_log(tmp_path / "log", teacher_rows=4096, training_rows=70000)
    text = "DLLM2Rec's teacher has answered 4,096 of 70,000 training rows of D."
    assert teaching.sentence([log], ["D"]) == text
    assert teaching.sentence([], []) == ""
