"""Kill runs of the whole toy graph at random moments, start them again, and compare every output: `make soak`.

Each run of the graph is killed a few times, by signal, victim and moment drawn from a seed, then left to end, and held
bit for bit against a run that nobody disturbed. It ends with status 1 if anything differs, or if a run does not end.
"""

import argparse
import json
import signal
import sys
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:1] = [str(HERE.parent), str(HERE.parents[1] / "scripts")]

from soak import outputs, places, runs, victims  # noqa: E402
from soak.places import Place  # noqa: E402


def parse() -> argparse.Namespace:
    """How long, and of what."""
    parser = argparse.ArgumentParser(description=__doc__, prog="make soak")
    parser.add_argument("--minutes", type=float, default=60, help="no run is begun after that many (60)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of all that is drawn; printed")
    parser.add_argument("--ranks", type=int, default=1, choices=[1, 2], help="of tuning jobs (1)")
    parser.add_argument("--kills", type=int, default=20, help="of each run (20)")
    parser.add_argument(
        "--place", default="here", choices=["here", "cluster"], help="the cluster needs root and Debian"
    )
    parser.add_argument("--folder", type=Path, required=True, help="where the projects stand")
    return parser.parse_args()


def main() -> int:
    """Whether there was a fault, as a status."""
    args = parse()
    args.folder = args.folder.resolve()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored behind a shell's "&", and by drivers then, too
    print(f"seed {args.seed}, {args.ranks} rank(s), {args.place}, {args.folder}", flush=True)
    with places.opened(args.place, args.ranks, args.folder) as place:
        counted, faults = soak(args, place)
    print(json.dumps({" ".join(kind): count for kind, count in sorted(counted.items())}, indent=1))
    print(f"{sum(counted.values())} kills, {len(faults)} faults")
    return bool(faults) or not counted


def soak(args: argparse.Namespace, place: Place) -> tuple[Counter[victims.Kill], list[str]]:
    """How often each kind of kill was done, and what differed afterwards."""
    start = time.monotonic()
    reference = runs.finished(args.folder / "reference", place)
    seconds = time.monotonic() - start
    expected = outputs.contents(reference.root)
    print(f"undisturbed: {len(expected)} files to compare, {seconds:.0f} s", flush=True)
    counted: Counter[victims.Kill] = Counter()
    faults: list[str] = []
    number = 0
    while time.monotonic() - start < 60 * args.minutes:
        number += 1
        draw = victims.Draw(args.seed + number, seconds)
        project = runs.prepared(args.folder / f"run{number}", place)
        kills = runs.killed(project, place, draw, args.kills)
        counted.update(kills)
        found = outputs.differences(expected, project.root) + outputs.leftovers(project.root)
        found += runs.unfinished(project, place)
        minutes = (time.monotonic() - start) / 60
        print(f"run {number}: {len(kills)} kills, {'; '.join(found) or 'the same'} ({minutes:.0f} min)", flush=True)
        for line, count in Counter(outputs.tracebacks(project.root)).items():
            print(f"  {count} traceback(s): {line}", flush=True)
        faults += [f"run {number}: {fault}" for fault in found]
        if not found:
            runs.removed(project)
    return counted, faults


if __name__ == "__main__":
    raise SystemExit(main())
