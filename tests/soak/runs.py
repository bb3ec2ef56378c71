"""Runs of the toy graph: undisturbed, or killed and started again."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from soak.places import Place
from soak.victims import LOOK, Draw, Kill, strike
from toy_project import Project, new_project, surroundings

PATIENCE = 1800  # seconds in which a start of the graph has to end
SPARE = 15  # starts beyond one a kill, after which a run counts as one that does not end


def prepared(folder: Path, place: Place) -> Project:
    """A project in which nothing has run, with a checkpoint after every step."""
    shutil.rmtree(folder, ignore_errors=True)
    project = new_project(folder)
    config = project.root / "config/toy.yaml"
    text = config.read_text().replace("  dropout: 0.0\n", "  dropout: 0.1\n")
    text = text.replace("  micro_batch_size: 8\n", "  micro_batch_size: 4\n")  # of 8 rows an update, for two ranks too
    config.write_text(text.replace("engine: {kind: torch, ranks: 1, threads: 1}", f"engine: {place.engine}"))
    return project


def finished(folder: Path, place: Place) -> Project:
    """A project whose graph has run to its end, at a place: with as many threads as jobs have there, or sums differ."""
    project = prepared(folder, place)
    project.run(place.command(), 0)
    return project


@contextmanager
def driven(project: Project, place: Place) -> Iterator[subprocess.Popen[bytes]]:
    """The driver, in a session of its own; a soak that is broken off takes it along."""
    with (project.root / "driver.log").open("ab") as log:
        driver = subprocess.Popen(
            place.command(), cwd=project.root, env=surroundings(), stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield driver
    finally:
        if driver.poll() is None:
            os.killpg(driver.pid, signal.SIGKILL)


def killed(project: Project, place: Place, draw: Draw, count: int) -> list[Kill]:
    """Start, kill, and start again until `count` kills are done; then let it end.

    Raises `RuntimeError` if the driver hangs, or ends with an error that no kill explains.
    """
    kills: list[Kill] = []
    for _ in range(count + SPARE):
        before = len(kills)
        with driven(project, place) as driver:
            while len(kills) < count and driver.poll() is None:
                kill = draw.kill(place.victims)
                if struck(driver, kill, draw, project):
                    kills.append(kill)
                    if kill.victim in place.ends:
                        break
            status = wait(driver, PATIENCE)
        if status == 0:
            return kills
        place.recover(project)
        if len(kills) == before and "error:" in last(project).lower():
            raise RuntimeError(f"{project.root} ended with status {status}:\n{last(project)}")
    raise RuntimeError(f"{project.root} was started {count + SPARE} times and has not ended:\n{last(project)}")


def struck(driver: subprocess.Popen[bytes], kill: Kill, draw: Draw, project: Project) -> bool:
    """Wait for the moment, and kill; False if the run ended before, or had no such victim."""
    come = draw.moment(kill.moment, project.root)
    while not come():
        if driver.poll() is not None:
            return False
        time.sleep(LOOK)
    for _ in range(500):  # a victim of the kind may be there only in a moment
        if driver.poll() is not None:
            return False
        if strike(kill, driver.pid, project.root):
            return True
        time.sleep(LOOK)
    return False


def wait(driver: subprocess.Popen[bytes], seconds: float) -> int:
    """The driver's status. Raises `RuntimeError` if it does not end."""
    try:
        return driver.wait(seconds)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"the driver {driver.args} did not end within {seconds} s") from None


def last(project: Project) -> str:
    """The end of what drivers said."""
    return "\n".join((project.root / "driver.log").read_text(errors="replace").splitlines()[-30:])


def unfinished(project: Project, place: Place) -> list[str]:
    """What a further start would do: nothing."""
    options: dict[str, Any] = {"capture_output": True, "text": True, "timeout": PATIENCE}
    said = subprocess.run(place.command(), cwd=project.root, env=surroundings(), **options)
    done = said.returncode == 0 and re.search("[Nn]othing to be done", said.stdout + said.stderr)
    return [] if done else [f"a further start does something: {(said.stdout + said.stderr)[-300:]}"]


def removed(project: Project) -> None:
    """A project that showed nothing is in nobody's way."""
    shutil.rmtree(project.root)
