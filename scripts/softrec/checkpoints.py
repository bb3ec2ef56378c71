"""Checkpoints of a training run: what a killed job resumes from, and a changed one never does."""

import hashlib
import json
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from softrec import files, log


def run_key(settings: str, code: str, inputs: Sequence[Path]) -> str:
    """The identity of a run: a digest of its settings and code (both JSON texts) and of its inputs' contents."""
    identity = [json.loads(settings), json.loads(code), [files.sha256(path) for path in inputs]]
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


class Checkpoint:
    """The latest state of one run, in the hidden folder `.NAME.checkpoint/` beside the run's output `NAME`.

    The file is named by the run's key, so a run with other settings, code or inputs does not see it. States hold
    tensors, numbers, strings, lists and dicts only: they are read back without running any code they might carry.

    Args:
        output: the output of the run (a file or folder) that the checkpoint stands in for.
        key: the run's identity, from `run_key`.
    """

    def __init__(self, output: Path, key: str) -> None:
        self.folder = output.with_name(f".{output.name}.checkpoint")
        self.path = self.folder / f"{key[:32]}.pt"

    def load(self) -> dict[str, Any] | None:
        """The saved state, tensors on the CPU; None, with a line in the log, if there is none that can be read."""
        import torch

        if not self.path.exists():
            for other in sorted(self.folder.glob("*.pt")):
                log.say(f"checkpoint {other} belongs to other settings, code or inputs: not used")
            return None
        try:
            state = torch.load(self.path, map_location="cpu", weights_only=True)
        except (RuntimeError, EOFError, OSError, ValueError, pickle.UnpicklingError) as error:
            log.say(f"checkpoint {self.path} cannot be read ({type(error).__name__}): starting anew")
            return None
        log.say(f"resuming from {self.path}")
        return state

    def save(self, state: dict[str, Any]) -> None:
        """Replace the saved state, whole or not at all, and remove those of other keys."""
        import torch

        with files.write_whole(self.path) as partial:
            torch.save(state, partial)
        for other in self.folder.glob("*.pt"):
            if other != self.path:
                other.unlink()

    def clear(self) -> None:
        """Remove the folder: the output is there."""
        files.remove(self.folder)
