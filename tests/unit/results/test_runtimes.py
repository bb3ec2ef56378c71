"""Where minutes go, stage by stage, and what older files do not tell."""

import json
from pathlib import Path

import pytest

from common import files
from common.errors import SoftrecError
from common.files import manifest_of
from softrec.io import csv_files
from softrec.job import program, timing
from softrec.reporting import teacher_share
from softrec.results import device_minutes, runtimes
from softrec.results.runs import Run
from softrec.results.runtimes import Entry, RuntimesSettings

SFT = Run("D", "B", "SFT", 1)


def write_log(path: Path, *seconds: dict[str, float], **summary: object) -> Path:
    """A training log with these seconds by epoch."""
    lines = [{"epoch": i, "loss": 1.0, "seconds": s} for i, s in enumerate(seconds, start=1)]
    path.write_text("".join(json.dumps(line) + "\n" for line in [*lines, {"summary": True, **summary}]))
    return path


def write_output(path: Path, **changes: object) -> Path:
    """An output and the manifest beside it: a job of 100 s on 4 GPUs, which worked 90 s; None takes a key away."""
    manifest = {"seconds": 100, "notes": {"work_seconds": 90}, "ranks": 4, "hardware": {"gpus": ["G"] * 4}, **changes}
    path.write_text("")
    files.write_json(manifest_of(path), {key: value for key, value in manifest.items() if value is not None})
    return path


def test_a_training_run_has_its_stages_ranks_and_device(tmp_path: Path) -> None:
    """Two epochs of 30 s and 15 s are a minute and half a minute, of four GPUs; a stage of no time is left out."""
    epoch = {"train": 30, "validate": 15, "schedule": 0.0}
    log = write_log(tmp_path / "log", epoch, epoch, device="G", ranks=4)
    assert runtimes.entries_of_log(log, SFT) == [
        Entry("D", "B", "SFT", 1, "", "training", 1.0, 4, "G"),
        Entry("D", "B", "SFT", 1, "", "validation", 0.5, 4, "G"),
    ]


def test_a_schedule_by_validation_loss_measures_no_distance(tmp_path: Path) -> None:
    """The stage of an epoch with loss_t is the loss on validation rows, not d_t: 60 s of two epochs are a minute."""
    lines = [{"epoch": i, "loss_t": 2.0, "seconds": {"train": 60.0, "schedule": 30.0}} for i in (1, 2)]
    log = tmp_path / "log"
    log.write_text("".join(f"{json.dumps(line)}\n" for line in [*lines, {"summary": True, "device": "G", "ranks": 1}]))
    found = {entry.stage: entry.minutes for entry in runtimes.entries_of_log(log, SFT)}
    assert found == {"training": 2.0, "validation loss": 1.0}


def test_minutes_of_four_ranks_are_four_times_as_many_process_minutes(tmp_path: Path) -> None:
    """One wall minute on 4 GPUs is 4 GPU-minutes."""
    (entry,) = runtimes.entries_of_log(write_log(tmp_path / "log", {"train": 60}, device="G", ranks=4), SFT)
    assert (entry.minutes, entry.process_minutes) == (1.0, 4.0)


def test_a_model_over_item_ids_says_its_l2_itself(tmp_path: Path) -> None:
    """A seed that took over the chosen L2 has it in its log.

    Training is kept even where it took no time that can be told.
    """
    log = write_log(tmp_path / "log", {"train": 0.0, "validate": 0.0}, device="CPU", ranks=1, l2=0.1)
    entry = Entry("D", "", "SASRec", 1, "l2=0.1", "training", 0.0, 1, "CPU")
    assert runtimes.entries_of_log(log, Run("D", "", "SASRec", 1)) == [entry]


@pytest.mark.parametrize(
    ("summary", "sentence"),
    [({"ranks": 1, "l2": 0.1}, "on which device its job ran"), ({"device": "CPU", "ranks": 1}, "with which L2")],
)
def test_a_log_that_does_not_tell_is_refused(tmp_path: Path, summary: dict[str, object], sentence: str) -> None:
    """Logs of earlier versions lack the keys: minutes of a GPU would pass for those of a CPU."""
    with pytest.raises(SoftrecError, match=f"log does not record {sentence}"):
        runtimes.entries_of_log(write_log(tmp_path / "log", {"train": 1.0}, **summary), Run("D", "", "S", 1))


def test_a_job_beside_the_runs_counts_its_work_alone(tmp_path: Path) -> None:
    """Of 100 s the 90 s of generation count, 1.5 minutes; where torch saw no GPU it was the CPU."""
    found = runtimes.entry_of_output(write_output(tmp_path / "y"), SFT, runtimes.SELF_DISTILLED)
    assert found == Entry("D", "B", "SFT", 1, "", "self-distillation", 1.5, 4, "G")
    cpu = runtimes.entry_of_output(write_output(tmp_path / "z", hardware={"cores": 2}, ranks=1), SFT, "d_0")
    assert (cpu.stage, cpu.ranks, cpu.device) == ("d_0", 1, "CPU")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [({"ranks": None}, "on how many ranks its job ran"), ({"notes": {}}, "how long its job worked")],
)
def test_a_manifest_that_does_not_tell_is_refused(tmp_path: Path, change: dict[str, object], sentence: str) -> None:
    """Older manifests lack the keys, and may be of any number of ranks: a guess would be a wrong figure."""
    with pytest.raises(SoftrecError, match=f"y.manifest.json does not record {sentence}.*\n.*\n.*make them again"):
        runtimes.entry_of_output(write_output(tmp_path / "y", **change), SFT, runtimes.SELF_DISTILLED)


@pytest.mark.parametrize("change", [{"notes": []}, {"hardware": "CPU"}, {"notes": {timing.NOTE: "long"}}])
def test_a_manifest_of_other_kinds_goes_with_its_output(tmp_path: Path, change: dict[str, object]) -> None:
    """No rule makes a manifest again by itself: whoever removed it alone would be asked for it for ever."""
    with pytest.raises(SoftrecError, match="with the outputs of its job"):
        runtimes.entry_of_output(write_output(tmp_path / "y", **change), SFT, runtimes.SELF_DISTILLED)


def test_minutes_on_a_cpu_are_those_of_its_time(tmp_path: Path) -> None:
    """Of 100 s its process had 25 s of a core: two minutes by the clock are half a minute of CPU time."""
    entry = Entry("D", "B", "SFT", 1, "", "training", 2.0, 1, "CPU")
    output = write_output(tmp_path / "y", cpu_seconds=25, ranks=1)
    assert device_minutes.on_device(entry, output) == entry._replace(minutes=0.5)


def test_minutes_on_a_gpu_stay_the_clocks(tmp_path: Path) -> None:
    """A process may sleep while its GPU computes for it, and no other job has the GPU."""
    entry = Entry("D", "B", "SFT", 1, "", "training", 2.0, 4, "G")
    assert device_minutes.on_device(entry, write_output(tmp_path / "y", cpu_seconds=25)) == entry


def test_older_jobs_say_that_their_minutes_are_the_clocks(tmp_path: Path) -> None:
    """Their manifests have no CPU time."""
    entry = Entry("D", "B", "SFT", 1, "", "training", 2.0, 1, "CPU")
    assert device_minutes.on_device(entry, write_output(tmp_path / "y")) == entry._replace(device="CPU (wall clock)")


def test_a_manifest_that_is_gone(tmp_path: Path) -> None:
    """Then the output is made again."""
    manifest_of(output := write_output(tmp_path / "y")).unlink()
    with pytest.raises(SoftrecError, match=rf"is not there\n.*remove {output} and let Snakemake"):
        runtimes.entry_of_output(output, SFT, runtimes.SELF_DISTILLED)


def test_a_tuning_log_without_ranks_is_refused(tmp_path: Path) -> None:
    """A log that names a device is of a language model, which any number of ranks may have tuned."""
    with pytest.raises(SoftrecError, match="does not record on how many ranks"):
        runtimes.entries_of_log(write_log(tmp_path / "log", {"train": 60}, device="G"), SFT)


def test_work_is_timed_and_noted() -> None:
    """The block's seconds go into the manifest's notes."""
    with timing.timed():
        pass
    assert 0 <= program._notes[timing.NOTE] < 60


def test_runtimes_are_read_as_it_was_written(tmp_path: Path) -> None:
    """d_0 of BIGRec is of no seed, an empty field."""
    log, sources = write_log(tmp_path / "log", {"train": 60}, device="G", ranks=4), [SFT]
    d_0 = Run("D", "B", "SOFT")
    outputs = [write_output(tmp_path / name) for name in ("y", "d")]
    pairs = runtimes.collect([log], outputs[:1], outputs[1:], RuntimesSettings(sources, [SFT], [d_0]))
    entries = [entry for entry, _ in pairs]
    assert [path for _, path in pairs] == [log, *outputs]
    assert [(entry.method, entry.seed, entry.stage) for entry in entries] == [
        ("SFT", 1, "training"),
        ("SFT", 1, "self-distillation"),
        ("SOFT", None, "d_0"),
    ]
    csv_files.write_text(tmp_path / "runtimes.csv", csv_files.csv_text([Entry._fields, *entries]))
    assert ",SOFT,,,d_0,1.5,4,G" in (tmp_path / "runtimes.csv").read_text()
    assert runtimes.read_runtimes(tmp_path / "runtimes.csv") == entries


def test_what_the_teacher_has_answered_is_said(tmp_path: Path) -> None:
    """4,096 of 70,000 rows; without DLLM2Rec nothing."""
    log = write_log(tmp_path / "log", teacher_rows=4096, training_rows=70000)
    text = "DLLM2Rec's teacher has labelled 4,096 of 70,000 training rows of D."
    assert teacher_share.format_teacher_share([log], ["D"]) == text
    assert teacher_share.format_teacher_share([], []) == ""
