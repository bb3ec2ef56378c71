"""What a run leaves for people, its tables and figures: each is what its job wrote, or the run does not start.

No job reads them, so none would notice that one was edited, or put there by hand.
"""

import functools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from common import files, manifests
from common.errors import SoftrecError


def attach(persistence: Any, folder: str) -> None:
    """Let Snakemake's class `persistence`, asked which files a killed job left, refuse finals that no job wrote.

    Args:
        folder: of the run's results; its figures are in a folder of that.
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
    """A sentence for each of some files, of those that are there, that no job wrote so."""
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
