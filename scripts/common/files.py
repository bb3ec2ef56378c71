"""Files between rules: written whole or not at all, and described by a manifest beside them."""

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

SCARCE = 1 << 20  # bytes free on a disk that is full for every purpose


@contextmanager
def write_whole(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` when the block ends well, remove it otherwise.

    The block may make the temporary path a file or a folder. A killed process leaves at most a hidden
    `.NAME.partial`, which the next attempt removes. A full disk becomes one sentence. Of several ranks of a job the
    first one writes; what others write goes to a folder of their own, and away with it.
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
        with contextlib.suppress(OSError):  # what could not be made need not go
            remove(partial)


def make_parents(path: Path) -> None:
    """Make the folders above a path that are not there, each on the disk for good."""
    new = [folder for folder in path.parents if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    for folder in new:
        flush_names(folder.parent)


def partial_of(path: Path) -> Path:
    """Where a file or folder is written before it takes its name."""
    return path.with_name(f".{path.name}.partial")


def of_place(error: OSError, path: Path) -> bool:
    """Whether an error of the system is about `path`, its partial file, what is in that, or a folder above them."""
    if error.filename is None:
        return False
    named, partial = Path(str(error.filename)), partial_of(path)
    return named in (path, partial, *path.parents) or partial in named.parents


def make_way(path: Path, successor: Path) -> None:
    """Remove the folder `path` for its successor if a job wrote it, or if nothing is in it.

    Beside it stands a manifest then or, where the job was killed before that, a mark with its inode. Raises
    `SoftrecError` if it is somebody's own, or if a file is to take its place.
    """
    if not path.is_dir() or path.is_symlink():
        return
    remedy = "move it away, or give another path"
    if not successor.is_dir():
        raise SoftrecError(f"{path} is to be a file, and is a folder", remedy=remedy)
    held = [p for p in sorted(path.rglob("*")) if is_content(p)]
    mark = mark_of(path)
    own = is_told_of(path) or (mark.exists() and mark.read_text() == str(path.stat().st_ino))
    if held and not own:
        raise SoftrecError(f"{path} is a folder that no job has written: it holds {held[0].name}", remedy=remedy)
    remove(path)


def is_told_of(path: Path) -> bool:
    """Whether the manifest beside a folder names it as an output."""
    try:
        outputs = json.loads(manifest_of(path).read_text(encoding="utf-8"))["outputs"]
        return path.name in [Path(name).name for name in outputs]
    except (OSError, ValueError, TypeError, KeyError):
        return False


def mark_of(path: Path) -> Path:
    """Where the inode of a folder stands that a job has written, until its manifest is there."""
    return path.with_name(f".{path.name}.written")


def flush_names(folder: Path) -> None:
    """Force the names in a folder to the disk, so that a rename outlives a power cut; not all file systems can."""
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

    numpy, torch and safetensors do not pass the system's error number on; for them the disk itself is asked.
    """
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return folder.exists() and shutil.disk_usage(folder).free < SCARCE


def flush(path: Path) -> None:
    """Force `path` (all files and folders below it, if a folder) to the disk: a rename never outruns its contents."""
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
    """Remove a file, a link or a folder with all that is in it; nothing there is fine."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def sha256(path: Path) -> str:
    """Hexadecimal sha256 of a file; of a folder, that of its sorted `relative path, sha256` lines."""
    if path.is_dir():
        lines = (f"{p.relative_to(path)} {sha256(p)}\n" for p in sorted(path.rglob("*")) if is_content(p))
        return hashlib.sha256("".join(lines).encode()).hexdigest()
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def manifest_of(path: Path) -> Path:
    """Where the manifest of an output stands: beside it (`common.manifests`)."""
    return path.with_name(path.name + ".manifest.json")


def is_content(path: Path) -> bool:
    """Whether `path` is a file that belongs to its folder's content (Snakemake's time stamps do not)."""
    return path.is_file() and path.name != ".snakemake_timestamp"


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, whole; NaN and infinity are refused because JSON has neither."""
    with write_whole(path) as partial:
        partial.write_text(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read a JSON file. Raises `SoftrecError` naming the file and line if it does not parse."""
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
