"""Kills a training job before each line that may change a file after its training; prints what was found.

Called as a script, in a process without torch: of that, saving and loading alone are needed, and pickle does them here.
A process is forked for each kill, and torch would make each of those a hundred times slower.
"""

import argparse
import json
import os
import pickle
import signal
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any

from common import files, manifests
from common.errors import SoftrecError
from softrec.io.checkpoints import Checkpoint, run_key
from softrec.job import program

STEPS = 3
WRITERS = (
    *(f"common/{name}.py" for name in ("files", "manifests", "file_digests")),
    "softrec/io/checkpoints.py",
    "softrec/job/program.py",
    Path(__file__).name,
)  # all that change files


def build_parser() -> program.Parser:
    """A folder and a file are made of a file."""
    parser = program.Parser("Train.")
    parser.input("--rows", help="text")
    parser.output("--adapter", help="folder")
    parser.output("--log", help="text")
    return parser


class Training:
    """Three steps that each add a line to TRAINED, and are remembered by a checkpoint.

    Attributes:
        over: called when they are done.
    """

    def __init__(self, trained: Path, over: Callable[[], object]) -> None:
        self.trained, self.over = trained, over

    def __call__(self, args: argparse.Namespace) -> None:
        """What `softrec.tuning.run.tune` does, without a model."""
        checkpoint = Checkpoint(args.adapter, run_key(args.settings, args.code, args.files_read))
        state = checkpoint.load() or {"steps": 0}
        for step in range(state["steps"], STEPS):
            with self.trained.open("a") as stream:
                stream.write(f"{step}\n")
            checkpoint.save({"steps": step + 1})
        self.over()
        with files.atomic_write(args.adapter) as partial:
            partial.mkdir()
            (partial / "weights").write_text("trained")
        with files.atomic_write(args.log) as partial:
            partial.write_text("log")
        program.after_success(checkpoint.clear)


def killer(line: int) -> Callable[[], object]:
    """Something that, once called, lets this process end by SIGKILL before that line of the project's code."""
    left = [line]

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        if not frame.f_code.co_filename.endswith(WRITERS):
            return None
        if event == "line":
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    def begin() -> None:
        sys._getframe(1).f_trace = trace
        sys.settrace(trace)

    return begin


def forked(folder: Path, over: Callable[[], object]) -> int:
    """The job in a process of its own; how that ended."""
    child = os.fork()
    if child == 0:
        os.chdir(folder)
        with Path("said").open("a") as said:
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
        arguments = ["--rows", "rows", "--adapter", "adapter", "--log", "log", "--settings", "{}"]
        try:
            program.run(Training(Path("trained"), over), build_parser(), arguments)
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def kills(folder: Path, clean: bool) -> Iterator[dict[str, Any]]:
    """What was left after each kill and the next attempt.

    Args:
        clean: whether the outputs of the killed job are removed before, as Snakemake does.
    """
    for line in count():
        place = folder / str(line)
        place.mkdir(parents=True)
        (place / "rows").write_text("rows")
        if forked(place, killer(line)) == 0:
            return
        os.chdir(place)
        checkpoint = any(Path().glob(".adapter.checkpoint/*.pt"))
        if checkpoint and clean:
            files.remove(Path("adapter"))
            files.remove(Path("log"))
        status = forked(place, lambda: None) if checkpoint else 0
        left = [path.name for path in place.rglob("*") if path.name.endswith((".partial", ".pt"))]
        trained, said = Path("trained").read_text().split(), Path("said").read_text()
        yield {
            "checkpoint": checkpoint,
            "status": status,
            "trained": trained,
            "left": left,
            "whole": whole(),
            "said": said,
        }


def whole() -> bool:
    """Whether both outputs are there with manifests that hold."""
    try:
        for path in (Path("adapter"), Path("log")):
            manifests.require_as_made(path)
    except SoftrecError:
        return False
    return all(files.manifest_of(path).exists() for path in (Path("adapter"), Path("log")))


if __name__ == "__main__":
    sys.modules["torch"] = SimpleNamespace(  # type: ignore[assignment]
        save=lambda state, stream: pickle.dump(state, stream),
        load=lambda stream, **options: pickle.load(stream),
        cuda=SimpleNamespace(is_available=lambda: False),
        __version__="0",
    )
    print(json.dumps(list(kills(Path(sys.argv[1]), sys.argv[2] == "clean"))))
