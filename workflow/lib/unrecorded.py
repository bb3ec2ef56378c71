"""Results of which Snakemake has no record: copied from another machine, or `.snakemake` was removed.

Snakemake sees a change of settings or code by its own records, and keeps what it has none of. The manifest beside every
output says as much as the record did, so it is held against what the job would be given now.
"""

import functools
import json
from collections.abc import Iterator
from typing import Any

from lib import changes


def attach(persistence: Any) -> None:
    """Let Snakemake's class `persistence` find that settings or code changed by a manifest, where it has no record.

    Such a job then has a record as far as its plan is concerned, one with other params.
    """
    recorded, outdated, changed = (
        persistence.has_metadata,
        persistence.has_outdated_metadata,
        persistence.params_changed,
    )

    @functools.wraps(recorded)
    def has_metadata(self: Any, job: Any) -> bool:
        return recorded(self, job) or bool(list(unlike(job)))

    @functools.wraps(outdated)
    def has_outdated_metadata(self: Any, job: Any) -> bool:
        return recorded(self, job) and outdated(self, job)

    @functools.wraps(changed)
    def params_changed(self: Any, job: Any, file: Any = None) -> Any:
        from snakemake.persistence import ParamsChange

        found = changed(self, job, file)
        if found or recorded(self, job):
            return found
        return ParamsChange(only_new=set(unlike(job)), files=set(map(str, job.output)))

    persistence.has_metadata, persistence.params_changed = has_metadata, params_changed
    persistence.has_outdated_metadata = has_outdated_metadata


def unlike(job: Any) -> Iterator[str]:
    """A clause for all in which a job is not the one that its outputs' manifests tell of.

    An output without a manifest was put there by hand, and stays.
    """
    if not hasattr(job.params, "cfg"):
        return
    settings, code = json.loads(str(job.params.cfg)), json.loads(str(job.params.code))
    for output in job.output:
        path = changes.manifest_of(str(output))
        if not path.exists():
            continue
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
            known = manifest["settings"], manifest["code"]
        except (OSError, ValueError, TypeError, KeyError):
            yield f"manifest {path} cannot be read"
            continue
        yield from changes.settings(known[0], settings)
        yield from changes.modules(known[1], code)
