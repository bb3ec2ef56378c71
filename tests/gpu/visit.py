"""A visit to a GPU machine without network that is there for minutes: `python tests/gpu/visit.py STAGE --out FOLDER`.

Before, at home: `offline.py pack`, `offline.py model`, then `visit.py prepare`: all that needs no GPU. There, in this
order, each within its time, each writing what it says into the folder as it goes:

    smoke     install; versions; does a small model tune and answer on the GPU as on the CPU? Else nothing follows.
    measure   the tests of tests/gpu, and the tables of speed.py, the dearest last; the model is put together beside it
    science   the graph of config/one-gpu.yaml, as far as it gets; the same command goes on where it was stopped

`--tiny` is a rehearsal on a CPU: a graph of a few rows, tests and tables that need no GPU.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODEL = "results/raw/offline/smollm2"
DEEPSPEED = ROOT / "results/raw/offline/deepspeed-installed"
SMALL = "test_updates or test_texts_and_embeddings or test_ranks"
# What of the graph needs no GPU, with all that stands before it: made at home and carried along, with .snakemake.
AT_HOME = ["audit_split", "audit_sample", "make_table1", "rank_sequential"]
FEW_ROWS = [
    "samples={train: 64, valid: 16, test: 24, paper_test: 24}",
    "sasrec={epochs: 2, patience: 1, l2: [0.0001]}",
    "tuning={epochs: 2, patience: 1, micro_batch_size: 8}",
    "soft={alphas: [1, 10], distance_rows: 16}",
    "generation={max_new_tokens: 8, batch_size: 16}",
    "statistics={resamples: 1000}",
]


def graph(tiny: bool, *more: str) -> list[str]:
    """Snakemake on config/one-gpu.yaml with the model as a folder."""
    llm = f"kind: path, precision: {'fp32' if tiny else 'bf16'}, kernels: fused, folder: {MODEL}"
    config = ["run=visit", f"llms={{local: {{{llm}}}}}", "datasets={ml100k: {llm: local}}", *(FEW_ROWS if tiny else [])]
    snakemake = [sys.executable, "-m", "snakemake", "--profile", "profiles/one-gpu"]
    return [*snakemake, *more, "--config", *config]


def step(out: Path, name: str, command: Sequence[str], seconds: float, **environment: str) -> bool:
    """Run a command, at most so long, and write what it says to NAME.log. Returns whether it ended well."""
    with (out / f"{name}.log").open("w") as log:
        how = {"cwd": ROOT, "stdout": log, "stderr": subprocess.STDOUT, "env": {**os.environ, **environment}}
        with subprocess.Popen(command, **how) as process:
            try:
                status: int | str = process.wait(timeout=seconds)
            except subprocess.TimeoutExpired:
                status = "out of time"
                process.terminate()  # Snakemake ends its jobs first
                try:
                    process.wait(timeout=20)
                except subprocess.TimeoutExpired:
                    process.kill()
    said = (out / f"{name}.log").read_text(errors="replace").splitlines()
    print(f"--- {name}: {status}", *said[-15:], sep="\n", flush=True)
    return status == 0


def prepare(out: Path, tiny: bool) -> bool:
    """Make what needs no GPU."""
    # One rule at a time: of two in one call, Snakemake never starts what stands between them, and fails.
    return all(step(out, f"prepare-{rule}", graph(tiny, "--until", rule), 3600) for rule in AT_HOME)


def smoke(out: Path, tiny: bool) -> bool:
    """Install, say the versions, and try the project's own paths in miniature."""
    python = sys.executable
    return (
        step(out, "unpack", [python, "tests/gpu/offline.py", "unpack"], 60)
        and step(out, "versions", [python, "-m", "pip", "list"], 30)
        and (tiny or step(out, "card", ["nvidia-smi"], 20))
        and step(out, "small", [python, *tests(tiny), "-x", "-k", SMALL], 90)
    )


def tests(tiny: bool) -> list[str]:
    """What runs tests/gpu."""
    return ["tests/gpu", *["--rehearse"] * tiny]


def measure(out: Path, tiny: bool) -> bool:
    """Correctness, then speed, each part with its own time; the model is put together meanwhile."""
    python, speed = sys.executable, ["tests/gpu/speed.py", *["--tiny"] * tiny]
    slow = 4 if tiny else 1  # a CPU's time is another
    with (out / "model.log").open("w") as log:
        model = subprocess.Popen([python, "tests/gpu/offline.py", "model"], cwd=ROOT, stdout=log, stderr=log)
        step(out, "tests", [python, *tests(tiny), "-k", f"not deepspeed and not compiled and not ({SMALL})"], 90 * slow)
        step(out, "deepspeed", [python, *tests(tiny), "-k", "deepspeed"], 60 * slow, PYTHONPATH=str(DEEPSPEED))
        for part, seconds in (("eager", 60), ("fused", 60), ("answering", 60), ("grounding", 40), ("embedding", 40)):
            step(out, f"speed-{part}", [python, *speed, "--part", part], seconds)
        step(out, "compiled", [python, *tests(tiny), "-k", "compiled"], 90 * slow)
        for part in ("compiled", "trainer"):
            step(out, f"speed-{part}", [python, *speed, "--part", part], 90 * slow)
        done = model.wait(120) == 0
    return done and step(out, "plan", graph(tiny, "-n"), 60)


def science(out: Path, tiny: bool, seconds: float) -> bool:
    """As much of the graph as fits."""
    # No lock: the machine may have ended the last command before Snakemake removed its own, and nobody else is there.
    share = ["--nolock", "--resources", f"gpu={1 if tiny else 6}"]
    whole = step(out, "science", graph(tiny, *share), seconds, OMP_NUM_THREADS="2")
    step(out, "results", ["tar", "czf", str(out / "visit.tar.gz"), "--exclude=*.npy", "results/visit"], 60)
    return whole


def main() -> int:
    """The stage's status: 1 if it did not end well."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=["prepare", "smoke", "measure", "science"])
    parser.add_argument("--out", type=Path, required=True, help="folder of logs")
    parser.add_argument("--seconds", type=float, default=420, help="that the science may take (420)")
    parser.add_argument("--tiny", action="store_true", help="a rehearsal on a CPU")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    if args.stage == "science":
        return not science(args.out, args.tiny, args.seconds)
    return not {"prepare": prepare, "smoke": smoke, "measure": measure}[args.stage](args.out, args.tiny)


if __name__ == "__main__":
    raise SystemExit(main())
