"""The toy shop's project as it is run on the test cluster: drivers to start and stop, and questions to Slurm."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from toy_project import new_project, surroundings

HERE = Path(__file__).resolve().parent
PATIENCE = 240.0  # seconds until a test gives up: a machine may be slow, and no test is about time
QUICK = ("--slurm-init-seconds-before-status-checks", "3")
SPLIT = "results/toy/toys/sequences/train.parquet"


def wait_for(happened: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Return when something has happened; fail if it does not."""
    deadline = time.monotonic() + patience
    while not happened():
        assert time.monotonic() < deadline, f"waited {patience:.0f} s for {what}"
        time.sleep(0.05)


def slurm(*command: str) -> str:
    """What a program of Slurm's prints; it must not fail."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def squeue(*options: str, wait_until_empty: bool = False) -> str:
    """The jobs in the queue, as number, state and node; once there is none, if that is asked for."""
    command = ("squeue", "--noheader", "--format=%A %T %N", *options)
    if wait_until_empty:
        wait_for(lambda: not slurm(*command).strip(), "the last job to leave the queue")
    return slurm(*command).strip()


def facts(number: str) -> dict[str, str]:
    """What `scontrol show job` says about a job."""
    return dict(re.findall(r"(\S+?)=(\S*)", slurm("scontrol", "show", "job", number)))


def start_now(number: str) -> None:
    """Let a job that was requeued, once its processes have ended, start without the two minutes that Slurm waits."""
    wait_for(lambda: facts(number)["JobState"] == "PENDING", f"job {number} to be in the queue again")
    slurm("scontrol", "update", f"JobId={number}", "StartTime=now")


class Driver:
    """A Snakemake at work in a project, in a session of its own, with its output in `driver.log`."""

    def __init__(self, root: Path, command: list[str], environment: dict[str, str]) -> None:
        self.root, self.command, self.log = root, command, root / "driver.log"
        with self.log.open("w") as stream:
            self.process = subprocess.Popen(
                command,
                cwd=root,
                env=environment,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # A non-interactive shell lets what it starts in the background ignore Ctrl-C.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
            )

    def said(self) -> str:
        """All that it has printed so far."""
        return self.log.read_text()

    def jobs(self) -> list[str]:
        """Slurm's numbers of the jobs that it has submitted, by its own lines."""
        return re.findall(r"^ *slurm (\d+)", self.said(), re.MULTILINE)

    def job(self, at: int = 0) -> str:
        """The number of its first, second, ... job, once that is submitted."""
        wait_for(lambda: len(self.jobs()) > at or self.process.poll() is not None, f"job {at + 1}")
        assert len(self.jobs()) > at, self.said()
        return self.jobs()[at]

    def running(self, at: int = 0) -> str:
        """The number of its first, second, ... job, once that runs."""
        number = self.job(at)
        wait_for(lambda: facts(number)["JobState"] == "RUNNING", f"job {number} to run")
        return number

    def stop(self, number: int) -> int:
        """Send a signal and wait for the end. Returns the exit status."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def ended(self, patience: float = PATIENCE) -> str:
        """All that it printed, once it has ended; one that does not end is killed, and the test fails."""
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            raise AssertionError(f"did not end in {patience:.0f} s:\n{self.said()}") from None
        return self.said()

    def well(self, patience: float = 4 * PATIENCE) -> str:
        """As `ended`; the exit status must be 0."""
        said = self.ended(patience)
        assert self.process.returncode == 0, said
        return said


class SlurmProject:
    """A copy of the project with a toy shop and `tests/slurm/toy.yaml` in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environment = surroundings()

    @property
    def toys(self) -> Path:
        """The results of the shop's data set."""
        return self.root / "results/toy/toys"

    @classmethod
    def new(cls, folder: Path) -> "SlurmProject":
        """One in which nothing has run."""
        new_project(folder)
        shutil.copy(HERE / "toy.yaml", folder / "config/toy.yaml")
        shutil.copy(HERE.parents[1] / "Makefile", folder)
        return cls(folder)

    def copy(self, folder: Path) -> "SlurmProject":
        """The same elsewhere, results and Snakemake's records included."""
        shutil.copytree(self.root, folder, symlinks=True)
        return SlurmProject(folder)

    def gate(self, script: str) -> "SlurmProject":
        """Let a script wait until `open_gate`."""
        path = self.root / script
        waiting = "import pathlib, time\nwhile not pathlib.Path('gate').exists():\n    time.sleep(0.1)\n"
        docstring, rest = path.read_text().split("\n\n", 1)
        path.write_text(f"{docstring}\n\n{waiting}\n{rest}")
        return self

    def open_gate(self) -> None:
        """Let the script go on."""
        (self.root / "gate").touch()

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace the one place of a text."""
        file = self.root / path
        assert file.read_text().count(old) == 1, f"{path} has {old!r} {file.read_text().count(old)} times"
        file.write_text(file.read_text().replace(old, new))

    def forget(self, *names: str) -> None:
        """Remove results, so that they have to be made again."""
        for path in (self.root / "results/toy" / name for name in names):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def contents(self, *names: str) -> list[bytes]:
        """Bytes of result files."""
        return [(self.root / "results/toy" / name).read_bytes() for name in names]

    def run(self, command: list[str]) -> str:
        """Run a command in the project to its end and return all that it printed; it must not fail."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        ended = subprocess.run(command, cwd=self.root, env=self.environment, timeout=PATIENCE, **pipes)
        assert ended.returncode == 0, ended.stdout
        return ended.stdout

    def begin(self, *arguments: str) -> Driver:
        """Start Snakemake on the toy configuration; targets come first, or an option of many values would take them."""
        command = [sys.executable, "-m", "snakemake", *arguments, "--configfile", "config/toy.yaml"]
        return Driver(self.root, command, self.environment)

    def submit(self, *arguments: str) -> Driver:
        """Start it on the cluster, in the current environment."""
        return self.begin(*arguments, "--profile", "profiles/slurm-venv", *QUICK)
