"""One part of the rehearsal: every rule of the grid on one data set, in stages between which stand-ins are written.

Two runs share the data. In `rehearse` everything is as wide as the paper's model, whose outputs are stand-ins; in
`rehearse-asked` a tiny model really does what a GPU would do. The first takes over what the second has made, with its
embeddings widened.
"""

import json
import shutil
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from common import files
from common.files import manifest_of
from lib.cost import estimate
from lib.graph import sources
from rehearse import rawfiles, settings, standin
from rehearse.project import ROOT, Project, RehearsalError
from rehearse.server import Served, serve
from rehearse.shapes import SHAPES
from softrec.io import tables
from softrec.llm.prompts import Words
from tools.dry_run import Job

FOLDER = ROOT / "results/rehearse"
ASK, ASKED = "predict_titles", "/bigrec/sft/"  # one tuned model is asked; predictions of the others are drawn
RAW = ("fetch_amazon2023_", "filter_interactions")
SPARE = 2.2  # of a data set's raw files, made and downloaded, in free disk

Done = Callable[[str, Project, list[Job]], None]
"""Called with the part's name after each stage: its project, and the jobs that may have run."""


class Part:
    """The grid on one data set."""

    def __init__(self, name: str, paper: Mapping[str, Any], done: Done) -> None:
        self.name, self.paper, self.done = name, paper, done
        self.shape, self.folder = SHAPES[name], FOLDER / name
        self.raw, self.sums = self.folder / "made", self.folder / "sums.json"
        self.project, self.asking = self.opened()
        base = self.folder / settings.BASE
        if not base.exists():
            standin.make_base(base, name, self.shape, Words(**paper["datasets"][name]["words"]))
        self.jobs = self.project.plan("all")

    def opened(self) -> tuple[Project, Project]:
        """Both runs, with the sums of the raw files once they are known."""
        sums = json.loads(self.sums.read_text()) if self.sums.exists() else {}
        config = settings.of_dataset(self.paper, self.name, sums)
        return Project(self.folder, config), Project(self.folder, {**config, "run": settings.ASKED}, "asked.yaml")

    def run(self, only: Collection[str] = ()) -> None:
        """All stages, each of which goes on where an earlier process stopped; `only` these rules and what they need."""
        raw = [job for job in self.jobs if job.rule.startswith(RAW)]
        asking = [job for job in self.jobs if job.rule in estimate.LLM_RULES]
        after = behind(self.jobs, asking)
        before = [job for job in self.jobs if job not in [*raw, *asking, *after]]
        if not self.filtered() or self.raw.exists() or (only and chosen(raw, only)):
            self.fetch_and_filter(raw)
        later = bool(chosen([*asking, *after], only))
        self.stage(self.project, before if later else chosen(before, only))
        if later:
            self.ask(asking if chosen(after, only) else chosen(asking, only), before)
        if chosen(after, only):
            self.take_over(asking)
            self.stage(self.project, chosen(after, only))

    def stage(self, project: Project, jobs: list[Job], **variables: str) -> None:
        """Make the outputs of jobs by their rules alone, and report, what ran before a failure included."""
        try:
            project.run([name for job in jobs for name in job.output[:1]], {job.rule for job in jobs}, **variables)
        finally:
            self.done(self.name, project, jobs)

    def filtered(self) -> bool:
        """Whether the filter has run."""
        return (self.folder / f"results/{settings.RUN}/{self.name}/interactions.parquet").exists()

    def fetch_and_filter(self, jobs: list[Job]) -> None:
        """Make the raw files, download and filter; then they go."""
        source = self.paper["datasets"][self.name]["source"]
        with serve(self.made(source)) as address:
            self.project, self.asking = self.opened()
            variables = {"HF_ENDPOINT": address, "HF_HOME": str(self.folder / "hub"), "HF_HUB_OFFLINE": "0"}
            self.stage(self.project, jobs, **variables)
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

    def ask(self, jobs: list[Job], before: list[Job]) -> None:
        """Let the tiny model do what jobs of a language model do, on links to the data."""
        shared = [name for job in before for name in job.output]
        shared += [name for job in self.jobs if job.rule == "filter_interactions" for name in job.output]
        for name in shared:
            for path in (self.folder / name, manifest_of(self.folder / name)):
                link(path, self.folder / asked_name(str(path.relative_to(self.folder))))
        own = [job for job in jobs if job.rule != ASK or ASKED in job.output[0]]
        renamed = [job._replace(output=[asked_name(name) for name in job.output]) for job in own]
        self.stage(self.asking, [job._replace(benchmark=asked_name(job.benchmark)) for job in renamed])

    def take_over(self, jobs: list[Job]) -> None:
        """Put what the tiny model has made where the paper's model would put it; draw what it was not asked for."""
        there = [job for job in jobs if (self.folder / asked_name(job.output[0])).exists()]
        for name in (name for job in there for name in job.output):
            take(self.folder / asked_name(name), self.folder / name, name)
        for job in jobs:
            if job not in there:
                self.draw(*self.project.outputs(job))

    def draw(self, text: Path, embeddings: Path) -> None:
        """Predictions of a model that was not asked."""
        folder = self.folder / f"results/{settings.RUN}/{self.name}"
        sample, catalogue, titles = (folder / f for f in ("samples/test.parquet", "catalogue.parquet", "titles.npy"))
        if not newer([text, embeddings], [sample, catalogue, titles]):
            rows = len(tables.read_table(sample, ["user"]))
            standin.draw_predictions(catalogue, titles, rows, str(text.relative_to(folder)), text, embeddings)


def chosen(jobs: list[Job], only: Collection[str]) -> list[Job]:
    """The jobs of `only` these rules and those among `jobs` that they need, or all if it names none."""
    wanted = [job for job in jobs if not only or job.rule in only]
    while more := [job for job in jobs if job not in wanted and set(job.output) & {n for w in wanted for n in w.input}]:
        wanted += more
    return wanted


def asked_name(name: str) -> str:
    """A file of the one run in the other."""
    return name.replace(f"results/{settings.RUN}/", f"results/{settings.ASKED}/", 1)


def link(source: Path, target: Path) -> None:
    """Let `target` be the same file, unless it is already."""
    if not target.exists() or not target.samefile(source):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.hardlink_to(source)


def take(source: Path, target: Path, name: str) -> None:
    """Copy an output with its manifest, embeddings widened, unless it has been since it was made.

    Args:
        name: of the copy, as jobs know it.
    """
    if newer([target], [source]):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    files.remove(target)
    shutil.copy(manifest_of(source), manifest_of(target))
    if source.suffix == ".npy":
        standin.widen(source, target)
    elif source.is_dir():
        shutil.copytree(source, target, copy_function=shutil.copy)
        target.touch()
    else:
        shutil.copy(source, target)
    standin.restate(target, name)


def newer(outputs: Collection[Path], sources: Collection[Path]) -> bool:
    """Whether all outputs are there, and none is older than a source."""
    if not all(path.exists() for path in outputs):
        return False
    return min(path.stat().st_mtime for path in outputs) >= max(path.stat().st_mtime for path in sources)


def behind(jobs: Collection[Job], first: Collection[Job]) -> list[Job]:
    """The jobs that read what the `first` ones make, themselves or through others."""
    made = {name for job in first for name in job.output}
    found: list[Job] = []
    while more := [job for job in jobs if job not in found and job not in first and made & set(job.input)]:
        found += more
        made |= {name for job in more for name in job.output}
    return found
