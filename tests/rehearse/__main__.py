"""The paper's grid at its true sizes, on made-up data and without a GPU: `make rehearse`."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).resolve().parent
# In the place of this folder, where Python looks first.
sys.path[:1] = [str(HERE.parent), str(HERE.parents[1] / "scripts"), str(HERE.parents[1] / "workflow")]

from lib.config import loading  # noqa: E402
from rehearse import lines, model, page, parts, project, tables  # noqa: E402
from rehearse.shapes import SHAPES  # noqa: E402
from tools import dry_run  # noqa: E402
from tools.dry_run import Job  # noqa: E402

PARTS = {name: parts.Part for name in SHAPES} | {model.MODEL: model.Model, tables.NAME: tables.Tables}


def parse() -> argparse.Namespace:
    """Which parts, and which rules of theirs."""
    parser = argparse.ArgumentParser(description=__doc__, prog="make rehearse")
    parser.add_argument("--datasets", nargs="*", default=list(PARTS), help=f"some of {', '.join(PARTS)}")
    parser.add_argument("--rules", nargs="*", default=[], help="of a data set these rules alone, and what they need")
    parser.add_argument("--cores", type=int, default=2, help="jobs at once, of one thread each (2)")
    args = parser.parse_args()
    if unknown := sorted(set(args.datasets) - set(PARTS)):
        parser.error(f"no data set {', '.join(unknown)}; there are {', '.join(PARTS)}")
    return args


def main() -> None:
    """Each part can be run by itself. Lines are kept after each of its stages, and the page is written at the end."""
    args = parse()
    project.Project.cores = args.cores
    paper = loading.load(project.PAPER)
    planned = dry_run.jobs(["--configfile", str(project.PAPER), "--forceall"])
    known = lines.digests(planned, SHAPES)

    def done(part: str, own: project.Project, jobs: list[Job]) -> None:
        found = lines.collect(own, jobs, known, paper["sasrec"]["epochs"], SHAPES)
        if part == lines.MODEL:
            found = [replace(line, dataset=line.dataset and lines.MODEL) for line in found]
        if part in SHAPES:  # tables of one data set alone are no measurement
            found = [line for line in found if line.dataset != lines.ALL]
        lines.keep(part, found)

    try:
        for name in args.datasets:
            print(f"rehearsing {name}", file=sys.stderr, flush=True)
            PARTS[name](name, paper, done).run(args.rules)
    finally:
        found = [line for name in PARTS for line in lines.read(name)]
        page.write(found, paper, planned)
        for line in found:
            if line.digest != known.get((line.rule, line.dataset)):
                print(f"stale: {line.rule} of {line.dataset or 'all'} was measured of other code", file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except (project.RehearsalError, dry_run.DryRunError) as error:
        raise SystemExit(str(error)) from None
