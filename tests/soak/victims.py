"""Whom to kill, by which signal, and when."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

SIGNALS = ("SIGKILL", "SIGKILL", "SIGKILL", "SIGTERM", "SIGINT")  # the first is the one that nothing can catch
MOMENTS = ("time", "start", "partial", "manifest", "folder", "checkpoint", "record")
LOOK = 0.002  # seconds between two looks at the files
SHARE = 1 / 6  # of the seconds of an undisturbed run, after which a kill comes whatever happens


class Kill(NamedTuple):
    """One kill: of whom, by what, at which kind of moment."""

    victim: str
    signal: str
    moment: str


class Draw:
    """A source of kills.

    Args:
        seconds: how long an undisturbed run takes.
    """

    def __init__(self, seed: int, seconds: float) -> None:
        self.random, self.seconds = random.Random(seed), seconds

    def kill(self, victims: Sequence[str]) -> Kill:
        """The next one. A job or its shell is not interrupted from the keyboard by itself; scancel has its own way."""
        victim, sent = self.random.choice(victims), self.random.choice(SIGNALS)
        if victim in ("job", "shell") and sent == "SIGINT":
            sent = "SIGTERM"
        if victim == "scancel":
            sent = "TERM, then KILL"
        return Kill(victim, sent, self.random.choice(MOMENTS))

    def moment(self, kind: str, root: Path) -> Callable[[], bool]:
        """Whether the moment has come: after a random time, or at a random one of the next events of its kind.

        At the latest after a share of an undisturbed run: events that do not come would let a run end unkilled.
        """
        begun, longest = time.monotonic(), self.seconds * SHARE
        if kind in ("time", "start"):
            wait = self.random.uniform(0, 4 if kind == "start" else longest)
            return lambda: time.monotonic() - begun >= wait
        left, before = [self.random.randint(1, 12)], set(events(kind, root))
        latest = begun + longest

        def come() -> bool:
            now = set(events(kind, root))
            left[0] -= len(now - before)
            before.update(now)
            return left[0] <= 0 or time.monotonic() > latest

        return come


def events(kind: str, root: Path) -> Iterator[tuple[str, int]]:
    """What there is of a kind: each path with its inode, since a renamed or replaced file is another."""
    place = root / (".snakemake" if kind == "record" else "results")
    for folder, folders, names in os.walk(place):
        for name in names + (folders if kind in ("folder", "partial", "checkpoint") else []):
            if is_of(kind, name, name in folders):
                path = os.path.join(folder, name)
                try:
                    yield path, os.lstat(path).st_ino
                except OSError:
                    continue


def is_of(kind: str, name: str, folder: bool) -> bool:
    """Whether a name is of a kind of event."""
    endings = {"partial": ".partial", "manifest": ".manifest.json", "checkpoint": ".pt"}
    if kind == "record":
        return True
    return folder and not name.startswith(".") if kind == "folder" else name.endswith(endings[kind])


def strike(kill: Kill, driver: int, root: Path) -> bool:
    """Send the signal to the driver (whose number is that of its group), to all, or to a job; False without one."""
    if kill.victim == "scancel":
        return cancel(root)
    number = getattr(signal, kill.signal)
    try:
        if kill.victim == "group":
            os.killpg(driver, number)
        elif kill.victim == "driver":
            os.kill(driver, number)
        else:
            chosen = next(iter(jobs(root, kill.victim)), None)
            if chosen is None:
                return False
            os.kill(chosen, number)
    except ProcessLookupError:
        return False
    return True


def cancel(root: Path) -> bool:
    """Let Slurm cancel one job of a project that runs; False if none does."""
    question = ["squeue", "--me", "--noheader", "--states=RUNNING", "--format=%A %Z"]
    for line in subprocess.run(question, check=True, capture_output=True, text=True).stdout.splitlines():
        number, _, folder = line.partition(" ")
        if Path(folder.strip()) == root:
            return subprocess.run(["scancel", number], check=False).returncode == 0
    return False


def jobs(root: Path, victim: str) -> Iterator[int]:
    """Processes in a project's folder that run one of its scripts, or the shells around them."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            inside = (entry / "cwd").readlink() == root
        except OSError:
            continue
        script = any(word.startswith(b"scripts/") and word.endswith(b".py") for word in words[:3])
        shell = words[0].endswith(b"bash") and b"$SOFTREC_SCRIPTS" in b" ".join(words)
        if inside and (script if victim == "job" else shell):
            yield int(entry.name)
