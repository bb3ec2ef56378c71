"""Cache of sha256 digests: a job hashes each file once, and large files are hashed once for all jobs of a run.

Every job records the sha256 of its inputs, compares them with what their own jobs wrote, and may name its checkpoint by
them. A digest is therefore cached together with the file's signs of change: inode, size, mtime and ctime. Any write
changes ctime, even one that resets mtime. If a sign differs, as on another machine, the content is read again.

Bit rot on a disk leaves no sign, so a digest is valid only within a run (SOFTREC_RUN, which the workflow sets to a new
value each time). It is stored in the folder SOFTREC_DIGESTS. A digest passed to `store_for_all_runs` is valid in all
runs: the job that downloads a base model of 6.4 GB stores its digest for all jobs that read it. Files below `SMALL`
bytes are hashed by each job. Ranks other than the main process need no digests: what depends on them is broadcast.
"""

import contextlib
import hashlib
import json
import os
from pathlib import Path

from common import files

VARIABLE, RUN = "SOFTREC_DIGESTS", "SOFTREC_RUN"
SMALL = 1 << 20  # bytes; smaller files are hashed in a millisecond
EVER = ""  # in place of a run: the digest was stored by `store_for_all_runs` and is valid in all runs
Fingerprint = list[list[str | int]]
_known: dict[Path, tuple[Fingerprint, str]] = {}


def sha256(path: Path) -> str:
    """Return `files.sha256` of a file or folder, from the cache unless its signs have changed."""
    place, signs = path.resolve(), fingerprint(path)
    kept = _known.get(place)
    digest = kept[1] if kept and kept[0] == signs else recorded(place, signs)
    if digest is None:
        digest = files.sha256(path)
        if fingerprint(path) != signs:
            return digest  # the file changed while it was hashed, so the digest may belong to either content
        record(place, signs, digest, os.environ.get(RUN) or None)
    _known[place] = (signs, digest)
    return digest


def store_for_all_runs(path: Path, digest: str) -> None:
    """Store the known digest of a file that this job has made, for this job and all later ones."""
    place, signs = path.resolve(), fingerprint(path)
    record(place, signs, digest, EVER)
    _known[place] = (signs, digest)


def fingerprint(path: Path) -> Fingerprint:
    """Return relative path, inode, size, mtime and ctime (in ns) of a file, or of each file of a folder, sorted."""
    if not path.is_dir():
        return [signs_of_file(path, "")]
    return [signs_of_file(p, str(p.relative_to(path))) for p in sorted(path.rglob("*")) if files.is_content(p)]


def signs_of_file(path: Path, name: str) -> list[str | int]:
    """Return the signs of one file, listed under `name`."""
    facts = path.stat()
    return [name, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns]


def is_small(signs: Fingerprint) -> bool:
    """Whether a file or folder is hashed faster than a cached digest is read."""
    return sum(int(file[2]) for file in signs) < SMALL


def file_of(place: Path) -> Path | None:
    """Return the file that caches the digest of a path; None if the workflow has set no folder."""
    folder = os.environ.get(VARIABLE)
    name = hashlib.sha256(str(place).encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return Path(folder) / f"{name}.json" if folder else None


def recorded(place: Path, signs: Fingerprint) -> str | None:
    """Return the digest of a path cached in this run or by `store_for_all_runs`; None if its fingerprint differs."""
    if (file := file_of(place)) is None or is_small(signs):
        return None
    try:
        left = json.loads(file.read_text())
    except (OSError, ValueError):  # no cached digest, or an incomplete file
        return None
    own = {"path": str(place), "signs": signs}
    fits = isinstance(left, dict) and {name: left.get(name) for name in own} == own
    return left.get("sha256") if fits and left.get("run") in (EVER, os.environ.get(RUN) or EVER) else None


def record(place: Path, signs: Fingerprint, digest: str, run: str | None) -> None:
    """Cache the digest of a path for later jobs of a run; if that fails, they hash the file themselves."""
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
