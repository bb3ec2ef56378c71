"""What each job of a run was planned with, for jobs that wait in a queue while people edit.

A job on a cluster reads configuration and code when it starts, which may be days after it was submitted. Snakemake has
by then noted, as what the result rests on, what both were at submission. So the driver writes down a digest for every
job, and every script compares (`softrec.job.plan`): a job whose own settings or modules were edited refuses to run.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

VARIABLE = "SOFTREC_PLAN"  # environment variable that tells a job where the plan is


def digest(settings: str, code: str) -> str:
    """16 hexadecimal digits of what a script is given as --settings and --code."""
    return hashlib.sha256(f"{settings}\n{code}".encode()).hexdigest()[:16]


def plan(jobs: Iterable[Any]) -> dict[str, str]:
    """The digest of each output of Snakemake's jobs; a job without settings (the target of all) has none."""
    return {
        str(output): digest(str(job.params.cfg), str(job.params.code))
        for job in jobs
        if hasattr(job.params, "cfg")
        for output in job.output
    }


def publish(jobs: Iterable[Any], path: Path, environment: Mapping[str, str] | None = None) -> None:
    """Write the plan, whole, and let the jobs of this process know where it stands."""
    partial = path.with_name(f"{path.name}.partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial.write_text(json.dumps(plan(jobs), indent=0, sort_keys=True))
    os.replace(partial, path)
    (os.environ if environment is None else environment)[VARIABLE] = str(path.resolve())  # type: ignore[index]
