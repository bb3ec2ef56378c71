"""Where a soak runs the graph: on this machine, or on a Slurm cluster of this machine."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from slurm import own_cluster
from toy_project import Project, surroundings

CHECKPOINTS = "checkpoint_minutes: 0"  # after every step


@dataclass(frozen=True)
class Place:
    """How runs are started at a place, and what can be struck there.

    Attributes:
        options: of Snakemake, beside the configuration.
        engine: of tuning jobs.
        victims: of kills. ends: those with whom a start of the graph ends; the others' jobs are tried again by it.
        recovery: the command that people give after the driver was killed.
    """

    options: tuple[str, ...]
    engine: str
    victims: tuple[str, ...]
    ends: tuple[str, ...]
    recovery: tuple[str, ...]

    def command(self) -> list[str]:
        """Snakemake on the toy configuration, by this interpreter."""
        return [sys.executable, "-m", "snakemake", *self.options, "--configfile", "config/toy.yaml"]

    def recover(self, project: Project) -> None:
        """Do as people do after a kill; jobs of the killed driver may still be at work."""
        command = [sys.executable, *self.recovery]
        subprocess.run(command, cwd=project.root, env=surroundings(), capture_output=True, check=False)


def here(ranks: int) -> Place:
    """This machine: whoever is killed, the driver ends."""
    victims = ("driver", "group", "job", "shell")
    options = ("--profile", "profiles/demo")
    return Place(
        options,
        f"{{kind: torch, ranks: {ranks}, threads: 1, {CHECKPOINTS}}}",
        victims,
        ends=victims,
        recovery=("-m", "snakemake", *options, "--configfile", "config/toy.yaml", "--unlock"),
    )


def cluster(ranks: int) -> Place:
    """A Slurm cluster: jobs are not in the driver's session, end with `scancel` too, and are submitted again.

    Three jobs at once, as the nodes have more cores than the machine.
    """
    profile, quick = ("--profile", "profiles/slurm"), ("--slurm-init-seconds-before-status-checks", "3")
    return Place(
        (*profile, "--jobs", "3", "--sdm", "env-modules", *quick),
        f"{{kind: deepspeed, ranks: {ranks}, gpus: 4, threads: 1, {CHECKPOINTS}}}",
        ("driver", "driver", "job", "shell", "scancel"),
        ends=("driver",),
        recovery=("workflow/tools/recover.py",),
    )


@contextmanager
def opened(name: str, ranks: int, folder: Path) -> Iterator[Place]:
    """A place by its name, `here` or `cluster`, for as long as runs in `folder` need it."""
    if name == "here":
        yield here(ranks)
        return
    etc = folder / "etc"
    etc.mkdir(parents=True, exist_ok=True)
    with own_cluster.running(etc, folder):
        yield cluster(ranks)
