"""Progress lines: percent, rate and time left by hand, at most one per interval, no cursor movement."""

from types import SimpleNamespace

import pytest

from common import log
from common.log import Progress, clock


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        """The time."""
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock in the place of the module's own."""
    passing = Clock()
    monkeypatch.setattr(log, "time", SimpleNamespace(monotonic=passing.monotonic))
    return passing


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (59.4, "0:59"), (59.6, "1:00"), (3599, "59:59"), (3600, "1:00:00"), (90061, "25:01:01")],
)
def test_clock(seconds: float, text: str) -> None:
    """Rounded to the second; hours appear from one hour on."""
    assert clock(seconds) == text


def test_a_line_by_hand(time: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """5 of 12 steps in 20 s are 41 %; 5 x 2,048 tokens in 20 s are 512 a second; 7 steps at 4 s leave 28 s."""
    progress = Progress("tune  epoch 1/7", 12, unit="tok")
    for _ in range(4):
        progress.step(1, 2048, loss=2.0)
    time.now += 20
    progress.step(1, 2048, loss=1.23456)
    assert capsys.readouterr().err == "tune  epoch 1/7   41 %  loss 1.2346  512 tok/s  ETA 0:28\n"


def test_units_count_as_throughput_by_default(time: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """30,000 of 120,000 rows in 10 s: 25 %, 3,000 rows/s, 30 s left."""
    progress = Progress("predict", 120_000)
    time.now += 10
    progress.step(30_000)
    assert capsys.readouterr().err == "predict   25 %  3,000 rows/s  ETA 0:30\n"


def test_lines_are_throttled_and_the_last_one_always_comes(time: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """100 steps of a second, a line each 10 s: at 10, 20, ..., 90 and, for the last step, at 100."""
    progress = Progress("fit", 100)
    for _ in range(100):
        time.now += 1
        progress.step(1)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("%")[0] for line in lines] == [f"fit  {percent:3d} " for percent in range(10, 101, 10)]
    quick = Progress("fit", 100)
    for _ in range(100):
        quick.step(1)
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_lines_have_no_cursor_movement(time: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """A log file is read by grep: no carriage return, no escape; nothing goes to standard output."""
    progress = Progress("fit", 2, interval=0)
    progress.step(1, loss=1.0)
    progress.step(1, loss=0.5)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 2
    assert not {"\r", "\x1b", "\b"} & set(said.err)
