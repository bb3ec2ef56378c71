"""Results held against the manifests beside them, whatever Snakemake has on record.

Snakemake sees a change of settings, code or inputs by its own records and by the times of files. It has none of a
result that was copied from another machine, or whose `.snakemake` was removed; it has those of another file where
results were replaced; and a file of the user's own may change at an old time. The manifest beside every output says
what its job was given, so that is held against what the job would be given now.
"""

import functools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from common import file_digests
from lib.records import changes

_found: dict[tuple[str, ...], list[str]] = {}


def unlike(job: Any) -> list[str]:
    """A clause for all in which a job is not the one that its outputs' manifests tell of; found once for a job.

    An output without a manifest was put there by hand, and stays.
    """
    if not hasattr(job.params, "cfg"):
        return []
    key = (str(job.params.cfg), str(job.params.code), *map(str, job.input), *map(str, job.output))
    if key not in _found:
        _found[key] = list(clauses_of(job))
    return _found[key]


def clauses_of(job: Any) -> Iterator[str]:
    """The clauses of `unlike`."""
    settings, code = json.loads(str(job.params.cfg)), json.loads(str(job.params.code))
    for output in job.output:
        place = changes.manifest_of(str(output))
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
    """A clause for each input that is newly or no longer read. Audits have to be there, and are read by nobody."""
    audits = job.input.get("audit", [])
    passed = [audits] if isinstance(audits, str) else list(audits)
    read = [str(Path(name)) for name in job.input if name not in passed]
    yield from (f"input {name} is newly used" for name in read if name not in known)
    yield from (f"input {name} is no longer used" for name in known if name not in read)


def changed_inputs(known: Mapping[str, str], own: Mapping[str, file_digests.Signs]) -> Iterator[str]:
    """A clause for each file of the user's own that has another content than the manifest says.

    It is read only if it, or a file in it, has other signs than it had when the job read it: another inode, size or
    time, also of its inode (ctime), which nobody can set back.

    Args:
        known: sha256 of each input. own: `digests.signs_of` of those that no job wrote.
    """
    for name, digest in known.items():
        path = Path(name)
        if changes.manifest_of(name).exists() or not path.exists():
            continue
        if file_digests.signs_of(path) != own.get(name) and file_digests.sha256(path) != digest:
            yield f"input {name} changed"


def replaced_inputs(known: Mapping[str, str]) -> Iterator[str]:
    """A clause for each input of which the manifest beside it tells another content than was read from it."""
    for name, digest in known.items():
        if (place := changes.manifest_of(name)).exists():
            stated = outputs_of(place, place.stat().st_mtime_ns)
            if stated and digest != stated.get(name, stated.get(Path(name).name)):
                yield f"input {name} is another one"


@functools.cache
def outputs_of(manifest: Path, _written: int) -> dict[str, str]:
    """sha256 of each output of a manifest, by its path and by its name; {} if it cannot be read."""
    try:
        outputs = json.loads(manifest.read_text(encoding="utf-8"))["outputs"]
        return {Path(name).name: digest for name, digest in outputs.items()} | dict(outputs)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}
