"""Digests of the settings and code of every planned job, to detect edits while jobs wait in a queue.

A job on a cluster reads configuration and code when it starts, which may be days after its submission. Snakemake
records them as they were at submission. So the driver writes a digest for every job, and every script compares it
(`softrec.job.plan`): a job whose own settings or modules were edited refuses to run.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

VARIABLE = "SOFTREC_PLAN"  # environment variable with the path of the plan


def digest(settings: str, code: str) -> str:
    """Return the digest, 16 hexadecimal digits, of a script's --settings and --code."""
    return hashlib.sha256(f"{settings}\n{code}".encode()).hexdigest()[:16]


def plan(jobs: Iterable[Any]) -> dict[str, str]:
    """Return the digest of each output of Snakemake's jobs; a job without settings (the target `all`) has none."""
    return {
        str(output): digest(str(job.params.cfg), str(job.params.code))
        for job in jobs
        if hasattr(job.params, "cfg")
        for output in job.output
    }


def publish(jobs: Iterable[Any], path: Path, environment: Mapping[str, str] | None = None) -> None:
    """Write the plan atomically, and set the environment variable with its path for the jobs of this process."""
    partial = path.with_name(f"{path.name}.partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial.write_text(json.dumps(plan(jobs), indent=0, sort_keys=True))
    os.replace(partial, path)
    (os.environ if environment is None else environment)[VARIABLE] = str(path.resolve())  # type: ignore[index]
