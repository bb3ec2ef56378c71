"""Why jobs wait, in Slurm's words, each reason once."""

import subprocess
from typing import Any

from lib.slurm import waiting
from lib.slurm.waiting import State

ANSWER = """\
7|RUNNING|None
8|PENDING|Priority
9|PENDING|ReqNodeNotAvail, UnavailableNodes:g[1-2]
10|PENDING|ReqNodeNotAvail, UnavailableNodes:g[1-2]
11|PENDING|launch failed requeued held
12|PENDING|QOSMaxGRESPerUser
"""


def answering(output: str, status: int = 0, error: str = "") -> Any:
    """A `subprocess.run` that answers this."""
    return lambda command, **_: subprocess.CompletedProcess(command, status, output, error)


def test_states_are_read_as_squeue_writes_them() -> None:
    """A reason may hold blanks and commas."""
    found = waiting.states("run", answering(ANSWER))
    assert found["7"] == State("RUNNING", "None")  # type: ignore[index]
    assert found["9"] == State("PENDING", "ReqNodeNotAvail, UnavailableNodes:g[1-2]")  # type: ignore[index]


def test_a_reason_is_said_once() -> None:
    """By the first job that has it; what every job waits for now and then is not."""
    said: list[str] = []
    told = waiting.Told(said.append)
    for _ in range(2):
        told.tell(waiting.states("run", answering(ANSWER)))
    assert [line.split(":")[0] for line in said] == [f"Slurm job {number} waits" for number in (9, 11, 12)]
    text = "\n".join(said)
    assert "UnavailableNodes:g[1-2]; see `sinfo`" in text
    assert "held; `scontrol release 11` lets it go" in text
    assert "QOSMaxGRESPerUser; a limit of the site" in text


def test_a_slurm_that_is_silent_is_told_of_once() -> None:
    """With its own words, and again when it is back."""
    said: list[str] = []
    told = waiting.Told(said.append)
    down = answering("", 1, "slurm_load_jobs error: Unable to contact\n slurm controller\n")
    for run in (down, down, answering(""), down):
        told.tell(waiting.states("run", run))
    words = "squeue does not answer (slurm_load_jobs error: Unable to contact slurm controller)"
    assert [line.startswith(words) for line in said] == [True, False, True]
    assert said[1] == "squeue answers again"


def test_no_squeue_at_all() -> None:
    """It hangs, or is not there: what the system says."""

    def absent(*_: Any, **__: Any) -> Any:
        raise FileNotFoundError(2, "No such file or directory", "squeue")

    assert "squeue" in str(waiting.states("run", absent))
