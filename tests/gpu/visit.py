"""A visit to a GPU machine without network that is there for minutes: `python tests/gpu/visit.py STAGE --out FOLDER`.

Before, at home: `offline.py pack`, `offline.py model`, then `visit.py prepare`: all that needs no GPU. There, in this
order, each within its time, each writing what it says into the folder as it goes:

    smoke     install; versions; does a small model tune and answer on the GPU as on the CPU? Else nothing follows.
    measure   the tests of tests/gpu, and the tables of speed.py, the dearest last; the model is put together beside it
    science   the graph of config/one-gpu.yaml, as far as it gets; the same command goes on where it was stopped
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
# What of the graph needs no GPU: it is made at home and carried along, with .snakemake.
AT_HOME = ["audit_split", "audit_sample", "make_table1", "adopt_chosen", "rank_sequential", "evaluate_ranks"]


def graph(*more: str) -> list[str]:
    """Snakemake on config/one-gpu.yaml with the model as a folder."""
    llm = f"{{local: {{kind: path, precision: bf16, kernels: fused, folder: {MODEL}}}}}"
    config = ["run=visit", f"llms={llm}", "datasets={ml100k: {llm: local}}"]
    snakemake = [sys.executable, "-m", "snakemake", "--profile", "profiles/one-gpu"]
    return [*snakemake, *more, "--config", *config]


def step(out: Path, name: str, command: Sequence[str], seconds: float, **environment: str) -> bool:
    """Run a command, at most so long, and write what it says to NAME.log. Returns whether it ended well."""
    with (out / f"{name}.log").open("w") as log:
        try:
            how = {"cwd": ROOT, "stdout": log, "stderr": subprocess.STDOUT, "env": {**os.environ, **environment}}
            status = subprocess.run(command, timeout=seconds, check=False, **how).returncode
        except subprocess.TimeoutExpired:
            status = -1
    said = (out / f"{name}.log").read_text(errors="replace").splitlines()
    print(f"--- {name}: {'out of time' if status == -1 else status}", *said[-15:], sep="\n", flush=True)
    return status == 0


def prepare(out: Path) -> bool:
    """Make what needs no GPU."""
    return step(out, "prepare", graph("--until", *AT_HOME), 3600)


def smoke(out: Path) -> bool:
    """Install, say the versions, and try the project's own paths in miniature."""
    python = sys.executable
    return (
        step(out, "unpack", [python, "tests/gpu/offline.py", "unpack"], 60)
        and step(out, "versions", [python, "-m", "pip", "list"], 30)
        and step(out, "card", ["nvidia-smi"], 20)
        and step(out, "small", [python, "tests/gpu", "-x", "-k", SMALL], 90)
    )


def measure(out: Path) -> bool:
    """Correctness, then speed, each part with its own time; the model is put together meanwhile."""
    python, speed = sys.executable, "tests/gpu/speed.py"
    with (out / "model.log").open("w") as log:
        model = subprocess.Popen([python, "tests/gpu/offline.py", "model"], cwd=ROOT, stdout=log, stderr=log)
        step(out, "tests", [python, "tests/gpu", "-k", f"not deepspeed and not compiled and not ({SMALL})"], 90)
        step(out, "deepspeed", [python, "tests/gpu", "-k", "deepspeed"], 60, PYTHONPATH=str(DEEPSPEED))
        for part, seconds in (("eager", 60), ("fused", 60), ("answering", 60), ("grounding", 40), ("embedding", 40)):
            step(out, f"speed-{part}", [python, speed, "--part", part], seconds)
        step(out, "compiled", [python, "tests/gpu", "-k", "compiled"], 90)
        step(out, "speed-compiled", [python, speed, "--part", "compiled"], 90)
        done = model.wait(120) == 0
    return done and step(out, "plan", graph("-n"), 60)


def science(out: Path, seconds: float) -> bool:
    """As much of the graph as fits."""
    whole = step(out, "science", graph("--resources", "gpu=6"), seconds, OMP_NUM_THREADS="2")
    step(out, "results", ["tar", "czf", str(out / "visit.tar.gz"), "--exclude=*.npy", "results/visit"], 60)
    return whole


def main() -> int:
    """The stage's status: 1 if it did not end well."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=["prepare", "smoke", "measure", "science"])
    parser.add_argument("--out", type=Path, required=True, help="folder of logs")
    parser.add_argument("--seconds", type=float, default=420, help="that the science may take (420)")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    if args.stage == "science":
        return not science(args.out, args.seconds)
    return not {"prepare": prepare, "smoke": smoke, "measure": measure}[args.stage](args.out)


if __name__ == "__main__":
    raise SystemExit(main())
