"""Recover after Snakemake was killed: cancel the jobs that it left on the cluster, and unlock the folder.

    make slurm-recover

Jobs of a killed Snakemake keep running, and would write the same files as those of the next run. They are found by the
prefix of their names and by the folder in which they were started; jobs of other folders are not touched.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lib.config import configuration

Run = Callable[..., "subprocess.CompletedProcess[str]"]
SQUEUE = ("squeue", "--me", "--noheader", "--format=%A|%T|%M|%j|%k|%Z")
PATIENCE = 120.0  # seconds for jobs to end: they write a checkpoint first
ANSWER = 300  # timeout of a program, in seconds


class Orphan(NamedTuple):
    """A job in the queue: Slurm's number, state, elapsed time, and rule."""

    number: str
    state: str
    elapsed: str
    rule: str


class RecoverError(Exception):
    """The recovery failed; the text says why and how to mend it."""


def orphans(folder: Path, prefix: str, run: Run = subprocess.run) -> list[Orphan]:
    """Return this user's jobs of this folder whose names begin with the prefix."""
    found = []
    for line in answer(run, *SQUEUE).splitlines():
        number, state, elapsed, name, comment, where = (line.split("|", 5) + [""] * 5)[:6]  # a folder may hold a bar
        if name.startswith(f"{prefix}_") and Path(where).resolve() == folder.resolve():
            found.append(Orphan(number, state, elapsed, comment.strip()))
    return found


def answer(run: Run, *command: str) -> str:
    """Return the output of a program. Raises `RecoverError` if it cannot be run, fails or times out."""
    try:
        ended = run(command, capture_output=True, text=True, errors="replace", timeout=ANSWER)
    except OSError as error:
        raise RecoverError(f"{command[0]} cannot be run ({error.strerror}): start this on a login node.") from None
    except subprocess.TimeoutExpired:
        raise RecoverError(f"{command[0]} has not answered for {ANSWER} seconds: try again later.") from None
    if ended.returncode:
        raise RecoverError(f"{' '.join(command)} failed: {ended.stderr.strip()}")
    return ended.stdout


def driver(folder: Path) -> int | None:
    """Return the process id of a Snakemake that is running in the folder on this machine, or None."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            here = (process / "cwd").resolve() == folder.resolve()
        except OSError:
            continue
        snakemake = any(Path(word.decode(errors="replace")).name == "snakemake" for word in words[:4])
        if here and snakemake and b"--mode" not in words:  # only the Snakemake process of a job has --mode
            return int(process.name)
    return None


def prefix_of(profile: Path) -> str:
    """Return a profile's prefix of job names. Raises `RecoverError` if it is not set or the profile is unreadable."""
    try:
        prefix = configuration.read(profile / "config.yaml").get("slurm-jobname-prefix")
    except configuration.ConfigError as error:
        raise RecoverError(f"{error}: name a profile's folder with --profile.") from None
    if not prefix:
        raise RecoverError(
            f"{profile}/config.yaml sets no slurm-jobname-prefix, by which jobs could be found: set one."
        )
    return prefix


def recover(folder: Path, prefix: str, run: Run = subprocess.run, patience: float = PATIENCE) -> None:
    """Cancel the orphaned jobs, wait until they have ended, and unlock the folder.

    Raises:
        RecoverError: Snakemake is still running here, a program fails, or jobs do not end within `patience` seconds.
    """
    if (process := driver(folder)) is not None:
        raise RecoverError(f"process {process} is a Snakemake that is at work in {folder}: stop it with Ctrl-C first.")
    found = orphans(folder, prefix, run)
    for orphan in found:
        print(f"  cancel    Slurm job {orphan.number}  {orphan.rule}  {orphan.state.lower()} for {orphan.elapsed}")
    if found:
        answer(run, "scancel", *(orphan.number for orphan in found))
    deadline = time.monotonic() + patience
    while left := orphans(folder, prefix, run):
        if time.monotonic() > deadline:
            raise RecoverError(f"Slurm jobs {', '.join(o.number for o in left)} do not end: ask who runs the cluster.")
        time.sleep(1)
    if not found:
        print("  no job of this folder is left on the cluster")
    answer(run, sys.executable, "-m", "snakemake", "--unlock", "--sdm", "env-modules")
    print("  unlocked  start the same command again: training resumes from its checkpoints")


def main() -> None:
    """Recover the current folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", type=Path, default=Path("profiles/slurm"), help="whose jobs to look for")
    args = parser.parse_args()
    try:
        recover(Path.cwd(), prefix_of(args.profile))
    except RecoverError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
