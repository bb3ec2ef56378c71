"""Everything that softrec uses of Snakemake beyond its documented interface exists; what a release moved is named."""

import importlib
import inspect
import logging
import subprocess
import sys
from functools import reduce
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from lib import snakemake_internals
from places import ROOT

# Module, object, the parameters that we pass or replace (None: not a function), and what softrec does with it.
TOUCHED = [
    ("snakemake.api", "Workflow.overwrite_configfiles", None, "refuse two configuration files"),
    ("snakemake.api", "Workflow.dryrun", None, "show a plan in place of lines per job"),
    ("snakemake.api", "Workflow.non_local_exec", None, "check a cluster before submitting to it"),
    ("snakemake.api", "Workflow.rules", None, "find rules that a profile misspells"),
    ("snakemake.api", "Workflow.source_path", ("self", "rel_path"), "find the schema"),
    ("snakemake.settings.types", "ResourceSettings._parsed_overwrite_resources", None, "share a rule's resources"),
    ("snakemake.settings.types", "ResourceSettings._parsed_overwrite_threads", None, "the same"),
    ("snakemake.dag", "DAG.__len__", ("self",), "say how many jobs there are"),
    ("snakemake.dag", "DAG.jobs", None, "name the tables at the end"),
    ("snakemake.dag", "DAG.needrun_jobs", ("self",), "estimate what is left, and publish the plan"),
    ("snakemake.persistence", "PersistenceBase.has_metadata", ("self", "job"), "compare outputs with manifests"),
    ("snakemake.persistence", "PersistenceBase.has_outdated_metadata", ("self", "job"), "the same"),
    ("snakemake.persistence", "PersistenceBase.params_changed", ("self", "job", "file"), "the same"),
    ("snakemake.persistence", "PersistenceBase.incomplete", ("self", "job"), "refuse tables that no job wrote"),
    ("snakemake.persistence", "PersistenceBase._code", ("self", "rule"), "record commands without the scripts' place"),
    ("snakemake.persistence", "ParamsChange", None, "give the reason for a rerun"),
    (
        "snakemake.scheduling.job_scheduler",
        "JobScheduler._schedule_reevalutation",
        ("self", "delay"),
        "start a timer only at the limit of jobs per second",
    ),
    ("snakemake.scheduling.job_scheduler", "JobRateLimiter.get_free_jobs", ("self",), "the same"),
    ("snakemake.dag", "DAG.has_unfinished_queue_input_jobs", ("self",), "the same"),
    ("snakemake.exceptions", "WorkflowError", None, "end a run before its first job"),
    ("snakemake.logging", "logger.addFilter", None, "print one line per job"),
    ("snakemake.common.configfile", "load_configfile", None, "read a configuration as data"),
    ("snakemake.settings.types", "load_configfile", None, "the same"),
    ("snakemake.sourcecache", "SourceCache.__init__", None, "say what to do where HOME cannot be written to"),
    ("snakemake_executor_plugin_slurm", "Executor.run_job", ("self", "job"), "report what sbatch refused"),
    (
        "snakemake_executor_plugin_slurm",
        "Executor._report_job_error_threadsafe",
        ("self", "job_info", "msg"),
        "the same",
    ),
    (
        "snakemake_executor_plugin_slurm",
        "Executor.check_active_jobs",
        ("self", "active_jobs"),
        "end jobs that Slurm has forgotten",
    ),
    ("snakemake_executor_plugin_slurm", "Executor.report_job_success", ("self", "job_info"), "the same"),
    ("snakemake_executor_plugin_slurm", "Executor.report_job_error", ("self", "job_info"), "the same"),
]
SNAKEFILE = """
import sys
sys.path.insert(0, {workflow!r})
from lib.snakemake_internals import Run
found = Run(workflow)
names = ("configfiles_given", "configfiles", "config_given", "is_main", "deployment", "quiet")
values = [getattr(found, name) for name in names]
rule all:
    output: "made"
    shell: "touch made"
onstart:
    print(*values, found.is_dry_run, found.is_remote, len(found.jobs_to_run()), sep="\\n")
    print(found.steps, found.makes("all"), found.makes("none"), found.rules)
"""


@pytest.mark.parametrize(("module", "name", "parameters", "use"), TOUCHED, ids=lambda value: str(value)[:60])
def test_it_is_where_it_was(module: str, name: str, parameters: tuple[str, ...] | None, use: str) -> None:
    """Each object exists, and its leading parameters have the names that softrec's replacement has."""
    if module.startswith("snakemake_executor_plugin_slurm"):
        pytest.importorskip(module, reason="the Slurm plugin is part of make test-slurm's environment")
    if module != "snakemake.api":
        importlib.import_module("snakemake.api")  # other modules cannot be imported first
    try:
        found = reduce(getattr, name.split("."), importlib.import_module(module))
    except (ImportError, AttributeError) as error:
        pytest.fail(f"this Snakemake has no {module}.{name}, by which softrec could {use}: {error}")
    if parameters is not None:
        own = tuple(inspect.signature(found).parameters)[: len(parameters)]
        assert own == parameters, f"{module}.{name} takes {own}, by which softrec could {use}"


def test_a_run_says_of_itself_what_the_command_line_says(tmp_path: Any) -> None:
    """No configuration file, one key, quiet about hosts, on this machine, and no job but the target `all`."""
    (tmp_path / "Snakefile").write_text(SNAKEFILE.format(workflow=str(ROOT / "workflow")))
    command = [sys.executable, "-m", "snakemake", "--quiet", "host", "--config", "key=1", "--cores", "1"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines() == [
        "[]",
        "[]",
        "{'key': 1}",
        "True",
        "[]",
        "['host']",
        "False",
        "False",
        "0",
        "1 True False ['all']",
    ]


class Records:
    """Snakemake's class of records, as far as it is wrapped."""

    def __init__(self, known: bool) -> None:
        self.known = known

    def has_metadata(self, job: Any) -> bool:
        """Whether Snakemake has a record."""
        return self.known

    def has_outdated_metadata(self, job: Any) -> bool:
        """A job without a record looks like one of an old version."""
        return not self.known

    def params_changed(self, job: Any, file: Any = None) -> list[str]:
        """No change by Snakemake's own records."""
        return []


@pytest.mark.parametrize(("known", "clauses"), [(True, []), (False, []), (True, ["k"]), (False, ["k"])])
def test_manifests_are_compared_as_changed_params(known: bool, clauses: list[str]) -> None:
    """A clause is a change of params, and gives a job a record; without one, all is as Snakemake says.

    A job without a record never counts as one of an old version: has_outdated_metadata asks for the record first.
    """
    wrapped = type("Wrapped", (Records,), {})
    snakemake_internals.wrap_records(wrapped, lambda job: clauses)
    records, job = wrapped(known), SimpleNamespace(output=["a"])
    assert records.has_metadata(job) is (known or bool(clauses))
    assert records.has_outdated_metadata(job) is False
    found = records.params_changed(job)
    assert bool(found) is bool(clauses)
    if clauses:
        assert found.files == {"a"}


@pytest.mark.parametrize("on_terminal", [True, False])
def test_a_filter_drops_records_for_the_terminal_and_not_for_plugins(on_terminal: bool) -> None:
    """A plugin's handler gets every record; one that writes to the terminal stands in place of Snakemake's."""
    from snakemake.logging import logger

    class Kept(logging.Handler):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name, self.messages = name, list[str]()

        def emit(self, record: logging.LogRecord) -> None:
            self.messages.append(record.getMessage())

    class DropsNoise(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            return record.getMessage() != "noise"

    plugin, own = Kept("plugin"), Kept("DefaultStreamHandler" if on_terminal else "another plugin")
    before, filters, level = list(logger.handlers), list(logger.filters), logger.level
    logger.handlers, logger.level = [plugin, own], logging.INFO
    try:
        assert snakemake_internals.add_log_filter(DropsNoise()) is on_terminal
        for text in ("noise", "text"):
            logger.info(text)
    finally:
        logger.handlers, logger.filters, logger.level = before, filters, level
    assert plugin.messages == ["noise", "text"]
    assert own.messages == (["text"] if on_terminal else ["noise", "text"])


def test_commands_are_recorded_as_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule without a command has none."""
    from snakemake.persistence import PersistenceBase

    monkeypatch.setattr(PersistenceBase, "_code", lambda self, rule: rule)
    snakemake_internals.record_commands(str.upper)
    found: Any = PersistenceBase._code
    assert (found(None, "python a.py"), found(None, None)) == ("PYTHON A.PY", None)


@pytest.mark.parametrize(
    ("free", "queued", "started"), [(99, False, []), (0, False, [1]), (99, True, [1]), (None, False, [1])]
)
def test_a_timer_is_started_only_if_it_is_needed(free: int | None, queued: bool, started: list[int]) -> None:
    """At the rate limit, for a queue of inputs, or where nothing limits; else a job that ends is enough."""

    class Scheduler:
        job_rate_limiter = None if free is None else SimpleNamespace(get_free_jobs=lambda: free)
        workflow = SimpleNamespace(dag=SimpleNamespace(has_unfinished_queue_input_jobs=lambda: queued))
        timers: ClassVar[list[int]] = []

        def _schedule_reevalutation(self, delay: int) -> None:
            self.timers.append(delay)

    snakemake_internals.wrap_scheduler(Scheduler)
    Scheduler()._schedule_reevalutation(1)
    assert Scheduler.timers == started


ROUNDS = """
import sys
sys.path.insert(0, {workflow!r})
from lib import snakemake_internals
from snakemake.scheduling.job_scheduler import JobScheduler
rounds, select = [], JobScheduler.job_selector
def counted(self, jobs):
    rounds.append(len(jobs))
    return select(self, jobs)
JobScheduler.job_selector = counted
if {patched}:
    snakemake_internals.reevaluate_at_the_limit_alone()
rule all:
    input: expand("made{{i}}", i=range(12))
rule one:
    output: "made{{i}}"
    shell: "sleep 0.5; touch {{output}}"
onsuccess:
    print(len(rounds))
"""


def test_rounds_of_the_scheduler_do_not_multiply(tmp_path: Any) -> None:
    """Twelve jobs of half a second, one at a time: a round for each, one at the start and one for the target at most.

    Without the patch every round leads to another one a second later; if Snakemake mends that, the patch can go.
    """
    rounds = {}
    for patched in (True, False):
        folder = tmp_path / str(patched)
        folder.mkdir()
        (folder / "Snakefile").write_text(ROUNDS.format(workflow=str(ROOT / "workflow"), patched=patched))
        command = [sys.executable, "-m", "snakemake", "--quiet", "--cores", "1", "--scheduler", "greedy"]
        ended = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
        rounds[patched] = int(ended.stdout.split()[-1])
    assert 12 <= rounds[True] <= 26, "one round as a job ends, one as its files are there"
    assert rounds[False] > rounds[True] + 12, "this Snakemake starts no timer in each round any more: remove the patch"
