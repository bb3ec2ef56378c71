"""What a method costs from scratch: the minutes of every run that it needs (paper, Figure 6)."""

from collections.abc import Sequence
from typing import NamedTuple

from common.errors import SoftrecError
from softrec.results.runtimes import INITIAL_DISTANCE, SELF_DISTILLED, Entry

BESIDE = (SELF_DISTILLED, INITIAL_DISTANCE)


class Part(NamedTuple):
    """What a method needs: a whole training run of `method`, or the one `stage` that is a job beside its runs."""

    method: str
    stage: str = ""


SFT = Part("SFT")
ANSWERS = Part("SFT", SELF_DISTILLED)
PARTS = {
    "SDPO": (SFT, Part("SDPO")),
    "SOFT(w/o SA)": (SFT, ANSWERS, Part("SOFT(w/o SA)")),
    "SOFT": (SFT, ANSWERS, Part("SOFT", INITIAL_DISTANCE), Part("SOFT")),
}


class Run(NamedTuple):
    """A method on a data set with one seed; `setting` is the chosen candidate of its grid ("alpha=10"), or ""."""

    dataset: str
    backbone: str
    method: str
    seed: int
    setting: str


class Cost(NamedTuple):
    """Process-minutes of a run from scratch: all of it; without its SFT; with every candidate tried with its seed.

    SASRec's L2 is searched with one seed alone: for its other seeds `with_grid` equals `minutes`.
    ranks: the most processes of any of its jobs. devices: what they ran on.
    """

    minutes: float
    without_sft: float
    with_grid: float
    ranks: int
    devices: tuple[str, ...]


def cost(entries: Sequence[Entry], run: Run) -> Cost:
    """SDPO and SOFT both build on SFT and pay for it; SOFT(w/o SA) needs no d_0.

    Downloads, the encoding of the catalogue and the generation for the test are in no entry: they are no training. Nor
    is the SASRec that LLaRA begins with.

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
    """The entries of one part. Only a run's own training has a setting."""
    setting = run.setting if part == Part(run.method) else ""
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
    """The entries of a part with any setting; an entry without a seed is of every seed."""
    return [
        entry
        for entry in entries
        if (entry.dataset, entry.backbone, entry.method) == (run.dataset, run.backbone, part.method)
        and entry.seed in (run.seed, None)
        and (entry.stage if entry.stage in BESIDE else "") == part.stage
    ]


def total(entries: Sequence[Entry]) -> float:
    """Minutes times ranks, summed."""
    return sum(entry.process_minutes for entry in entries)
