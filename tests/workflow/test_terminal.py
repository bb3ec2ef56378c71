"""What a quiet run prints: a line per start and end of a job, and what it remembers of failures."""

import logging
import signal
from typing import Any

import pytest

from lib.console import terminal
from lib.console.forecast import Forecast
from lib.cost.summary import Wall


def record(event: str | None, message: str = "", **facts: Any) -> logging.LogRecord:
    """A log record as Snakemake 9 makes it."""
    made = logging.LogRecord("snakemake", logging.INFO, __file__, 1, message, None, None)
    vars(made).update({"event": event, **facts})
    return made


START = {"jobid": 3, "rule_name": "tune_soft", "shellcmd": "python", "wildcards": {"dataset": "toys", "alpha": "10"}}
FAILED = {"jobid": 3, "rule_name": "tune_soft", "log": ["own.log", "slurm.log"]}


def test_a_job_has_a_line_when_it_starts_and_one_when_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """83.4 seconds are 1:23; numbers are shown with their names; Snakemake's own words for the same are dropped."""
    said: list[str] = []
    clock = iter([10.0, 93.4])
    monkeypatch.setattr(terminal.time, "monotonic", lambda: next(clock))
    watch = terminal.Watch({"host", "rules"}, show=said.append)
    watch.filter(record("job_info", **START))
    passed = [
        watch.filter(record("job_finished", job_id=3)),
        watch.filter(record("progress", done=7, total=36)),
        watch.filter(record(None, "Select jobs to execute...")),
        watch.filter(record("error", "RuleException:\nCalledProcessError in file ...")),
    ]
    assert said == ["     start  tune_soft  toys alpha=10", "   7 of 36  tune_soft  toys alpha=10  1:23"]
    assert passed == [False] * 4


def test_the_time_left_follows_a_line_of_progress() -> None:
    """Of two jobs alike, one has taken 90 s; one that fails is not done, and its 10 s are lost."""
    said: list[str] = []
    clock = iter([0.0, 0.0, *[90.0] * 4, 100.0])
    watch = terminal.Watch({"rules"}, show=said.append)
    watch.forecast = Forecast({3: Wall("tune", 1, False), 4: Wall("tune", 1, False)}, lambda: next(clock))
    watch.filter(record("job_info", **START))
    watch.filter(record("job_finished", job_id=3))
    watch.filter(record("progress", done=1, total=3))
    assert said[-1] == "      left  about 2 min, at the pace so far (50% of the work is done)"
    watch.filter(record("job_info", **{**START, "jobid": 4}))
    watch.filter(record("job_error", **{**FAILED, "jobid": 4}))
    assert list(watch.forecast.waiting) == [4]
    assert watch.forecast.running == {}


def test_a_failure_is_shown_and_remembered_once() -> None:
    """A job that is tried again fails twice with the same logs."""
    said: list[str] = []
    watch = terminal.Watch({"rules"}, show=said.append)
    for _ in range(2):
        watch.filter(record("job_info", **START))
        watch.filter(record("job_error", **FAILED))
    assert list(watch.failures) == [("tune_soft", ("own.log", "slurm.log"))]
    assert said[1::2] == ["    failed  tune_soft  toys alpha=10  0:00"] * 2


@pytest.mark.parametrize(
    ("quiet", "dryrun"), [(set(), False), ({"rules", "progress"}, False), ({"all"}, False), ({"rules"}, True)]
)
def test_other_runs_are_left_as_they_are(quiet: set[str], dryrun: bool) -> None:
    """Loud, silent and dry runs: nothing is printed or dropped, but failures are remembered."""
    said: list[str] = []
    watch = terminal.Watch(quiet, lambda: dryrun, said.append)
    records = [record("job_info", **START), record("job_error", **FAILED), record(None, "Execute 2 jobs...")]
    assert all(watch.filter(one) for one in records)
    assert said == []
    assert list(watch.failures) == [("tune_soft", ("own.log", "slurm.log"))]


def test_a_job_that_ctrl_c_ends_is_stopped_and_has_not_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if its error is reported before Snakemake's own words on Ctrl-C; a job that failed before has failed."""
    said: list[str] = []
    watch = terminal.Watch({"rules"}, show=said.append)
    monkeypatch.setattr(signal, "getsignal", lambda number: lambda *_: said.append("Snakemake's own"))
    handlers: list[Any] = []
    monkeypatch.setattr(signal, "signal", lambda number, handler: handlers.append((number, handler)))
    watch.listen()
    [(number, stop)] = handlers
    assert number == signal.SIGINT
    watch.filter(record("job_error", **{**FAILED, "jobid": 9, "rule_name": "fit_dros"}))
    watch.filter(record("job_info", **START))
    stop(signal.SIGINT, None)
    watch.filter(record("job_error", **FAILED))
    assert said[-2:] == ["Snakemake's own", "   stopped  tune_soft  toys alpha=10  0:00"]
    assert [rule for rule, _ in watch.failures] == ["fit_dros"]
    assert not watch.filter(record("error", f"WorkflowError:\n{terminal.UNFINISHED}."))
    assert len(terminal.STOPPED) <= 80


def test_ctrl_c_that_a_shell_has_switched_off_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """`snakemake &` in a script: SIGINT is ignored."""
    monkeypatch.setattr(signal, "getsignal", lambda number: signal.SIG_IGN)
    monkeypatch.setattr(signal, "signal", lambda *_: pytest.fail("a handler was installed"))
    terminal.Watch({"rules"}).listen()


def test_a_dry_run_has_one_table_and_no_wide_line() -> None:
    """Snakemake gives the table before and after the jobs, and lists all rules with a reason in one line."""
    watch = terminal.Watch({"host", "rules"}, lambda: True)
    tables = [watch.filter(record("run_info", "Job stats:\njob  count\n")) for _ in range(2)]
    assert tables == [True, False]
    reasons = record(None, "Reasons:\n    forced:\n        " + ", ".join(["make_table2"] * 12) + "\n")
    assert watch.filter(reasons)
    first, second, *rules, last = reasons.msg.split("\n")
    assert (first, second, last) == ("Reasons:", "    forced:", "")
    assert all(line.startswith("        make_table2") and len(line) <= 80 for line in rules)
    assert ", ".join(["make_table2"] * 12) == " ".join(line.strip() for line in rules)


def test_the_target_of_all_is_no_job_and_warnings_pass() -> None:
    """The target runs no command: it has no start, and ends as "all". What is not told elsewhere is printed."""
    said: list[str] = []
    watch = terminal.Watch({"rules"}, show=said.append)
    watch.filter(record("job_info", **{**START, "jobid": 0, "rule_name": "all", "shellcmd": None}))
    watch.filter(record("job_finished", job_id=0))
    watch.filter(record("progress", done=36, total=36))
    assert said == ["  36 of 36  all"]
    assert watch.filter(record(None, "Nothing to be done (all requested files are present and up to date)."))
    assert watch.filter(record("error", "MissingInputException in rule x"))


def test_no_line_is_wider_than_a_terminal() -> None:
    """Eighty columns; what is cut off says so."""
    assert terminal.line("start", "x" * 68) == f"     start  {'x' * 68}"
    assert terminal.line("start", "x" * 69) == f"     start  {'x' * 67}…"


def test_jobs_of_a_cluster_have_their_line_when_they_are_submitted() -> None:
    """A start says nothing yet, unless the rule runs on this machine; a group is known by its log's folder."""
    said: list[str] = []
    watch = terminal.Watch({"rules"}, show=said.append, remote=lambda: True)
    watch.filter(record("job_info", **START, local=False))
    watch.filter(record("job_info", **{**START, "jobid": 4, "rule_name": "fetch_x"}, local=True))
    told = "Job {} has been submitted with SLURM jobid {} (log: /logs/{}/16.log)."
    assert not watch.filter(record(None, told.format(3, 16, "rule_tune_soft/toys")))
    assert not watch.filter(record(None, told.format("8bd3-27", 17, "group_rank_evaluate_ranks")))
    assert said == [
        "     start  fetch_x  toys alpha=10",
        "  slurm 16  tune_soft  toys alpha=10",
        "  slurm 17  group_rank_evaluate_ranks",
    ]


def test_a_failure_on_a_cluster_knows_slurms_number_and_status() -> None:
    """From the job's own record; members of a group share the group's number."""
    watch = terminal.Watch({"rules"}, show=lambda text: None)
    message = "SLURM-job '16' failed, SLURM status is: 'TIMEOUT'. Detailed failure reason unavailable."
    watch.filter(record("job_error", **{**FAILED, "aux": {"external_jobid": "16"}, "rule_msg": message}))
    member = {"rule_name": "rank", "log": ["rank.log"], "jobid": 4}
    watch.filter(record("group_error", groupid="rank", external_jobid="17", job_error_info=[member], aux_logs=[]))
    watch.filter(record("job_error", **{**member, "aux": {}, "rule_msg": None}))
    assert watch.failures == {
        ("tune_soft", ("own.log", "slurm.log")): "Slurm job 16, TIMEOUT",
        ("rank", ("rank.log",)): "Slurm job 17",
    }


def test_a_preempted_job_is_explained_and_looked_after() -> None:
    """One line, and from then on Slurm is asked which jobs were preempted by CANCEL (`test_preemption`)."""
    said: list[str] = []
    watch = terminal.Watch({"rules"}, show=said.append)
    begun: list[int] = []
    watch.requeuer.begin = lambda: begun.append(1)  # type: ignore[method-assign]
    assert not watch.filter(record(None, "\n===== A Job preemption  occured! =====\nLeave Snakemake running"))
    assert said == [terminal.PREEMPTED]
    assert len(said[0]) <= 80
    assert begun == [1]


def test_a_group_is_told_by_its_rules() -> None:
    """The plugin names the log's folder after the group and its first five rules in order of the alphabet."""
    rules = ["split_sequences", "filter_interactions", "sample_sequences", "sample_sequences", "audit_split", "x", "y"]
    assert terminal.group("data", rules) == (
        "group_data_audit_split_filter_interactions_sample_sequences_split_sequences_x_...",
        "data, 7 jobs: audit_split, filter_interactions, sample_sequences, split_sequences, x, y",
    )
