"""sha256 of what a job reads and writes, each content read once: within a job, and large ones once for all jobs.

A base model has 6.4 GB, every job that uses it notes its sha256, and tuning jobs name their checkpoints by it. So a
digest is kept with the signs of a change: of each file the size and the times of the last change of its content and of
its inode (ctime). Any write moves the latter, also one that sets the former back; what changes without a write, on a
disk that loses bits, is not noticed. Where a sign differs, as on another machine, the content is read again.

Within a process all digests are kept. Those of `LARGE` files and folders are also kept in the folder that the
environment variable SOFTREC_DIGESTS names, which the workflow sets: the job that fetched a model leaves its digest to
all that read it. Ranks other than the first have no need of digests: they are handed what follows from them.
"""

import contextlib
import hashlib
import json
import os
from pathlib import Path

from softrec import files

VARIABLE = "SOFTREC_DIGESTS"
LARGE = 1 << 26  # bytes; less is read in a twentieth of a second
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
        record(place, signs, digest)
    _known[place] = (signs, digest)
    return digest


def signs_of(path: Path) -> Signs:
    """Relative path, bytes, mtime and ctime in ns of a file, or of each file of a folder, sorted."""
    if not path.is_dir():
        return [signs_of_file(path, "")]
    return [signs_of_file(p, str(p.relative_to(path))) for p in sorted(path.rglob("*")) if files.is_content(p)]


def signs_of_file(path: Path, name: str) -> list[str | int]:
    """The signs of one file under a name."""
    facts = path.stat()
    return [name, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns]


def is_large(signs: Signs) -> bool:
    """Whether it is worth keeping a digest beyond this process."""
    return sum(int(file[1]) for file in signs) >= LARGE


def file_of(place: Path) -> Path | None:
    """Where the digest of a path is kept; None where the workflow has named no folder."""
    folder = os.environ.get(VARIABLE)
    name = hashlib.sha256(str(place).encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return Path(folder) / f"{name}.json" if folder else None


def recorded(place: Path, signs: Signs) -> str | None:
    """The digest that an earlier job has left of a large path, if its signs are those of now."""
    file = file_of(place)
    if file is None or not is_large(signs):
        return None
    try:
        left = json.loads(file.read_text())
    except (OSError, ValueError):  # none, or half of one: as good as none
        return None
    fits = isinstance(left, dict) and left.get("path") == str(place) and left.get("signs") == signs
    return left.get("sha256") if fits else None


def record(place: Path, signs: Signs, digest: str) -> None:
    """Leave the digest of a large path to later jobs; where that cannot be written, they read again."""
    file = file_of(place)
    if file is None or not is_large(signs):
        return
    partial = file.with_name(f".{file.name}.{os.getpid()}.partial")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps({"path": str(place), "sha256": digest, "signs": signs}))
        os.replace(partial, file)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
