"""`make bench`: each step of softrec beside what a user would otherwise take, in one run."""

import argparse
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "scripts")]

import report  # noqa: E402
from harness import ONE_THREAD, ROOT, Row, Step, run_steps  # noqa: E402

STEPS = [
    "filter",
    "filter_kindle",
    "sft_step",
    "sft_step_128k",
    "soft_step",
    "sdpo_step",
    "generation",
    "constrained",
    "grounding",
    "grounding_beams",
    "encoding",
    "sasrec",
    "small_rules",
    "dry_run",
    "demo",
    "switches",
]


def parse() -> argparse.Namespace:
    """Which steps, and where to write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("steps", nargs="*", metavar="STEP", help=f"which steps: {', '.join(STEPS)} (default: all)")
    parser.add_argument("--out", type=Path, default=ROOT / "results/bench", help="folder for the figures as JSON")
    parser.add_argument("--scratch", type=Path, help="folder for inputs and outputs, some GB (default: temporary)")
    args = parser.parse_args()
    unknown = [name for name in args.steps if name not in STEPS]
    if unknown:
        parser.error(f"no step {', '.join(unknown)}; there are {', '.join(STEPS)}")
    return args


def main() -> None:
    """Run the steps, print a step's lines when it is done and the whole table at the end; JSON beside it."""
    args = parse()
    os.environ.update(ONE_THREAD)  # what steps compute here, too
    args.out.mkdir(parents=True, exist_ok=True)
    table, all_rows = [report.heading()], []

    def done(step: Step, rows: list[Row], figures: dict[str, Any]) -> None:
        found = report.lines(step.module.TITLE, rows, figures["compared"])
        print("\n".join(found), file=sys.stderr, flush=True)
        table.extend(found)
        all_rows.extend(rows)
        machine = {"processor": processor(), "python": platform.python_version()}
        (args.out / f"{step.name}.json").write_text(json.dumps({**figures, "machine": machine}, indent=1) + "\n")

    run_steps(args.steps or STEPS, args.scratch, done)
    table += ["", report.verdict(all_rows)]
    print("\n".join(table))
    (args.out / "table.txt").write_text("\n".join(table) + "\n")


def processor() -> str:
    """The name that the processor gives itself."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


if __name__ == "__main__":
    main()
