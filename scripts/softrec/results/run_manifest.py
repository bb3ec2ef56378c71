"""The manifest of a run: code versions, sources and hardware behind its tables, from the manifests of its jobs."""

import hashlib
import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from softrec.results.provenance import Provenance, job_name, trace

Job = Mapping[str, Any]


@dataclass(frozen=True)
class ManifestSettings:
    """Settings of the run manifest.

    Attributes:
        config: the whole configuration, including defaults.
        models: folders of base models.
        snakemake: version of Snakemake.
    """

    config: dict[str, Any]
    models: list[str]
    snakemake: str


def command(*words: str) -> str | None:
    """Return the output of a command, or None if it is missing, fails, or takes longer than a minute."""
    if shutil.which(words[0]) is None:
        return None
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, errors="replace", check=False, stdin=subprocess.DEVNULL, timeout=60
        )
    except subprocess.TimeoutExpired:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def commit() -> dict[str, Any]:
    """Return the commit of the repository and whether tracked files were changed; None where git fails."""
    status = command("git", "status", "--porcelain", "--untracked-files=no")
    return {"commit": command("git", "rev-parse", "HEAD"), "changed": None if status is None else bool(status)}


def one_or_all(values: Iterable[str]) -> str | list[str]:
    """Return the common value, or the sorted list of different values."""
    different = sorted(set(values))
    return different[0] if len(different) == 1 else different


def versions(jobs: Sequence[Job]) -> dict[str, str | list[str]]:
    """Return the version of Python and of each library that some job has loaded."""
    names = sorted({name for job in jobs for name in job["versions"]})
    return {name: one_or_all(job["versions"][name] for job in jobs if name in job["versions"]) for name in names}


def machine(job: Job) -> str:
    """Format the devices of a job, as its first rank recorded them: "4 x NVIDIA A800 in 4 ranks", "CPU"."""
    gpus = Counter(job["hardware"].get("gpus", []))
    kind = ", ".join(f"{count} x {name}" for name, count in sorted(gpus.items())) or "CPU"
    return kind if job["ranks"] == 1 else f"{kind} in {job['ranks']} ranks"


def hardware(jobs: Sequence[Job]) -> dict[str, dict[str, int]]:
    """Count, for each script that loads torch, its jobs by device."""
    counted: dict[str, Counter[str]] = {}
    for job in jobs:
        if "torch" in job["versions"]:
            counted.setdefault(job_name(job), Counter())[machine(job)] += 1
    return {script: dict(sorted(kinds.items())) for script, kinds in sorted(counted.items())}


def sources(found: Provenance, models: Sequence[str]) -> dict[str, Any]:
    """Return the sources of the run: every file that no job made from other files, and the base models.

    Each has its sha256, the script that fetched or made it (None for the user's files and those of the repository), and
    that script's notes: the commit of a branch, the wheel.
    """
    described = {}
    for name, digests in sorted(found.content.items()):
        made = found.maker.get(name)
        if made is None or not made["inputs"] or name in models:
            fetched = {"made_by": made["script"] if made else None, "notes": made["notes"] if made else {}}
            described[name] = {"sha256": one_or_all(digests), **fetched}
    return described


def run_manifest(settings: ManifestSettings, results: Sequence[Path]) -> dict[str, Any]:
    """Return the manifest of the run that made `results`.

    The manifests of jobs are read although the rule does not declare them as inputs. This is safe: each one lies next
    to a declared input or to one of its ancestors, a job writes its manifest before Snakemake accepts its outputs, and
    when a job runs again, everything that depends on it runs again, this rule included. The sha256 of the configuration
    is that of its JSON with sorted keys.

    Raises:
        SoftrecError: a file was read with a content that its job did not write.
    """
    found = trace(results)
    found.require_explained()
    jobs = list(found.jobs.values())
    text = json.dumps(settings.config, sort_keys=True)
    return {
        "run": settings.config["run"],
        "seeds": settings.config["seeds"],
        "repository": commit(),
        "jobs": len(jobs),
        "versions": {"snakemake": settings.snakemake, **versions(jobs)},
        "systems": sorted({job["hardware"]["system"] for job in jobs}),
        "hardware": hardware(jobs),
        "results": {str(path): one_or_all(found.content[str(path)]) for path in results},
        "sources": sources(found, settings.models),
        "configuration_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "configuration": settings.config,
    }
