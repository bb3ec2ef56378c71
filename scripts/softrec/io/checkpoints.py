"""Checkpoints of a training run: a killed job resumes from them, a job with other settings does not use them."""

import hashlib
import io
import json
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from common import file_digests, files, log
from common.process import is_main_process


def run_key(settings: str, code: str, inputs: Sequence[Path]) -> str:
    """Compute the identity of a run: a digest of its settings and code (both JSON texts) and its inputs' contents."""
    identity = [json.loads(settings), json.loads(code), [file_digests.sha256(path) for path in inputs]]
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def shared_run_key(settings: str, code: str, inputs: Sequence[Path]) -> str:
    """Compute `run_key` on rank 0, which alone hashes the inputs, and broadcast it to all ranks."""
    from softrec.core import distributed

    return distributed.broadcast_from_main(lambda: run_key(settings, code, inputs))


class Checkpoint:
    """The latest states of one run, in the hidden folder `.NAME.checkpoint/` next to the run's output `NAME`.

    A file's name holds the run's key, so a run with other settings, code or inputs does not see it, and an increasing
    number. A file begins with the sha256 of the rest, so a truncated one is recognised, and the one before it is used;
    the newest two are kept. States hold only tensors, numbers, strings, lists and dicts: loading them never runs code.

    Args:
        output: the output of the run (a file or folder).
        key: the run's identity, from `run_key`.
    """

    KEPT = 2

    def __init__(self, output: Path, key: str) -> None:
        self.folder = output.with_name(f".{output.name}.checkpoint")
        self.key = key[:32]

    def paths(self) -> list[Path]:
        """Return this run's files, the newest last."""
        return sorted(path for path in self.folder.glob(f"{self.key}.*.pt") if number_of(path) and path.is_file())

    def load(self) -> dict[str, Any] | None:
        """Load the newest complete state, tensors on the CPU, and log its file; None if there is none."""
        own = self.paths()
        for other in sorted(set(self.folder.glob("*.pt")) - set(own)):
            log.info(f"checkpoint {other} belongs to other settings, code or inputs: not used")
        for path in reversed(own):
            if (state := read(path)) is not None:
                log.info(f"resuming from {path}")
                return state
        return None

    def save(self, state: dict[str, Any]) -> None:
        """Write a state atomically; remove all older files but one, and those of other keys."""
        import torch

        content = io.BytesIO()
        torch.save(state, content)
        own = self.paths()
        number = number_of(own[-1]) + 1 if own else 1
        with files.atomic_write(self.folder / f"{self.key}.{number:09d}.pt") as partial:
            partial.write_bytes(hashlib.sha256(content.getbuffer()).digest() + content.getbuffer())
        for other in set(self.folder.glob("*.pt")) - set(self.paths()[-self.KEPT :]):
            files.remove(other)

    def clear(self) -> None:
        """Remove the folder, this run's newest state last; call it when outputs and manifests are written."""
        if is_main_process():
            own = self.paths()
            for path in [*set(self.folder.glob("*.pt")).difference(own), *own]:
                files.remove(path)
            files.remove(self.folder)


def number_of(path: Path) -> int:
    """Return the number in a file's name `KEY.NUMBER.pt`; 0 for another name."""
    number = path.name.split(".")[-2]
    return int(number) if number.isascii() and number.isdigit() else 0


def read(path: Path) -> dict[str, Any] | None:
    """Read the state in a file of `Checkpoint.save`; None, with a line in the log, if the file is damaged."""
    import torch

    try:
        content = path.read_bytes()
        if hashlib.sha256(content[32:]).digest() != content[:32]:
            raise ValueError("its sha256 differs")
        return torch.load(io.BytesIO(content[32:]), map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, OSError, ValueError, pickle.UnpicklingError) as error:
        log.info(f"checkpoint {path} cannot be read ({type(error).__name__}): the one before it is used, if any")
        return None
