"""Check of results against the manifests beside them, independent of Snakemake's records.

Snakemake detects a change of settings, code or inputs by its own records and by the times of files. These fail in three
cases: a result was copied from another machine or `.snakemake` was removed (no record); a result was replaced (the
record of another file); a user's file was changed but has an old time. The manifest beside every output records the
settings, code and inputs of its job, which are compared with those that the job would get now.
"""

import functools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from common import file_digests, files
from lib.records import changes

_found: dict[tuple[str, ...], list[str]] = {}


def differences(job: Any) -> list[str]:
    """Return a clause for each difference between a job and its outputs' manifests; cached per job.

    An output without a manifest was added by hand, and is kept.
    """
    if not hasattr(job.params, "cfg"):
        return []
    key = (str(job.params.cfg), str(job.params.code), *map(str, job.input), *map(str, job.output))
    if key not in _found:
        _found[key] = list(clauses_of(job))
    return _found[key]


def clauses_of(job: Any) -> Iterator[str]:
    """Yield the clauses of `differences`."""
    settings, code = json.loads(str(job.params.cfg)), json.loads(str(job.params.code))
    for output in job.output:
        place = files.manifest_of(Path(output))
        if not place.exists():
            continue
        try:
            manifest = json.loads(place.read_text(encoding="utf-8"))
            known, modules, inputs = manifest["settings"], manifest["code"], dict(manifest["inputs"])
            own = dict(manifest.get("own") or {})
        except (OSError, ValueError, TypeError, KeyError):
            yield f"manifest {place} cannot be read"
            continue
        yield from changes.settings(known, settings)
        yield from changes.modules(modules, code)
        yield from other_inputs(inputs, job)
        yield from changed_inputs(inputs, own)
        yield from replaced_inputs(inputs)


def other_inputs(known: Mapping[str, str], job: Any) -> Iterator[str]:
    """Yield a clause for each input that is newly or no longer read; audits must exist, but no job reads them."""
    audits = job.input.get("audit", [])
    passed = [audits] if isinstance(audits, str) else list(audits)
    read = [str(Path(name)) for name in job.input if name not in passed]
    yield from (f"input {name} is newly used" for name in read if name not in known)
    yield from (f"input {name} is no longer used" for name in known if name not in read)


def changed_inputs(known: Mapping[str, str], own: Mapping[str, file_digests.Fingerprint]) -> Iterator[str]:
    """Yield a clause for each of the user's own files whose content differs from the manifest.

    A file is read only if its signs, or those of a file in a folder, differ from when the job read it: inode, size, or
    time, including the inode's time (ctime), which cannot be set back.

    Args:
        known: sha256 of each input.
        own: `file_digests.fingerprint` of the inputs that no job wrote.
    """
    for name, digest in known.items():
        path = Path(name)
        if files.manifest_of(path).exists() or not path.exists():
            continue
        if file_digests.fingerprint(path) != own.get(name) and file_digests.sha256(path) != digest:
            yield f"input {name} changed"


def replaced_inputs(known: Mapping[str, str]) -> Iterator[str]:
    """Yield a clause for each input whose manifest records a different sha256 from the one that was read."""
    for name, digest in known.items():
        if (place := files.manifest_of(Path(name))).exists():
            stated = outputs_of(place, place.stat().st_mtime_ns)
            if stated and digest != stated.get(name, stated.get(Path(name).name)):
                yield f"input {name} was replaced"


@functools.cache
def outputs_of(manifest: Path, _written: int) -> dict[str, str]:
    """Return the sha256 of each output of a manifest, by path and by name; {} if it cannot be read.

    `_written`, the manifest's time, is part of the key of the cache only.
    """
    try:
        outputs = json.loads(manifest.read_text(encoding="utf-8"))["outputs"]
        return {Path(name).name: digest for name, digest in outputs.items()} | dict(outputs)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}
