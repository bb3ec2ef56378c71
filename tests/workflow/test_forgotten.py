"""Jobs that Slurm has forgotten are ended by their outputs, once it has not named them in three rounds."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lib.slurm import forgotten

HELD = "7|PENDING|launch failed requeued held"
SINCE = 1_000_000.0  # when the run began


class Plugin:
    """Snakemake's Slurm plugin: it goes on waiting for every job that it is not told about."""

    run_uuid = "softrec_1"

    def __init__(self) -> None:
        self.ended: list[tuple[str, str]] = []
        self.next_seconds_between_status_checks = 180
        self.workflow = SimpleNamespace(executor_settings=SimpleNamespace(init_seconds_before_status_checks=40))

    async def check_active_jobs(self, active_jobs: list[Any]) -> AsyncIterator[Any]:
        """Yield what is still waited for."""
        for job in active_jobs:
            yield job

    def report_job_success(self, job: Any) -> None:
        """Note it."""
        self.ended.append((job.external_jobid, "well"))

    def report_job_error(self, job: Any, msg: str) -> None:
        """Note it, with the message."""
        self.ended.append((job.external_jobid, msg))


def submitted(number: str, *outputs: Path) -> Any:
    """A job of the cluster with these outputs."""
    return SimpleNamespace(external_jobid=number, job=SimpleNamespace(is_group=lambda: False, output=outputs))


def rounds(answers: list[str | None], jobs: list[Any]) -> tuple[list[list[str]], Plugin, list[str]]:
    """Which jobs are waited for after each round in which squeue answers this (None: not at all)."""
    said: list[str] = []
    told = iter(answers)

    def run(command: tuple[str, ...], **_: Any) -> Any:
        assert "--name=softrec_1" in command
        answer = next(told)
        return subprocess.CompletedProcess(command, int(answer is None), answer or "", "")

    wrapped = type("Wrapped", (Plugin,), {})
    forgotten.wrap(wrapped, said.append, SINCE, run)
    plugin = wrapped()

    async def ask() -> list[list[str]]:
        waited, left = [], jobs
        for _ in answers:
            left = [job async for job in plugin.check_active_jobs(left)]
            waited.append([job.external_jobid for job in left])
        return waited

    return asyncio.run(ask()), plugin, said


def test_a_job_that_wrote_all_has_ended_well_and_one_that_did_not_has_failed(tmp_path: Path) -> None:
    """Job 7 is running throughout; 8 and 9 are unknown for three rounds, of which 9 lacks one of its two files."""
    (tmp_path / "a").touch()
    jobs = [submitted("7"), submitted("8", tmp_path / "a"), submitted("9", tmp_path / "a", tmp_path / "b")]
    waited, plugin, said = rounds(["7|RUNNING|None\n"] * 3, jobs)
    assert waited == [["7", "8", "9"], ["7", "8", "9"], ["7"]]
    assert plugin.ended[0] == ("8", "well")
    assert plugin.ended[1][0] == "9"
    assert f"has not written {tmp_path}/b. " in plugin.ended[1][1]
    assert len(said) == 1
    assert "job 8" in said[0]


@pytest.mark.parametrize("answers", [["", "", HELD], ["", None, "", ""], ["", "", HELD, "", ""]])
def test_a_job_that_is_named_once_or_a_slurm_that_is_silent_begins_anew(answers: list[str | None]) -> None:
    """Three rounds in a row, in each of which Slurm has answered."""
    waited, plugin, _ = rounds(answers, [submitted("7")])
    assert waited[-1] == ["7"]
    assert plugin.ended == []


def test_a_plugin_that_loses_sight_of_all_jobs_goes_on_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`sacct` does not answer: the plugin yields none and reports none. One is running, the other is over."""

    async def blind(self: Plugin, active_jobs: list[Any]) -> AsyncIterator[Any]:
        for job in []:
            yield job

    monkeypatch.setattr(Plugin, "check_active_jobs", blind)
    waited, plugin, _ = rounds(["7|RUNNING|None\n"] * 3, [submitted("7"), submitted("8", tmp_path)])
    assert waited == [["7", "8"], ["7", "8"], ["7"]]
    assert plugin.ended == [("8", "well")]


def test_an_output_of_an_earlier_run_is_none(tmp_path: Path) -> None:
    """The job was forgotten before it began to write: what stands there is from a second before the run."""
    old = tmp_path / "a"
    old.touch()
    os.utime(old, (SINCE - 1, SINCE - 1))
    _, plugin, _ = rounds([""] * 3, [submitted("7", old)])
    assert f"has not written {old}" in plugin.ended[0][1]


def test_of_a_group_all_members_outputs_count(tmp_path: Path) -> None:
    """Two members, one file each, of which the second is not there."""
    members = [SimpleNamespace(output=[tmp_path]), SimpleNamespace(output=[tmp_path / "x"])]
    job = SimpleNamespace(external_jobid="7", job=SimpleNamespace(is_group=lambda: True, jobs=members))
    _, plugin, _ = rounds([""] * 3, [job])
    assert "/x. " in plugin.ended[0][1]


def test_the_plugin_has_the_methods() -> None:
    """Another version of it would be wrapped in vain."""
    from snakemake_executor_plugin_slurm import Executor

    assert callable(Executor.check_active_jobs)
    assert callable(Executor.report_job_success)
    assert callable(Executor.report_job_error)


@pytest.mark.parametrize(("answer", "first", "seconds"), [("", 40, 5), (HELD, 40, 45), (HELD, 100, 100)])
def test_questions_are_a_minute_apart_at_most(answer: str, first: int, seconds: int) -> None:
    """The plugin has gone up to 180 s; a job that is not named is asked for again soon, and a longer wish stays."""
    plugin = Plugin()
    plugin.workflow.executor_settings.init_seconds_before_status_checks = first
    forgotten.hurry(plugin, soon=not answer)
    assert plugin.next_seconds_between_status_checks == seconds


def test_a_round_without_a_job_hurries() -> None:
    """The first that does not name it."""
    _, plugin, _ = rounds([HELD], [submitted("7")])
    assert plugin.next_seconds_between_status_checks == forgotten.SELDOM
    _, plugin, _ = rounds([""], [submitted("7")])
    assert plugin.next_seconds_between_status_checks == forgotten.SOON
