"""Texts that a generation has finished, kept on disk batch by batch: a killed job goes on from them."""

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from common import files, log
from common.process import is_main_process, rank


class Batch(NamedTuple):
    """One batch: the rows that it answers, the texts, whether the model ended each, and the seconds it took."""

    rows: list[int]
    texts: list[str]
    finished: list[bool]
    seconds: float


class KeptAnswers:
    """The finished batches of one generation, in the hidden folder `.NAME.answers/` beside its output `NAME`.

    Each rank appends a line a batch to a file of its own, which is named by the job's key: a job with other settings,
    code or inputs does not see it. A line that was cut short by a kill is passed over, and its batch is run again. Some
    MB for a million rows.

    Args:
        output: the file that the answers are for.
        key: the job's identity, from `checkpoints.run_key`.
    """

    def __init__(self, output: Path, key: str) -> None:
        self.folder, self.key = output.with_name(f".{output.name}.answers"), key[:32]
        self.last = time.monotonic()

    def load(self) -> list[Batch]:
        """All batches that earlier attempts have finished, each once."""
        found = {tuple(batch.rows): batch for path in self.paths() for batch in read(path)}
        if found:
            rows = sum(map(len, found))
            log.say(f"going on after {rows:,} rows that an earlier attempt has answered ({self.folder})")
        self.last = time.monotonic()
        return list(found.values())

    def paths(self) -> list[Path]:
        """This job's files, of whatever ranks."""
        return sorted(self.folder.glob(f"{self.key}.*.jsonl"))

    def add(self, rows: Sequence[int], texts: Sequence[str], finished: Sequence[bool]) -> None:
        """Keep a batch that has just been finished."""
        now = time.monotonic()
        batch = Batch(list(rows), list(texts), list(finished), round(now - self.last, 3))
        self.last = now
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{self.key}.{rank()}.jsonl").open("a", encoding="utf-8") as stream:
            # A line break before it, too: the line before may be half a one.
            stream.write(f"\n{json.dumps(batch._asdict())}\n")

    def seconds(self) -> float:
        """What earlier attempts worked: the sum over the batches of the rank that has the most."""
        return max((sum(batch.seconds for batch in read(path)) for path in self.paths()), default=0.0)

    def clear(self) -> None:
        """Remove the folder: outputs and manifests are there."""
        if is_main_process():
            files.remove(self.folder)


def read(path: Path) -> Iterator[Batch]:
    """The whole lines of a file."""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            value: Any = json.loads(line)
            batch = Batch(**value)
            if len(batch.rows) == len(batch.texts) == len(batch.finished):
                yield batch
        except (ValueError, TypeError):
            continue
