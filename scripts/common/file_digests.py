"""sha256 of what a job reads and writes, each content read once: within a job, and large ones once for all jobs.

Every job notes the sha256 of its inputs, holds them against what their own jobs wrote, and may name its checkpoint by
them. So a digest is kept with the signs of a change: of each file the inode, the size, and the times of the last change
of its content and of its inode (ctime). Any write moves the latter, also one that sets the former back. Where a sign
differs, as on another machine, the content is read again.

A disk that loses bits gives no sign, so a digest is kept for as long as the run (SOFTREC_RUN, which the workflow sets
anew each time), in the folder that SOFTREC_DIGESTS names. One that was handed on outlives the run: the job that fetched
a base model of 6.4 GB leaves its digest to all that read it. What is `SMALL` is read again by each job. Ranks other
than the first have no need of digests: they are handed what follows from them.
"""

import contextlib
import hashlib
import json
import os
from pathlib import Path

from common import files

VARIABLE, RUN = "SOFTREC_DIGESTS", "SOFTREC_RUN"
SMALL = 1 << 20  # bytes, read in a millisecond
EVER = ""  # in place of a run: the digest was handed on by whoever made the file
Signs = list[list[str | int]]
_known: dict[Path, tuple[Signs, str]] = {}


def sha256(path: Path) -> str:
    """`files.sha256` of a file or folder, without reading it again while nothing says that it has changed."""
    place, signs = path.resolve(), signs_of(path)
    kept = _known.get(place)
    digest = kept[1] if kept and kept[0] == signs else recorded(place, signs)
    if digest is None:
        digest = files.sha256(path)
        if signs_of(path) != signs:
            return digest  # it changed meanwhile, and nobody knows which of its contents this is of
        record(place, signs, digest, os.environ.get(RUN) or None)
    _known[place] = (signs, digest)
    return digest


def hand_on(path: Path, digest: str) -> None:
    """Leave to this job, and to all later ones, the digest of a file that was read before it got its name."""
    place, signs = path.resolve(), signs_of(path)
    record(place, signs, digest, EVER)
    _known[place] = (signs, digest)


def signs_of(path: Path) -> Signs:
    """Relative path, inode, bytes, mtime and ctime in ns of a file, or of each file of a folder, sorted."""
    if not path.is_dir():
        return [signs_of_file(path, "")]
    return [signs_of_file(p, str(p.relative_to(path))) for p in sorted(path.rglob("*")) if files.is_content(p)]


def signs_of_file(path: Path, name: str) -> list[str | int]:
    """The signs of one file under a name."""
    facts = path.stat()
    return [name, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns]


def is_small(signs: Signs) -> bool:
    """Whether a file or folder is read faster than a note about it."""
    return sum(int(file[2]) for file in signs) < SMALL


def file_of(place: Path) -> Path | None:
    """Where the digest of a path is kept; None where the workflow has named no folder."""
    folder = os.environ.get(VARIABLE)
    name = hashlib.sha256(str(place).encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return Path(folder) / f"{name}.json" if folder else None


def recorded(place: Path, signs: Signs) -> str | None:
    """The digest that a job of this run has left of a path, or whoever made it, if its signs are those of now."""
    if (file := file_of(place)) is None or is_small(signs):
        return None
    try:
        left = json.loads(file.read_text())
    except (OSError, ValueError):  # none, or half of one: as good as none
        return None
    own = {"path": str(place), "signs": signs}
    fits = isinstance(left, dict) and {name: left.get(name) for name in own} == own
    return left.get("sha256") if fits and left.get("run") in (EVER, os.environ.get(RUN) or EVER) else None


def record(place: Path, signs: Signs, digest: str, run: str | None) -> None:
    """Leave the digest of a path to later jobs of a run; where that cannot be written, they read again."""
    if (file := file_of(place)) is None or run is None or is_small(signs):
        return
    partial = file.with_name(f".{file.name}.{os.getpid()}.partial")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps({"path": str(place), "run": run, "sha256": digest, "signs": signs}))
        os.replace(partial, file)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
