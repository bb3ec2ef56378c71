"""Check that refuses a queued job whose settings or code changed after submission."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from common.errors import SoftrecError
from softrec.io.records import read_record

VARIABLE = "SOFTREC_PLAN"  # set by the driver: a JSON file with a digest for each output of the run


def check(settings: str, code: str, outputs: Iterable[Path]) -> None:
    """Compare this job's settings and code with those in the plan; do nothing if there is no plan.

    Args:
        settings: text of --settings.
        code: text of --code.
        outputs: the files that the job will write; those not in the plan are not checked.

    Raises `SoftrecError` if settings or code differ from the plan, or the plan is missing or not readable.
    """
    if not (place := os.environ.get(VARIABLE)):
        return
    remedy = "stop Snakemake (Ctrl-C) and start the same command again: it writes the plan anew"
    if not Path(place).is_file():
        raise SoftrecError(f"{place}, the plan of this job, does not exist any more", remedy=remedy)
    try:
        planned = read_record(Path(place)).value
    except SoftrecError as error:
        raise SoftrecError(error.what, where=error.where, remedy=remedy) from error
    own = hashlib.sha256(f"{settings}\n{code}".encode()).hexdigest()[:16]
    for output in map(str, outputs):
        if planned.get(output, own) != own:
            raise edited(f"the plan is {place}", output)


def edited(place: str, output: str) -> SoftrecError:
    """Build the error for a job whose settings or code differ from the plan; `place` says where to look."""
    return SoftrecError(
        f"the settings or the code of {output} were edited after this job was planned",
        where=place,
        remedy="undo the edit, or stop Snakemake (Ctrl-C) and start the same command again: it plans anew",
    )
