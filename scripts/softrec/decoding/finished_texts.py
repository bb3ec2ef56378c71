"""Checkpoints of a generation: finished batches of texts on disk, from which a killed job resumes."""

import json
import time
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from common import files, log
from common.process import is_main_process, rank


class Batch(NamedTuple):
    """One batch: the row of each text, the texts, whether the model ended each, their scores, and the seconds it took.

    A row has one text, or several, best first.
    """

    rows: list[int]
    texts: list[str]
    finished: list[bool]
    scores: list[float]
    seconds: float


class GenerationCheckpoint:
    """The finished batches of one generation, in the hidden folder `.NAME.answers/` next to its output `NAME`.

    Each rank appends one line per batch to its own file, whose name holds the job's key: a job with other settings,
    code or inputs does not see it. A line truncated by a kill is skipped, and its batch is generated again. A million
    rows take some MB.

    Args:
        output: the output file of the generation.
        key: the job's identity, from `checkpoints.run_key`.
    """

    def __init__(self, output: Path, key: str) -> None:
        self.folder, self.key = output.with_name(f".{output.name}.answers"), key[:32]
        self.last = time.monotonic()

    def load(self) -> list[Batch]:
        """Load all batches that earlier attempts have finished, each once."""
        found = {tuple(batch.rows): batch for path in self.paths() for batch in read(path)}
        if found:
            rows = len(set(chain.from_iterable(found)))
            log.info(f"resuming after {rows:,} rows that an earlier attempt has generated ({self.folder})")
        self.last = time.monotonic()
        return list(found.values())

    def paths(self) -> list[Path]:
        """Return this job's files, of all ranks."""
        return sorted(self.folder.glob(f"{self.key}.*.jsonl"))

    def add(self, rows: Sequence[int], texts: Sequence[str], finished: Sequence[bool], scores: Sequence[float]) -> None:
        """Append a batch that has just been finished."""
        now = time.monotonic()
        batch = Batch(list(rows), list(texts), list(finished), list(scores), round(now - self.last, 3))
        self.last = now
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{self.key}.{rank()}.jsonl").open("a", encoding="utf-8") as stream:
            # The leading line break ends a line that an earlier attempt left incomplete.
            stream.write(f"\n{json.dumps(batch._asdict())}\n")

    def seconds(self) -> float:
        """Return the working time of earlier attempts: the summed seconds of the rank with the most."""
        return max((sum(batch.seconds for batch in read(path)) for path in self.paths()), default=0.0)

    def clear(self) -> None:
        """Remove the folder; call it when outputs and manifests are written."""
        if is_main_process():
            files.remove(self.folder)


def read(path: Path) -> Iterator[Batch]:
    """Yield the batches in the complete lines of a file."""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            value: Any = json.loads(line)
            batch = Batch(**value)
            if len(batch.rows) == len(batch.texts) == len(batch.finished) == len(batch.scores):
                yield batch
        except (ValueError, TypeError):
            continue
