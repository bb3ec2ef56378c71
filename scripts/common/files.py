"""Files exchanged between rules: atomic writes, digests, JSON, and the paths of manifests."""

import contextlib
import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from common.errors import SoftrecError
from common.process import is_main_process

SCARCE = 1 << 20  # a disk with fewer free bytes counts as full


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path next to `path`; rename it to `path` if the block succeeds, else remove it.

    The block may make the temporary path a file or a folder. A killed process leaves at most a hidden
    `.NAME.partial`, which the next attempt removes. Only the main process writes; the other ranks of a job get a path
    in a temporary folder that is removed afterwards.

    Raises:
        SoftrecError: the disk is full, the path cannot be written, or `path` is a folder that must not be replaced
            (`make_way`).
    """
    if not is_main_process():
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder) / Path(path).name
        return
    path = Path(path)
    partial = partial_of(path)
    try:
        make_parents(path)
        remove(partial)
        yield partial
        flush(partial)
        make_way(path, partial)
        if partial.is_dir():
            mark_of(path).write_text(str(partial.stat().st_ino))
        os.replace(partial, path)
        flush_names(path.parent)
    except SoftrecError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and of_place(error, path) and not is_out_of_space(error, path.parent):
            why = f"{path} cannot be written: {error.strerror}"
            raise SoftrecError(why, where=str(error.filename), remedy="give a place that can be written to") from error
        if not is_out_of_space(error, path.parent):
            raise
        raise SoftrecError(
            f"no space is left to write {path}",
            where=f"the disk that holds {path.parent}: {error}",
            remedy="free space or move results/ to a larger disk, then run the same command again",
        ) from error
    finally:
        with contextlib.suppress(OSError):  # if the partial file could not be created, there is nothing to remove
            remove(partial)


def make_parents(path: Path) -> None:
    """Create the missing folders above a path and flush their names to disk."""
    new = [folder for folder in path.parents if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    for folder in new:
        flush_names(folder.parent)


def partial_of(path: Path) -> Path:
    """Return the path at which a file or folder is written before it is renamed."""
    return path.with_name(f".{path.name}.partial")


def of_place(error: OSError, path: Path) -> bool:
    """Whether an operating system error is about `path`, its partial file or its content, or a folder above them."""
    if error.filename is None:
        return False
    named, partial = Path(str(error.filename)), partial_of(path)
    return named in (path, partial, *path.parents) or partial in named.parents


def make_way(path: Path, successor: Path) -> None:
    """Remove the folder `path` for its successor if a job wrote it or it is empty.

    A folder was written by a job if a manifest next to it lists it, or a mark with its inode exists, which is left if
    the job was killed before it wrote the manifest. Raises `SoftrecError` for a user's own folder, and if the successor
    is a file.
    """
    if not path.is_dir() or path.is_symlink():
        return
    remedy = "move it away, or give another path"
    if not successor.is_dir():
        raise SoftrecError(f"{path} is a folder, but the output is a file", remedy=remedy)
    held = [p for p in sorted(path.rglob("*")) if is_content(p)]
    mark = mark_of(path)
    own = is_listed_output(path) or (mark.exists() and mark.read_text() == str(path.stat().st_ino))
    if held and not own:
        raise SoftrecError(f"{path} is a folder that no job has written: it holds {held[0].name}", remedy=remedy)
    remove(path)


def is_listed_output(path: Path) -> bool:
    """Whether the manifest next to a folder lists it as an output."""
    try:
        outputs = json.loads(manifest_of(path).read_text(encoding="utf-8"))["outputs"]
        return path.name in [Path(name).name for name in outputs]
    except (OSError, ValueError, TypeError, KeyError):
        return False


def mark_of(path: Path) -> Path:
    """Return the file that holds the inode of a folder that a job has written, until its manifest is written."""
    return path.with_name(f".{path.name}.written")


def flush_names(folder: Path) -> None:
    """Flush a folder's directory entries to disk, so that a rename survives a power failure.

    File systems that cannot do this are ignored.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def is_out_of_space(error: Exception, folder: Path) -> bool:
    """Whether a write failed because the disk is full.

    numpy, torch and safetensors do not pass on the system's error number; for them the free disk space is checked.
    """
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return folder.exists() and shutil.disk_usage(folder).free < SCARCE


def flush(path: Path) -> None:
    """Flush `path` (a folder with all its content) to disk, so that it is complete when it is renamed."""
    for folder in [path, *path.rglob("*")] if path.is_dir() else []:
        if folder.is_dir() and not folder.is_symlink():
            flush_names(folder)
    for file in [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file()):
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove(path: Path) -> None:
    """Remove a file, a link, or a folder with its content, if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def sha256(path: Path) -> str:
    """Return the hexadecimal sha256 of a file; for a folder, of its sorted lines `relative path, sha256`."""
    if path.is_dir():
        lines = (f"{p.relative_to(path)} {sha256(p)}\n" for p in sorted(path.rglob("*")) if is_content(p))
        return hashlib.sha256("".join(lines).encode()).hexdigest()
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def manifest_of(path: Path) -> Path:
    """Return the path of an output's manifest, next to the output (`common.manifests`)."""
    return path.with_name(path.name + ".manifest.json")


def is_content(path: Path) -> bool:
    """Whether `path` is a file that counts as its folder's content (Snakemake's time stamps do not)."""
    return path.is_file() and path.name != ".snakemake_timestamp"


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically. Raises `ValueError` for NaN and infinity, which JSON lacks."""
    with atomic_write(path) as partial:
        partial.write_text(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read a JSON file. Raises `SoftrecError` naming the file and line if it cannot be parsed."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise SoftrecError(
            f"{path} is not text: {error.reason} at byte {error.start}",
            remedy=f"remove {path} and let Snakemake make it again",
        ) from error
    except (ValueError, RecursionError) as error:  # an integer of 5,000 digits is a plain ValueError
        raise SoftrecError(
            f"{path} is not JSON: {getattr(error, 'msg', error)}",
            where=f"{path}, line {getattr(error, 'lineno', 1)}",
            remedy=f"remove {path} and let Snakemake make it again",
        ) from error
