"""Check of a run's tables and figures: if one is not what its job wrote, the run does not start.

No job reads these files, so no job would notice that a file was edited or added by hand.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from common import files, manifests
from common.errors import SoftrecError


def problems(outputs: Iterable[str], folder: str) -> Iterator[str]:
    """A sentence for each table or figure among some outputs that is there, but not as a job wrote it.

    Args:
        outputs: of a job.
        folder: the run's results, which hold its tables; its figures and pages are in `figures` and `pages`.
    """
    places = (Path(folder), Path(folder) / "figures", Path(folder) / "pages")
    for path in map(Path, outputs):
        if path.parent not in places or not path.exists():
            continue
        if not files.manifest_of(path).exists():
            yield f"{path} was written by no job: it has no manifest beside it. Remove it or move it away."
            continue
        try:
            manifests.require_as_made(path)
        except SoftrecError as error:
            yield f"{error.what}: {error.where}. Remove it, and start again."
