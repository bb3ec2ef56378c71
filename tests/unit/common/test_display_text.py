"""Words of strangers on a terminal: shown, not obeyed."""

from pathlib import Path

import pytest

from common import log
from common.display_text import plain
from common.errors import SoftrecError
from lib.console import failure_report
from softrec.job import program


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x1b]0;owned\x07", r"\x1b[2J\x1b]0;owned\x07"),
        ("a\rb", r"a\rb"),
        ("\x9b31m", r"\x9b31m"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_a_terminal_would_obey_is_written_out(text: str, shown: str) -> None:
    """Escape sequences, a return to the line's start, a turn of direction, half a character."""
    assert plain(text) == shown


@pytest.mark.parametrize("text", ["", "plain", "two\nlines\tand tabs", "é 字 😀 e\u0301", "zero\u200bwidth"])
def test_other_text_stays(text: str) -> None:
    """Whatever only shows itself."""
    assert plain(text) == text


def test_logs_errors_and_the_end_of_logs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A title of a stranger reaches a terminal by a line of a log, by an error, or by the end of a failed job's log."""
    log.info("title \x1b[31m")
    with pytest.raises(SystemExit):
        program.refuse(SoftrecError("bad \x1b[31m", where="here\x07"))
    said = capsys.readouterr().err
    (tmp_path / "log").write_text("raw \x1b[31m\n")
    assert "\x1b" not in said + failure_report.last_lines(tmp_path / "log")
    assert r"title \x1b[31m" in said
    assert r"here\x07" in said
