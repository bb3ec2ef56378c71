"""Training curves as TensorBoard's event files.

The records are written one by one, because the library's own writers put the current time, the machine's name and the
number of the process into the files. Here a file depends on its training log alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from common.errors import SoftrecError

NAME = "events.out.tfevents.0.softrec"  # TensorBoard reads files with `tfevents` in their name
VERSION = "brain.Event:2"  # the first record of a file


class Point(NamedTuple):
    """A value of a curve: its tag, the epoch, and the seconds of training until the end of that epoch."""

    tag: str
    epoch: int
    seconds: float
    value: float


def points(lines: Sequence[Mapping[str, Any]]) -> Iterator[Point]:
    """Yield every number of a training log's epochs; nested keys are joined by "/", as in `validation/H@5`."""
    spent = 0.0
    for line in lines:
        if "epoch" not in line:
            continue  # the summary repeats an epoch
        spent += sum(line.get("seconds", {}).values())
        for tag, value in numbers(line):
            if tag != "epoch":
                yield Point(tag, line["epoch"], spent, float(value))


def numbers(line: Mapping[str, Any], way: str = "") -> Iterator[tuple[str, float]]:
    """Yield the numbers of a nested object with their keys."""
    for key, value in line.items():
        if isinstance(value, Mapping):
            yield from numbers(value, f"{way}{key}/")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{way}{key}", value


def write_events(path: Path, found: Sequence[Point]) -> None:
    """Write an event file. Values are stored as float32; a record's time is the seconds of training.

    Raises `SoftrecError` if tensorboardX is not installed.
    """
    try:
        from tensorboardX.proto.event_pb2 import Event
        from tensorboardX.proto.summary_pb2 import Summary
        from tensorboardX.record_writer import RecordWriter
    except ModuleNotFoundError as error:
        raise SoftrecError(
            f"the library {error.name} is not installed",
            remedy="pip install -r envs/requirements-use.txt -c envs/constraints.txt",
        ) from error
    writer = RecordWriter(str(path))
    try:
        writer.write(Event(wall_time=0.0, file_version=VERSION).SerializeToString())
        for point in found:
            summary = Summary(value=[Summary.Value(tag=point.tag, simple_value=point.value)])
            event = Event(wall_time=point.seconds, step=point.epoch, summary=summary)
            writer.write(event.SerializeToString())
    finally:
        writer.close()
