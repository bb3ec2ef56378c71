"""Provenance of files: the jobs that made them and their inputs, traced through the manifests beside the files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common import files
from common.errors import SoftrecError
from softrec.io.records import read_record


@dataclass
class Provenance:
    """The ancestors of some files.

    Attributes:
        jobs: the manifest of each job once, keyed by the files that the job wrote.
        content: sha256 of each file as it was read or written; more than one where jobs have read different contents.
        maker: the manifest beside each file that has one.
        unexplained: files whose manifest records a different sha256, so their origin is unknown.
    """

    jobs: dict[tuple[str, ...], Mapping[str, Any]] = field(default_factory=dict)
    content: dict[str, set[str]] = field(default_factory=dict)
    maker: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    unexplained: set[str] = field(default_factory=set)

    def require_explained(self) -> None:
        """Raise `SoftrecError` for the first file in `unexplained`, or that jobs have read with two contents."""
        self.require_one_content()
        for name in sorted(self.unexplained):
            made = self.maker[name]["outputs"].get(name)
            # Name the job's output to be removed: that of a reader of the old content, or the file itself.
            readers = (
                out for outputs, job in self.jobs.items() for out in outputs if job["inputs"].get(name, made) != made
            )
            reader = min(readers, default=name)
            raise SoftrecError(
                f"{reader} was made from {name}, whose content has changed since",
                where=f"its sha256 was {min(self.content[name])}, that in {files.manifest_of(Path(name))} is {made}",
                remedy=f"remove {reader} and let Snakemake make it again",
            )

    def require_one_content(self) -> None:
        """Raise `SoftrecError` for the first file without a manifest that jobs have read with two contents."""
        for name, digests in sorted(self.content.items()):
            if name in self.maker or len(digests) == 1:
                continue
            readers = {job["inputs"][name]: min(outputs) for outputs, job in self.jobs.items() if name in job["inputs"]}
            one, other = sorted(readers.items())[:2]
            raise SoftrecError(
                f"{name} has changed between two jobs of this run",
                where=f"{one[1]} was made from it with sha256 {one[0]}, {other[1]} with {other[0]}",
                remedy=f"see which of the two {name} is now, remove the other's result, and let Snakemake remake it",
            )


# The setting that says what a script which serves several rows has made.
SERVES = {"tune_llm": ("tune", "strategy"), "fit_sequential": ("fit", "method")}


def job_name(job: Mapping[str, Any]) -> str:
    """Return the name of a job for people: its script, or "tune_soft" and the like if a script serves several rows."""
    script = str(job["script"]).removesuffix(".py")
    verb, key = SERVES.get(script, ("", ""))
    settings = job.get("settings")
    return f"{verb}_{settings[key]}" if isinstance(settings, Mapping) and key in settings else script


def manifest(path: Path) -> dict[str, Any]:
    """Read a manifest. Raise `SoftrecError` if it lacks inputs, outputs or script, which `trace` needs."""
    read = read_record(path)
    for key in ("inputs", "outputs"):
        read.record(key)
    read.text("script")
    return read.value


def trace(results: Sequence[Path]) -> Provenance:
    """Trace `results` through manifests back to files that no job has made.

    A manifest records the sha256 of each input when it was read, and of each output when it was written. So a manifest
    left by a failed or interrupted job beside newer content is detected by its sha256. Only the results themselves are
    hashed; the rest is small JSON (1,300 jobs take a second).
    """
    found, waiting = Provenance(), [(str(path), files.sha256(path)) for path in results]
    while waiting:
        name, digest = waiting.pop()
        known = found.content.setdefault(name, set())
        if digest in known:
            continue
        known.add(digest)
        if name not in found.maker and files.manifest_of(Path(name)).exists():
            found.maker[name] = manifest(files.manifest_of(Path(name)))
        if (made := found.maker.get(name)) is None:
            continue
        if made["outputs"].get(name) != digest:
            found.unexplained.add(name)
            continue
        found.jobs[tuple(sorted(made["outputs"]))] = made
        waiting += made["inputs"].items()
    return found
