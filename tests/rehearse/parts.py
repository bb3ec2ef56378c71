"""One part of the rehearsal: every rule of the grid on one data set, in stages between which stand-ins are written."""

import json
import shutil
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from lib import grid, sources
from lib.dryrun import Job
from softrec.prompts import Words

from rehearse import rawfiles, settings, standin
from rehearse.project import ROOT, Project, RehearsalError
from rehearse.server import Served, serve
from rehearse.shapes import SHAPES

FOLDER = ROOT / "results/rehearse"
ASK = "predict_titles"
ASKED = "bigrec/sft"  # the one tuned model whose predictions are asked for; the others' are stand-ins
SOURCES = ("samples/test.parquet", "catalogue.parquet", "titles.npy")  # of predictions that are drawn
SPARE = 2.2  # of a data set's raw files, made and downloaded, in free disk


class Part:
    """The grid on one data set.

    Attributes:
        done: called after a stage with the jobs of the rules that it may have run.
    """

    def __init__(self, name: str, paper: Mapping[str, Any], done: Callable[["Part", list[Job]], None]) -> None:
        self.name, self.paper, self.done = name, paper, done
        self.shape, self.folder = SHAPES[name], FOLDER / name
        self.raw, self.sums = self.folder / "made", self.folder / "sums.json"
        self.project = self.opened()
        base = self.folder / settings.BASE
        if not base.exists():
            standin.make_base(base, name, self.shape, Words(**paper["datasets"][name]["words"]))
        self.jobs = self.project.plan("all")

    def opened(self) -> Project:
        """The part's folder, with the sums of its raw files once they are known."""
        sums = json.loads(self.sums.read_text()) if self.sums.exists() else {}
        return Project(self.folder, settings.of_dataset(self.paper, self.name, sums))

    def rules(self, *starts: str) -> set[str]:
        """Names of the planned rules that begin with one of `starts`."""
        return {job.rule for job in self.jobs if job.rule.startswith(starts)}

    def run(self, only: Collection[str] = ()) -> None:
        """All stages, each of which goes on where an earlier process stopped; `only` these rules and what they need."""
        raw = self.rules("fetch_", "filter_interactions")
        rest = {job.rule for job in self.jobs} - raw
        after = behind(self.jobs, ASK)
        if not self.filtered() or set(only) & raw or self.raw.exists():
            self.fetch_and_filter(raw)
        if not only or set(only) & after:
            self.stage([f"{self.place}/titles.npy", *self.asked()], rest)
            self.draw_predictions()
            self.stage(self.made_by(only) or ["all"], rest - {ASK})
        elif asked := set(only) - raw:
            self.stage(self.asked() if ASK in asked else self.made_by(asked), rest)

    def made_by(self, rules: Collection[str]) -> list[str]:
        """The first output of each job of these rules."""
        return [job.output[0] for job in self.jobs if job.rule in rules]

    def stage(self, targets: list[str], rules: set[str], **variables: str) -> None:
        """Run rules for the targets, and report, what a failed job left undone included."""
        try:
            self.project.run(targets, rules, **variables)
        finally:
            self.done(self, [job for job in self.jobs if job.rule in rules])

    @property
    def place(self) -> str:
        """The data set's folder, as rules name it."""
        return f"results/{settings.RUN}/{self.name}"

    def filtered(self) -> bool:
        """Whether the filter has run."""
        return (self.folder / self.place / "interactions.parquet").exists()

    def fetch_and_filter(self, rules: set[str]) -> None:
        """Make the raw files, download and filter; then they go."""
        source = self.paper["datasets"][self.name]["source"]
        with serve(self.made(source)) as address:
            self.project = self.opened()
            variables = {"HF_ENDPOINT": address, "HF_HOME": str(self.folder / "hub"), "HF_HUB_OFFLINE": "0"}
            self.stage([f"{self.place}/interactions.parquet"], rules, **variables)
        for path in sources.raw_files(source).values():
            (self.folder / path).unlink()
        shutil.rmtree(self.raw)

    def made(self, source: Mapping[str, Any]) -> dict[str, Served]:
        """The raw files by their paths in the publisher's tree, made where they are not there; their sums are noted."""
        need = SPARE * (self.shape.ratings_bytes + self.shape.metadata_bytes)
        paths = {role: self.raw / Path(source[role]["path"]).name for role in rawfiles.KINDS}
        if (free := shutil.disk_usage(self.folder).free) < need:
            what = f"the raw files of {self.name} need {need / 1e9:.1f} GB twice over"
            raise RehearsalError(f"{what}, and {self.folder} has {free / 1e9:.1f} GB free: make room.")
        sums = json.loads(self.sums.read_text()) if self.sums.exists() else {}
        for role, path in paths.items():
            if role not in sums or not path.exists():
                sums[role] = rawfiles.make(self.name, self.shape, role, path)
                self.sums.write_text(json.dumps(sums))
        return {source[role]["path"]: Served(path, sums[role]) for role, path in paths.items()}

    def asked(self) -> list[str]:
        """The predictions that a model is asked for."""
        cells = [cell for cell in grid.cells(self.project.config) if cell.row.folder == ASKED]
        return [f"results/{settings.RUN}/{cell.folder}/test.predictions.parquet" for cell in cells]

    def draw_predictions(self) -> None:
        """Predictions of the other models, as files of the same shapes."""
        asked, folder = self.asked(), self.folder / self.place
        sample, catalogue, titles = (folder / name for name in SOURCES)
        rows = len(standin.files.read_table(sample, ["user"]))
        for job in self.jobs:
            if job.rule == ASK and job.output[0] not in asked:
                outputs = self.project.outputs(job)
                if not newer(outputs, [sample, catalogue, titles]):
                    standin.draw_predictions(catalogue, titles, rows, job.output[0], *outputs)


def newer(outputs: Collection[Path], sources: Collection[Path]) -> bool:
    """Whether all outputs are there, and none is older than a source."""
    if not all(path.exists() for path in outputs):
        return False
    return min(path.stat().st_mtime for path in outputs) >= max(path.stat().st_mtime for path in sources)


def behind(jobs: Collection[Job], rule: str) -> set[str]:
    """The rules that read what `rule` makes, themselves or through others."""
    files = {name for job in jobs if job.rule == rule for name in job.output}
    found: set[str] = set()
    while more := [job for job in jobs if job.rule not in found and files & set(job.input)]:
        found |= {job.rule for job in more}
        files |= {name for job in jobs if job.rule in found for name in job.output}
    return found
