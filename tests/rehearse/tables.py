"""The rules that read all of the grid, at its full size: every seed and candidate, by copies of what the parts made."""

import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rehearse import settings, standin
from rehearse.lines import ALL, place
from rehearse.parts import FOLDER, Done
from rehearse.project import Project, RehearsalError
from rehearse.shapes import SHAPES
from softrec.core import seeds

NAME = "tables"
# These run as well, from copies: they are as many as seeds and candidates.
BESIDE = ("evaluate_ranks", "choose_")
CANDIDATE = re.compile(r"(l2|alpha|seed)=([^/]+)")


class Tables:
    """Tables, statistics and figures of the paper's whole grid.

    Attributes:
        done: called with the jobs that have run, if all data sets were there.
        missing: data sets whose part has not ended yet: the tables are made without them, and count for nothing.
    """

    def __init__(self, name: str, paper: Mapping[str, Any], done: Done) -> None:
        self.name, self.done = name, done
        self.missing = [name for name in SHAPES if not finished(name)]
        if len(self.missing) == len(SHAPES):
            raise RehearsalError("the tables need what the data sets' parts make: rehearse one of them first.")
        config = settings.whole(paper)
        for name in self.missing:
            del config["datasets"][name]
        self.project = Project(FOLDER / NAME, config)
        base = self.project.folder / settings.BASE
        if not base.is_symlink():
            base.symlink_to(FOLDER / next(iter(config["datasets"])) / settings.BASE)
        self.jobs = self.project.plan("all")

    def run(self, only: object = ()) -> None:
        """Copy what the parts made for each seed and candidate, then run all that reads it."""
        own = [job for job in self.jobs if place(job, SHAPES) == ALL or job.rule.startswith(BESIDE)]
        own = [job for job in own if not job.rule.startswith("fetch_")]
        made = {name for job in own for name in job.output}
        for name in sorted({name for job in own for name in job.input} - made):
            self.copy(name)
        # Not "all", which asks for each data set's audit too.
        last = [name for job in own if place(job, SHAPES) == ALL for name in job.output[:1]]
        self.project.run(last, {job.rule for job in own})
        if self.missing:
            print(f"the tables lack {', '.join(self.missing)}: no line of them is kept", file=sys.stderr)
            return
        self.done(self.name, self.project, [job for job in own if place(job, SHAPES) == ALL])

    def copy(self, name: str) -> None:
        """The file of this name in place of which a part has made one of another seed, candidate or backbone.

        Raises:
            RehearsalError: no part has made such a file.
        """
        target = self.project.folder / name
        if target.exists():
            return
        source = self.source(name)
        if source is None:
            raise RehearsalError(f"no part has made a file like {name}: rehearse its data set first.")
        target.parent.mkdir(parents=True, exist_ok=True)
        for suffix in (".manifest.json", ""):
            shutil.copy(source.with_name(source.name + suffix), target.with_name(target.name + suffix))
        if name.endswith(".ranks.parquet"):
            shuffle(target, name)
        standin.restate(target, name)

    def source(self, name: str) -> Path | None:
        """The part's file for a name of the whole grid: for whatever seed and candidates the part has.

        Where it did not tune BIGRec, LLaRA's file of the same kind. Where a seed trains with what the tuning seed has
        chosen, a candidate of that one: the part has no other seed.
        """
        place = Path(name)
        if place.parts[0] != "results":
            return self.project.folder / name  # config/published.csv
        part = FOLDER / place.parts[2]
        pattern = CANDIDATE.sub(r"\1=*", name)
        candidate = pattern.replace("/seed=*/", "/*=*/seed=*/")
        for kind in (pattern, pattern.replace(settings.BACKBONE, settings.OTHER), candidate):
            if found := sorted(part.glob(kind)):
                return found[0]
        return None


def finished(name: str) -> bool:
    """Whether a data set's part has come to its end."""
    return (FOLDER / name / "results" / settings.RUN / "reproduction.md").exists()


def shuffle(path: Path, name: str) -> None:
    """Give the ranks of a file to other rows of it, as chance has it: runs must differ for statistics to have work."""
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    order = seeds.stream(1, "rehearse", "ranks", name).permutation(len(table))
    for column in ("rank", "candidates", "ties"):
        table = table.set_column(table.schema.get_field_index(column), column, table[column].take(order))
    pq.write_table(table, path, compression="zstd")
