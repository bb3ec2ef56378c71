"""Refuse to run a queued job whose settings or code changed after submission."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from common.errors import SoftrecError
from softrec.io.records import read_record

VARIABLE = "SOFTREC_PLAN"  # set by the driver: a JSON file with a digest for each output of the run


def check(settings: str, code: str, outputs: Iterable[Path]) -> None:
    """Compare this job's settings and code with those that it was submitted with.

    Args:
        settings, code: the texts of --settings and --code.
        outputs: the files that the job is to write; one that the plan does not know is not asked about.

    Raises `SoftrecError` if the job would compute something else than what it was submitted for.
    """
    if not (place := os.environ.get(VARIABLE)):
        return
    remedy = "stop Snakemake (Ctrl-C) and start the same command again: it writes the plan anew"
    if not Path(place).is_file():
        raise SoftrecError(f"{place}, which tells what this job was planned with, is gone", remedy=remedy)
    try:
        planned = read_record(Path(place)).value
    except SoftrecError as error:
        raise SoftrecError(error.what, where=error.where, remedy=remedy) from error
    own = hashlib.sha256(f"{settings}\n{code}".encode()).hexdigest()[:16]
    for output in map(str, outputs):
        if planned.get(output, own) != own:
            raise edited(f"what it was planned with is in {place}", output)


def edited(place: str, output: str) -> SoftrecError:
    """The error for a job whose settings or code, to be found at `place`, are not those that it was planned with."""
    return SoftrecError(
        f"the settings or the code of {output} were edited after this job was planned",
        where=place,
        remedy="undo the edit, or stop Snakemake (Ctrl-C) and start the same command again: it plans anew",
    )
