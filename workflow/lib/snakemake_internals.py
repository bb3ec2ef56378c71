"""Everything of Snakemake that is not its documented interface, in one place.

A new release of Snakemake may change any of it: tests/workflow/test_snakemake_internals.py names what is gone. What its
Slurm plugin is patched for stands in `lib.slurm`, and is part of the same test; what has to happen before Snakemake
reads a configuration stands in `workflow/plugin`.
"""

import functools
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

Clauses = Callable[[Any], list[str]]


class Run:
    """What a Snakefile needs to know of the run that reads it, from Snakemake's object `workflow`."""

    def __init__(self, workflow: Any) -> None:
        self.workflow = workflow

    @property
    def configfiles_given(self) -> list[Path]:
        """The files of `--configfile`; without any, the Snakefile's own `configfile:` counts."""
        return list(self.workflow.overwrite_configfiles or ())

    @property
    def configfiles(self) -> list[Path]:
        """The configuration files that were read."""
        return [Path(file) for file in self.workflow.configfiles]

    @property
    def config_given(self) -> dict[str, Any]:
        """What `--config` gave: below the top level Snakemake leaves its numbers as text."""
        return dict(self.workflow.config_settings.config)

    @property
    def is_main(self) -> bool:
        """Whether this process plans the run; each job's own Snakemake reads the Snakefile again."""
        return str(self.workflow.exec_mode) == "default"

    @property
    def deployment(self) -> list[str]:
        """The words of `--sdm`, such as "conda"."""
        return [str(method) for method in self.workflow.deployment_settings.deployment_method]

    @property
    def quiet(self) -> list[str]:
        """What `--quiet` names, such as "rules"."""
        return [str(word) for word in self.workflow.output_settings.quiet or ()]

    @property
    def is_dry_run(self) -> bool:
        """Whether nothing is to run. Known only once the workflow has been read."""
        return bool(self.workflow.dryrun)

    @property
    def is_remote(self) -> bool:
        """Whether jobs are submitted to a cluster. Known only once the workflow has been read."""
        return bool(self.workflow.non_local_exec)

    @property
    def status_interval(self) -> float:
        """Seconds before the first question about submitted jobs, from the profile."""
        return self.workflow.executor_settings.init_seconds_before_status_checks

    def share_resources(self, rule: str, like: str) -> None:
        """Give a rule the resources and threads that the profile sets for another, where it sets none of its own."""
        for given in (
            self.workflow.resource_settings._parsed_overwrite_resources,
            self.workflow.resource_settings._parsed_overwrite_threads,
        ):
            if like in given:
                given.setdefault(rule, given[like])

    @property
    def rules(self) -> list[str]:
        """The names of the rules read so far."""
        return [rule.name for rule in self.workflow.rules]

    @property
    def steps(self) -> int:
        """The number of jobs that Snakemake counts: those of `jobs_to_run`, and the target if it is a rule."""
        return len(self.workflow.dag)

    def makes(self, rule: str) -> bool:
        """Whether a rule is part of the plan."""
        return any(job.rule.name == rule for job in self.workflow.dag.jobs)

    def jobs_to_run(self) -> list[Any]:
        """The jobs of the plan that will run, without the target `all`, which runs no command."""
        return [job for job in self.workflow.dag.needrun_jobs() if job.rule.name != "all"]


def add_log_filter(own: logging.Filter) -> bool:
    """Show each record of Snakemake's logger to a filter first; what it drops is not on the terminal or in the log.

    Logger plugins get all records. Return whether Snakemake writes to the terminal, not such a plugin.
    """
    from snakemake.logging import logger

    def seen(record: logging.LogRecord) -> bool:
        vars(record)["softrec_drops"] = not own.filter(record)
        return True

    logger.addFilter(seen)
    handlers = {str(handler.name): handler for handler in logger.handlers}
    own_handlers = handlers.keys() & {"DefaultStreamHandler", "DefaultLogFileHandler"}
    for name in own_handlers:
        handlers[name].addFilter(lambda record: not vars(record)["softrec_drops"])
    return "DefaultStreamHandler" in own_handlers


def compare_with_manifests(clauses: Clauses) -> None:
    """Let a plan also hold a job's outputs against the manifests beside them.

    Args:
        clauses: what a job differs in from its outputs' manifests, a clause each; [] if in nothing.
    """
    from snakemake.persistence import PersistenceBase

    wrap_records(PersistenceBase, clauses)


def wrap_records(persistence: Any, clauses: Clauses) -> None:
    """Let Snakemake's class of records say that a job's params changed where its manifests say so.

    Such a job needs a record to be compared with, so it has one as far as the plan is concerned.
    """
    recorded, outdated = persistence.has_metadata, persistence.has_outdated_metadata
    changed = persistence.params_changed

    @functools.wraps(recorded)
    def has_metadata(self: Any, job: Any) -> bool:
        return recorded(self, job) or bool(clauses(job))

    # A job without a record of Snakemake's would count as one of an old version, and run for that reason.
    @functools.wraps(outdated)
    def has_outdated_metadata(self: Any, job: Any) -> bool:
        return recorded(self, job) and outdated(self, job)

    # Snakemake has no change of a kind of ours: params are the kind whose reason lists texts.
    @functools.wraps(changed)
    def params_changed(self: Any, job: Any, file: Any = None) -> Any:
        from snakemake.persistence import ParamsChange

        found = changed(self, job, file)
        if found or not (differing := clauses(job)):
            return found
        return ParamsChange(only_new=set(differing), files=set(map(str, job.output)))

    persistence.has_metadata, persistence.has_outdated_metadata = has_metadata, has_outdated_metadata
    persistence.params_changed = params_changed


def record_commands(recorded: Callable[[str], str]) -> None:
    """Let Snakemake record each rule's command, and compare it with the record of earlier runs, as `recorded` gives it.

    A command whose record differs is a reason to run a job again.
    """
    from snakemake.persistence import PersistenceBase

    code = PersistenceBase._code

    @functools.wraps(code)
    def _code(self: Any, rule: Any) -> str | None:
        found = code(self, rule)
        return None if found is None else recorded(found)

    PersistenceBase._code = _code


def refuse_outputs(problems: Callable[[list[str]], Iterable[str]]) -> None:
    """End a run before its first job with the sentences that `problems` has of a job's outputs, if it has any.

    Snakemake looks for what killed jobs left of each job's outputs, in a dry run too: the one moment at which it knows
    all jobs and has started none.
    """
    from snakemake.persistence import PersistenceBase

    wrap_incomplete(PersistenceBase, problems)


def wrap_incomplete(persistence: Any, problems: Callable[[list[str]], Iterable[str]]) -> None:
    """Let Snakemake's class of records, asked which outputs are incomplete, raise where `problems` has sentences."""
    asked = persistence.incomplete

    @functools.wraps(asked)
    async def incomplete(self: Any, job: Any) -> Any:
        from snakemake.exceptions import WorkflowError

        found = await asked(self, job)
        if not found and (sentences := list(problems([str(path) for path in job.output]))):
            raise WorkflowError("\n".join(sentences))
        return found

    persistence.incomplete = incomplete


def reevaluate_at_the_limit_alone() -> None:
    """Let Snakemake's scheduler look for jobs by the clock only where its limit of jobs per second holds one back.

    It starts a timer in every round, and each timer leads to a further round, which starts another one. Jobs that end
    lead to rounds too, so there were as many rounds a second as jobs had ended, each of them evaluating all ready jobs.
    """
    from snakemake.scheduling.job_scheduler import JobScheduler

    wrap_scheduler(JobScheduler)


def wrap_scheduler(scheduler: Any) -> None:
    """Let Snakemake's class of schedulers start a timer only if its rate limit is reached, or for a queue of inputs."""
    start = scheduler._schedule_reevalutation

    @functools.wraps(start)
    def _schedule_reevalutation(self: Any, delay: float) -> None:
        limiter = self.job_rate_limiter
        queue = self.workflow.dag.has_unfinished_queue_input_jobs()
        if queue or limiter is None or limiter.get_free_jobs() == 0:
            start(self, delay)

    scheduler._schedule_reevalutation = _schedule_reevalutation
