"""Check of a run's tables and figures: if one is not what its job wrote, the run does not start.

No job reads these files, so no job would notice that a file was edited or added by hand.
"""

import functools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from common import files, manifests
from common.errors import SoftrecError


def attach(persistence: Any, folder: str) -> None:
    """Patch Snakemake's class `persistence` to refuse tables and figures that no job wrote.

    The check is in `incomplete`, which Snakemake calls for every job to find the files that a killed job left.

    Args:
        persistence: Snakemake's class, which is changed in place.
        folder: the folder of the run's results; figures are in its subfolder `figures`.
    """
    asked = persistence.incomplete
    places = (Path(folder), Path(folder) / "figures")

    @functools.wraps(asked)
    async def incomplete(self: Any, job: Any) -> Any:
        from snakemake.exceptions import WorkflowError

        found = await asked(self, job)
        finals = [str(path) for path in job.output if Path(path).parent in places]
        if not found and (said := list(problems(finals))):
            raise WorkflowError("\n".join(said))
        return found

    persistence.incomplete = incomplete


def problems(finals: Iterable[str]) -> Iterator[str]:
    """Yield a sentence for each existing file whose content no job wrote."""
    for path in map(Path, finals):
        if not path.exists():
            continue
        if not files.manifest_of(path).exists():
            yield f"{path} was written by no job: it has no manifest beside it. Remove it or move it away."
            continue
        try:
            manifests.require_as_made(path)
        except SoftrecError as error:
            yield f"{error.what}: {error.where}. Remove it, and start again."
