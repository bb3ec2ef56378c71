"""Training curves in TensorBoard's format: what TensorBoard's own reader finds is what the log holds."""

from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from softrec.use.event_files import NAME, Point, points, write_events

LINES = [
    {
        "epoch": 1,
        "loss": 1.25,
        "tau": 1.0,
        "validation": {"H@5": 0.1, "NG@5": 1 / 3},
        "seconds": {"train": 4.5, "validate": 0.5},
    },
    {"epoch": 2, "loss": 0.7, "tau": 0.8338, "validation": {"H@5": 0.2, "NG@5": 0.07}, "seconds": {"train": 3.0}},
    {"summary": True, "kept_epoch": 2, "validation": {"H@5": 0.2}, "device": "CPU", "ranks": 1},
]
TAGS = {"loss", "tau", "validation/H@5", "validation/NG@5", "seconds/train", "seconds/validate"}


def test_the_points_of_a_log_by_hand() -> None:
    """The end of epoch 1 is at 4.5 + 0.5 s, that of epoch 2 at 8 s; the summary is no epoch, and text is no value."""
    found = list(points(LINES))
    assert {point.tag for point in found} == TAGS
    assert [point for point in found if point.tag == "loss"] == [
        Point("loss", 1, 5.0, 1.25),
        Point("loss", 2, 8.0, 0.7),
    ]
    assert [point.epoch for point in found if point.tag == "seconds/validate"] == [1]


def test_tensorboard_reads_the_values_of_the_log(tmp_path: Path) -> None:
    """Every number of every epoch, as float32, which is what an event file stores."""
    write_events(tmp_path / NAME, list(points(LINES)))
    reader = EventAccumulator(str(tmp_path)).Reload()
    assert set(reader.Tags()["scalars"]) == TAGS
    for tag in TAGS:
        key, _, inner = tag.partition("/")
        wanted = [
            (line["epoch"], line[key][inner] if inner else line[key]) for line in LINES[:2] if has(line, key, inner)
        ]
        found = [(event.step, np.float32(event.value)) for event in reader.Scalars(tag)]
        assert found == [(epoch, np.float32(value)) for epoch, value in wanted]
    assert [event.wall_time for event in reader.Scalars("loss")] == [5.0, 8.0]


def has(line: dict, key: str, inner: str) -> bool:
    """Whether an epoch has a value of this tag."""
    return key in line and (not inner or inner in line[key])


def test_equal_logs_give_equal_files(tmp_path: Path) -> None:
    """No time, name of a machine or number of a process is in a file."""
    for name in ("a", "b"):
        write_events(tmp_path / name, list(points(LINES)))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_missing_library_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that installs it."""
    import sys

    from common.errors import SoftrecError

    monkeypatch.setitem(sys.modules, "tensorboardX.record_writer", None)
    with pytest.raises(SoftrecError, match=r"tensorboardX.* is not installed(.|\n)*envs/requirements-use.txt"):
        write_events(tmp_path / NAME, [])
