"""The paper's grid at its true sizes, on made-up data and without a GPU: `make rehearse`."""

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# In the place of this folder, where Python looks first.
sys.path[:1] = [str(HERE.parent), str(HERE.parents[1] / "scripts"), str(HERE.parents[1] / "workflow")]

from lib import dryrun  # noqa: E402
from lib.dryrun import Job  # noqa: E402

from rehearse import lines, page, parts, project, tables  # noqa: E402
from rehearse.shapes import SHAPES  # noqa: E402


def parse() -> argparse.Namespace:
    """Which data sets, and which rules of theirs."""
    parser = argparse.ArgumentParser(description=__doc__, prog="make rehearse")
    known = [*SHAPES, tables.NAME]
    parser.add_argument("--datasets", nargs="*", default=known, help=f"some of {', '.join(known)}")
    parser.add_argument("--rules", nargs="*", default=[], help="these rules alone, and what they need")
    parser.add_argument("--cores", type=int, default=2, help="jobs at once, of one thread each (2)")
    args = parser.parse_args()
    if unknown := sorted(set(args.datasets) - set(known)):
        parser.error(f"no data set {', '.join(unknown)}; there are {', '.join(known)}")
    return args


def main() -> None:
    """Each data set is a part of its own. Lines are kept after each stage, and the page is written at the end."""
    args = parse()
    project.Project.cores = args.cores
    paper = project.checked(project.PAPER)
    planned = dryrun.jobs(["--configfile", str(project.PAPER), "--forceall"])
    known = lines.digests(planned, SHAPES)

    def done(part: parts.Part | tables.Tables, jobs: list[Job]) -> None:
        lines.keep(part.name, lines.collect(part.project, jobs, known, paper["sasrec"]["epochs"], SHAPES))

    try:
        for name in args.datasets:
            print(f"rehearsing {name}", file=sys.stderr, flush=True)
            part = tables.Tables(paper, done) if name == tables.NAME else parts.Part(name, paper, done)
            part.run(args.rules)
    finally:
        found = [line for name in (*SHAPES, tables.NAME) for line in lines.read(name)]
        page.write(found, paper, planned)
        for line in found:
            if line.digest != known.get((line.rule, line.dataset)):
                print(f"stale: {line.rule} of {line.dataset} was measured of other code", file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except (project.RehearsalError, dryrun.DryRunError) as error:
        raise SystemExit(str(error)) from None
