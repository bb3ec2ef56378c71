"""What Slurm says of a job that it does not take reaches the terminal and the end of the run."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lib.console import failure_report, terminal
from lib.slurm import submissions

LIMIT = "sbatch: error: QOSMaxSubmitJobPerUserLimit\nsbatch: error: Batch job submission failed"
REFUSED = f"SLURM sbatch failed. The error message was '{LIMIT}'.\n    sbatch call:\n        sbatch --wrap=x\n"


class Plugin:
    """The two methods of Snakemake's Slurm plugin, its fault with groups included."""

    def __init__(self, error: Exception | str) -> None:
        self.error, self.reported = error, []

    def run_job(self, job: Any) -> None:
        """As plugin 2.8: what `sbatch` refuses is reported, another error too, unless the job is a group."""
        try:
            if isinstance(self.error, Exception):
                raise self.error
            self._report_job_error_threadsafe(SimpleNamespace(job=job), self.error)
        except Exception as error:
            print(f"Exception in run_job for rule {job.rule.name}: {error}")
            self._report_job_error_threadsafe(
                SimpleNamespace(job=job), f"Job submission failed with exception: {error}"
            )

    def _report_job_error_threadsafe(self, job_info: Any, msg: str) -> None:
        self.reported.append((job_info.job, msg))


def job(rule: str) -> Any:
    """A job of one rule."""
    return SimpleNamespace(rule=SimpleNamespace(name=rule), log=[f"logs/{rule}.log"], is_group=lambda: False)


def group(*rules: str) -> Any:
    """A group of jobs, which has no rule."""
    return SimpleNamespace(jobs=[job(rule) for rule in rules], is_group=lambda: True)


def submit(asked: Any, error: Exception | str) -> tuple[Plugin, terminal.Watch, list[str], list[float]]:
    """Submit a job with the plugin's methods wrapped: the plugin, the watch, its lines, and the pauses."""
    said: list[str] = []
    pauses: list[float] = []
    watch = terminal.Watch({"rules"}, show=said.append, remote=lambda: True)
    wrapped = type("Wrapped", (Plugin,), {})
    submissions.wrap(wrapped, watch.refused, pauses.append)
    plugin = wrapped(error)
    plugin.run_job(asked)
    return plugin, watch, said, pauses


@pytest.mark.parametrize(("asked", "rules"), [(job("fit"), "fit"), (group("split", "filter"), "filter, split")])
def test_what_sbatch_says_is_shown_and_ends_the_run(asked: Any, rules: str) -> None:
    """For a job and for a group, with what helps; Snakemake hears of it after a pause, and no old log is shown."""
    plugin, watch, said, pauses = submit(asked, REFUSED)
    told = f"{' '.join(LIMIT.split())} ({submissions.ADVICE})"
    assert [one for one, _ in plugin.reported] == [asked]
    assert pauses == [submissions.PAUSE]
    assert said[0] == f"   refused  {rules}"
    assert " ".join(said[1].split()) == told
    assert all(len(line) <= 80 for line in said[1].splitlines())
    members = asked.jobs if asked.is_group() else [asked]
    failures = {(own.rule.name, tuple(own.log)): "" for own in members}
    assert failure_report.report(failures, Path("run.log"), refusals=watch.refusals) == f"{rules} failed: {told}"


def test_an_error_of_a_groups_submission_is_not_lost() -> None:
    """The plugin fails a second time while it reports the first: the job is reported with the first error."""
    asked = group("filter")
    plugin, _, said, pauses = submit(asked, ValueError("no such account"))
    assert plugin.reported == [(asked, "no such account")]
    assert said[1].split() == ["no", "such", "account"]
    assert pauses == []


def test_the_plugin_has_the_methods_that_are_wrapped() -> None:
    """Another version of it would be wrapped in vain."""
    from snakemake_executor_plugin_slurm import Executor

    assert callable(Executor.run_job)
    assert callable(Executor._report_job_error_threadsafe)


def test_a_job_that_failed_on_the_cluster_is_told_by_its_log(tmp_path: Path) -> None:
    """It was refused once and taken later."""
    log = tmp_path / "fit.log"
    log.write_text("out of memory\n")
    key = ("fit", (str(log),))
    told = failure_report.report({key: "Slurm job 7"}, Path("run.log"), refusals={key: "busy"})
    assert told == f"fit failed (Slurm job 7); the end of {log}:\n    out of memory"
