"""Kill runs of the whole toy graph at random moments, start them again, and compare every output: `make soak`.

Each run of the graph is killed a few times, by signal, victim and moment drawn from a seed, then left to end, and held
bit for bit against a run that nobody disturbed. It ends with status 1 if anything differs, or if a run does not end.
"""

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:1] = [str(HERE.parent), str(HERE.parents[1] / "scripts")]

from soak import outputs, runs, victims  # noqa: E402


def parse() -> argparse.Namespace:
    """How long, and of what."""
    parser = argparse.ArgumentParser(description=__doc__, prog="make soak")
    parser.add_argument("--minutes", type=float, default=60, help="no run is begun after that many (60)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of all that is drawn; printed")
    parser.add_argument("--ranks", type=int, default=1, choices=[1, 2], help="of tuning jobs (1)")
    parser.add_argument("--kills", type=int, default=8, help="of each run (8)")
    parser.add_argument("--folder", type=Path, required=True, help="where the projects stand; removed before")
    return parser.parse_args()


def main() -> int:
    """The number of differing runs, as a status."""
    args = parse()
    print(f"seed {args.seed}, {args.ranks} rank(s), {args.folder}", flush=True)
    start = time.monotonic()
    reference = runs.finished(args.folder / "reference", args.ranks)
    seconds = time.monotonic() - start
    expected = outputs.contents(reference.root)
    print(f"undisturbed: {len(expected)} files to compare, {seconds:.0f} s", flush=True)
    counted: Counter[tuple[str, str, str]] = Counter()
    faults: list[str] = []
    number = 0
    while time.monotonic() - start < 60 * args.minutes:
        number += 1
        draw = victims.Draw(args.seed + number, seconds)
        project = runs.prepared(args.folder / f"run{number}", args.ranks)
        kills = runs.killed(project, draw, args.kills)
        counted.update((kill.victim, kill.signal, kill.moment) for kill in kills)
        found = outputs.differences(expected, project.root) + outputs.leftovers(project.root)
        found += runs.unfinished(project)
        print(f"run {number}: {len(kills)} kills, {'; '.join(found) or 'the same'}", flush=True)
        faults += [f"run {number}: {fault}" for fault in found]
        if not found:
            runs.removed(project)
    print(json.dumps({" ".join(kind): count for kind, count in sorted(counted.items())}, indent=1))
    print(f"{sum(counted.values())} kills in {number} runs, {len(faults)} faults")
    return bool(faults) or not counted


if __name__ == "__main__":
    raise SystemExit(main())
