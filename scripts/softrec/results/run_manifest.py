"""The manifest of a run: with what, from what and on what its tables were made, gathered from those of its jobs."""

import hashlib
import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from softrec.results.provenance import Provenance, trace

Job = Mapping[str, Any]


@dataclass(frozen=True)
class ManifestSettings:
    """config: the whole configuration, with its defaults. models: folders of base models. snakemake: its version."""

    config: dict[str, Any]
    models: list[str]
    snakemake: str


def command(*words: str) -> str | None:
    """What a command prints, or None where it is missing, fails, or does not answer in a minute."""
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
    """The commit of the repository, and whether files that it tracks were changed; None where git cannot say."""
    status = command("git", "status", "--porcelain", "--untracked-files=no")
    return {"commit": command("git", "rev-parse", "HEAD"), "changed": None if status is None else bool(status)}


def one_or_all(values: Iterable[str]) -> str | list[str]:
    """The value that all have, or every value that was found."""
    different = sorted(set(values))
    return different[0] if len(different) == 1 else different


def versions(jobs: Sequence[Job]) -> dict[str, str | list[str]]:
    """Version of Python and of each library that some job has loaded."""
    names = sorted({name for job in jobs for name in job["versions"]})
    return {name: one_or_all(job["versions"][name] for job in jobs if name in job["versions"]) for name in names}


def machine(job: Job) -> str:
    """What a job's first rank had to compute on: "4 x NVIDIA A800 in 4 ranks", "CPU"."""
    gpus = Counter(job["hardware"].get("gpus", []))
    kind = ", ".join(f"{count} x {name}" for name, count in sorted(gpus.items())) or "CPU"
    return kind if job["ranks"] == 1 else f"{kind} in {job['ranks']} ranks"


def hardware(jobs: Sequence[Job]) -> dict[str, dict[str, int]]:
    """For each script that computes with torch: on what, and how many of its jobs."""
    counted: dict[str, Counter[str]] = {}
    for job in jobs:
        if "torch" in job["versions"]:
            counted.setdefault(job["script"].removesuffix(".py"), Counter())[machine(job)] += 1
    return {script: dict(sorted(kinds.items())) for script, kinds in sorted(counted.items())}


def sources(found: Provenance, models: Sequence[str]) -> dict[str, Any]:
    """What the run began with: every file that no job made from others, and the base models.

    Each with its sha256, the script that fetched or made it (None for the user's own files and those of the
    repository), and what that noted: the commit of a branch, the wheel.
    """
    described = {}
    for name, digests in sorted(found.content.items()):
        made = found.maker.get(name)
        if made is None or not made["inputs"] or name in models:
            fetched = {"made_by": made["script"] if made else None, "notes": made["notes"] if made else {}}
            described[name] = {"sha256": one_or_all(digests), **fetched}
    return described


def run_manifest(settings: ManifestSettings, results: Sequence[Path]) -> dict[str, Any]:
    """Everything about the run that made `results`.

    Manifests of jobs are read although the rule does not declare them. That is sound: they stand beside declared inputs
    and beside what these were made from, a job writes its manifest before its outputs count as made, and whatever job
    is run again, all that depends on it is, this one included. The configuration's sha256 is of sorted JSON.

    Raises `SoftrecError` if a file was read with another content than its job wrote.
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
