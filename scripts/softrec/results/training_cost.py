"""Training cost of a method from scratch: the minutes of every run that the method needs (paper, Figure 6)."""

from collections.abc import Sequence
from typing import NamedTuple

from common.errors import SoftrecError
from softrec.results.runs import Run
from softrec.results.runtimes import INITIAL_DISTANCE, SELF_DISTILLED, Entry

BESIDE = (SELF_DISTILLED, INITIAL_DISTANCE)  # stages that are jobs of their own, outside the training runs


class Part(NamedTuple):
    """A part of a method's cost: a whole training run of `method`, or one `stage` that is a separate job."""

    method: str
    stage: str = ""


SFT = Part("SFT")
ANSWERS = Part("SFT", SELF_DISTILLED)
PARTS = {
    "SDPO": (SFT, Part("SDPO")),
    "SOFT(w/o SA)": (SFT, ANSWERS, Part("SOFT(w/o SA)")),
    "SOFT": (SFT, ANSWERS, Part("SOFT", INITIAL_DISTANCE), Part("SOFT")),
}


class Cost(NamedTuple):
    """Process-minutes of a run from scratch.

    SASRec's L2 is searched with one seed only: for the other seeds `with_grid` equals `minutes`.

    Attributes:
        minutes: of all parts.
        without_sft: of all parts except the SFT run.
        with_grid: of all parts and of every other candidate of the grid with this seed.
        ranks: the largest number of processes of a job.
        devices: the devices on which the jobs ran.
    """

    minutes: float
    without_sft: float
    with_grid: float
    ranks: int
    devices: tuple[str, ...]


def cost(entries: Sequence[Entry], run: Run) -> Cost:
    """Sum the cost of a run over the parts that it needs.

    SDPO and SOFT both include the SFT run that they build on; SOFT(w/o SA) needs no d_0. Not counted: downloads, the
    encoding of the catalogue and the generation on test rows, which are not training, and the SASRec model whose item
    embeddings LLaRA starts from.

    Raises:
        SoftrecError: the runtimes lack a part.
    """
    parts = PARTS.get(run.method, (Part(run.method),))
    spent = {part: of_part(entries, run, part) for part in parts}
    used = [entry for found in spent.values() for entry in found]
    others = [entry for entry in matching(entries, run, Part(run.method)) if entry.setting != run.setting]
    minutes = total(used)
    devices = tuple(dict.fromkeys(entry.device for entry in used))
    return Cost(
        minutes,
        minutes - total(spent.get(SFT, [])),
        minutes + total(others),
        max(entry.ranks for entry in used),
        devices,
    )


def of_part(entries: Sequence[Entry], run: Run, part: Part) -> list[Entry]:
    """Return the entries of one part.

    Raises:
        SoftrecError: there are none.
    """
    setting = run.setting if part == Part(run.method) else ""  # shared parts (SFT, d_0) have no hyperparameter
    found = [entry for entry in matching(entries, run, part) if entry.setting == setting]
    if not found:
        name = " ".join(filter(None, (part.stage and f"{part.stage} of", run.backbone, part.method, setting)))
        raise SoftrecError(
            f"runtimes.csv has no minutes of {name} on {run.dataset}, seed {run.seed}, which {run.method} needs",
            where="runtimes.csv",
            remedy="remove runtimes.csv and let Snakemake make it again; if it stays so, report this as a bug",
        )
    return found


def matching(entries: Sequence[Entry], run: Run, part: Part) -> list[Entry]:
    """Return the entries of a part with any setting; an entry without a seed counts for every seed."""
    return [
        entry
        for entry in entries
        if (entry.dataset, entry.backbone, entry.method) == (run.dataset, run.backbone, part.method)
        and entry.seed in (run.seed, None)
        and (entry.stage if entry.stage in BESIDE else "") == part.stage
    ]


def total(entries: Sequence[Entry]) -> float:
    """Sum the process-minutes (minutes times ranks)."""
    return sum(entry.process_minutes for entry in entries)
