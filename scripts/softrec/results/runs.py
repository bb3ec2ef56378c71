"""The identity of a run in files of results, and the hyperparameters that were selected for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from common.errors import SoftrecError
from softrec.io.choice_file import Setting, read_choice


@dataclass(frozen=True)
class Run:
    """What a file of results belongs to.

    Attributes:
        dataset: label of the data set.
        backbone: "BIGRec" or "LLaRA", or "" for an ID-based recommender.
        method: row of Table 2.
        seed: training seed; None where one file serves every seed.
        setting: candidate of a grid as tables show it, "alpha=10"; "" outside a grid.
    """

    dataset: str
    backbone: str
    method: str
    seed: int | None = None
    setting: str = ""

    def row(self) -> "Run":
        """Return the identity that all seeds and settings share."""
        return replace(self, seed=None, setting="")

    def known_seed(self) -> int:
        """Return the seed. Raises `SoftrecError` if it is None."""
        if self.seed is None:
            raise SoftrecError(f"a run of {self.name()} has no seed", where="--settings", remedy="give its seed")
        return self.seed

    def value(self, name: str) -> float:
        """Return the value of the setting `name`. Raises `SoftrecError` if the run has another setting, or none."""
        own, _, value = self.setting.partition("=")
        if own != name:
            what = f"a run of {self.name()} has the setting {self.setting!r}, not {name}"
            raise SoftrecError(what, where="--settings", remedy=f"give {name}=VALUE")
        return float(value)

    def name(self) -> str:
        """Format the run for messages."""
        return " ".join(filter(None, (self.method, self.backbone, f"on {self.dataset}", self.setting)))


Selected = Mapping[Run, Setting]  # by `Run.row`


def read_selected(paths: Sequence[Path] | None, rows: Sequence[Run]) -> dict[Run, Setting]:
    """Read the selected setting of each row of Table 2 that has a grid; `rows` are in the order of the choice files.

    Raises `SoftrecError` if their numbers differ, or a file is not a choice.
    """
    if len(paths or ()) != len(rows):
        what = f"{len(paths or ())} choice files are given for {len(rows)} rows"
        raise SoftrecError(what, where="--choices and settings.choices", remedy="give one file per row, in order")
    return {row.row(): read_choice(path) for row, path in zip(rows, paths or (), strict=True)}


def is_selected(run: Run, selected: Selected) -> bool:
    """Return whether a run belongs in Table 2: it has no grid, or its setting is the selected one.

    Raises `SoftrecError` if it has a setting and no choice, a choice and no setting, or they are of different names.
    """
    choice = selected.get(run.row())
    if choice is None and not run.setting:
        return True
    if choice is None or not run.setting:
        what = f"it has {'no setting' if choice else 'a setting'} and {'a' if choice else 'no'} choice file"
        raise SoftrecError(what, where=run.name(), remedy="a run of a grid has a setting, and its row a choice file")
    if choice.name != run.setting.partition("=")[0]:
        what = f"its choice file selects {choice.name}, its setting is {run.setting}"
        raise SoftrecError(what, where=run.name(), remedy="give the choice file of this grid")
    return choice.label() == run.setting


def require_selected_runs(runs: Sequence[Run], selected: Selected) -> None:
    """Raise `SoftrecError` unless each selected setting is one of the runs' settings: no cell vanishes from Table 2."""
    for row in dict.fromkeys(run.row() for run in runs if run.setting):
        ran = dict.fromkeys(run.setting for run in runs if run.row() == row)
        if selected[row].label() not in ran:
            raise SoftrecError(
                f"{selected[row].label()} was chosen, but only {', '.join(ran)} ran",
                where=f"the choice file of {row.name()}",
                remedy="let Snakemake choose again over the configured grid",
            )
